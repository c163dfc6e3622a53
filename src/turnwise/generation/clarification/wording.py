"""Clarifying questions from what the taxonomy says of labels. The sentences are English; for
customers of other languages the titles alone are put as a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from turnwise.taxonomy import Label

LONGEST = 70  # characters of what stands for one label

# What stands in braces may be of any form, so each ends in a colon.
TITLES = (
    "Which of these is it about: {}?",
    "Could you tell me which one you mean: {}?",
    "Just to be sure, is it one of these: {}?",
    "I can help with that. Which fits best: {}?",
    "Can you tell me a bit more, is this about: {}?",
)
CLOSER = (
    "Sorry, let me ask in another way. What comes closer: {}?",
    "Let me put it differently. Which is nearer to what you need: {}?",
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINTS = re.compile(r"[\s_/.:>-]+")
_CLAUSE = re.compile(r"[.;:!?](?=\s|$)|[(。\n]")


def questions(labels: Sequence[Label], locale: str, drawn: int) -> Iterator[str]:
    """Questions that tell labels apart, the one to begin with first.

    Args:
        drawn: chooses among wordings.
    """
    english = not locale or locale.replace("_", "-").split("-")[0].lower() == "en"
    for phrases, frames in _ways(labels, locale):
        if all(phrases) and len({one.casefold() for one in phrases}) == len(phrases):
            if english:
                yield frames[drawn % len(frames)].format(_listed(phrases))
            else:
                yield " / ".join(phrases) + "?"


def _ways(labels: Sequence[Label], locale: str) -> Iterator[tuple[list[str], Sequence[str]]]:
    yield [title(one, locale) for one in labels], TITLES
    yield [_clause(one) for one in labels], CLOSER
    yield [_example(one) for one in labels], CLOSER


def title(label: Label, locale: str = "") -> str:
    """What a label is called before customers: its title, or its name in words."""
    said = " ".join(label.title(locale).split())
    named = not said or said == label.name
    return _cut((in_words(label.name) if named else said).rstrip(".,;:?!"))


def in_words(name: str) -> str:
    """A label's name as words: `CANCEL_AND_REFUND` is `cancel and refund`."""
    parts = [part for part in _JOINTS.split(_HUMPS.sub(" ", name)) if part]
    kept = not name.isupper()
    spelt = (one if kept and one.isupper() and len(one) > 1 else one.lower() for one in parts)
    return " ".join(spelt) or name


def _clause(label: Label) -> str:
    """The first clause of the description."""
    clause = _CLAUSE.split(label.description.strip(), maxsplit=1)[0]
    said = _cut(" ".join(clause.split()))
    return said[:1].lower() + said[1:] if not said[1:2].isupper() else said


def _example(label: Label) -> str:
    shortest = min(label.examples, key=lambda one: (len(one), one), default="")
    return f'"{_cut(" ".join(shortest.split()).strip(chr(34)))}"' if shortest else ""


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    whole, _, _ = text[:LONGEST].rpartition(" ")
    return (whole or text[: LONGEST - 1]).rstrip(" ,-") + "…"


def _listed(phrases: Sequence[str]) -> str:
    """X, X or X; semicolons where a phrase holds what else stands between them."""
    clash = any("," in one or "or" in one.lower().split() for one in phrases)
    comma, last = ("; ", "; or ") if clash else (", ", " or ")
    return comma.join(phrases[:-1]) + last + phrases[-1]
