"""Keyphrases of a label: what a title could be shortened to, without a language model.

Runs of words out of the title, and the ones that tell the label from the others out of its
description and examples. Words that carry little are known for English alone: in another
language the phrases are of the original's words all the same, and none is translated.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from turnwise.labelling.titles.originals import in_words, original
from turnwise.taxonomy import Dimension, Label

WORDS = (2, 3)  # of a phrase: S1's titles have about two
MOST = 8  # words of a title that are put together in every way
TELLING = 24  # phrases at most that a label gets out of description and examples

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLAUSE = re.compile(r"[^\w\s'’-]|_")
NOT = frozenset(("no", "not", "never", "without", "cannot", "can't", "don't", "isn't", "won't"))
# These belong to the word before: "top up", "log off".
PARTICLES = frozenset(("up", "down", "off", "out", "back"))
_LITTLE = """
a about after again all also am an and any are as at be because been before being but by can
could did do does doing for from get gets getting got had has have having he her here him
his how i i'd i'll i'm i've if in into is it it's its just like made make me my of on one
only or other our over own please pls she should so some such than that that's the their them
then there these they this those through to too u under until us very via was we were what
what's when where whether which while who whom why will with would you your
"""
LITTLE = frozenset(_LITTLE.split())


def keyphrases(dimension: Dimension) -> list[tuple[str, ...]]:
    """For each label the phrases that its title could become, those of the title first."""
    told = [Counter(_runs_of(_said(label))) for label in dimension.labels]
    labels_with = Counter(phrase for counts in told for phrase in counts)
    found = []
    for label, counts in zip(dimension.labels, told, strict=True):
        telling = sorted(
            counts, key=lambda one: (-_weight(one, counts, labels_with, len(told)), one)
        )
        phrases = dict.fromkeys(map(_capital, [*title_phrases(label), *telling[:TELLING]]))
        # An encoder hardly sees the difference that a "not" makes.
        negated = _negated(original(label).text)
        found.append(tuple(one for one in phrases if _negated(one) == negated))
    return found


def title_phrases(label: Label) -> Iterator[str]:
    """Runs of the title's words, some of those that carry much, and some with its parent's."""
    text = original(label).text
    units = _units(_WORD.findall(text))
    yield from _runs_of([text])
    for size in range(1, WORDS[1] + 1):
        for some in combinations(units[:MOST], size):
            phrase = " ".join(some)
            if " " in phrase or len(units) == 1:
                yield phrase
    # Two labels of the same words are told apart by what they stand under.
    for parent in label.path[-2:-1]:
        above = _units(_WORD.findall(in_words(parent)))
        yield from _runs([*above[-2:], *units[:2]])


def _units(words: Sequence[str]) -> list[str]:
    """The words that carry much; "not" stays with the next of them, "up" with the one before."""
    units: list[str] = []
    before = ""
    for word in words:
        lower = word.lower()
        if lower in NOT:
            before = f"{word} "
        elif lower in PARTICLES and units and not before:
            units[-1] += f" {word}"
        elif lower not in LITTLE:
            units.append(before + word)
            before = ""
    return units


def _negated(text: str) -> bool:
    return not NOT.isdisjoint(word.lower() for word in _WORD.findall(text))


def _said(label: Label) -> Sequence[str]:
    return (label.description, *label.examples)


def _runs_of(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for clause in _CLAUSE.split(text):
            yield from _runs(_WORD.findall(clause))


def _runs(words: Sequence[str]) -> Iterator[str]:
    """Runs of words that neither begin nor end with one that carries little, or end with "not"."""
    for size in range(WORDS[0], WORDS[1] + 1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if not {run[0].lower(), run[-1].lower()} & LITTLE and run[-1].lower() not in NOT:
                yield " ".join(run)


def _weight(
    phrase: str, counts: Mapping[str, int], labels_with: Mapping[str, int], labels: int
) -> float:
    return counts[phrase] * (math.log((1 + labels) / labels_with[phrase]))


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
