"""Texts of any length and language as a page shows them."""

from __future__ import annotations

import unicodedata

LONGEST = 160  # characters of a quoted text


def clipped(text: str, most: int = LONGEST) -> str:
    """The text on one line, its end left out where it is too long."""
    line = " ".join(text[: 8 * most].split())
    cut = len(line) > most or len(text) > 8 * most
    return f"{line[: most - 1].rstrip()}…" if cut else line


def columns(text: str) -> int:
    """How wide a text is, in halves of a Chinese character."""
    return sum(_columns(one) for one in text)


def fitting(text: str, most: int) -> str:
    """The text on one line, cut to so many columns."""
    line = clipped(text, most)
    while columns(line) > most:
        line = f"{line[:-2].rstrip()}…"
    return line


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
