"""What a language model is shown of a cluster's utterances: one on a line, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 400  # characters of an utterance that are shown
FEWEST = 3  # utterances that are shown at least, however short of room a model is
BYTES_A_TOKEN = 2  # of UTF-8, at least: what is left out saves no fewer tokens than were asked


def on_a_line(text: str) -> str:
    """An utterance on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def fewer(texts: Sequence[str], saving: int) -> Sequence[str]:
    """As many from the beginning as leave out so many tokens, or the fewest there may be."""
    kept = len(texts)
    while kept > FEWEST and saving > 0:
        kept -= 1
        saving -= len(texts[kept].encode()) // BYTES_A_TOKEN
    return texts[:kept]
