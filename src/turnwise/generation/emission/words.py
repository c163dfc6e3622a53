"""Texts as words: what is compared when nothing but the wording is looked at.

Words are runs of letters or digits as Unicode has them, lower-cased. A script that writes no
spaces gives one word for what stands between two marks: such texts are compared as wholes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

TEXTS_KEPT = 1 << 12  # whose words were looked for: each rule asks for those of the same text

# A number keeps its inner marks (11:30, 408-971-8523), a word its apostrophes and hyphens.
_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*(?!\w)|[^\W_]+(?:['’-][^\W_]+)*")
_SPACES = re.compile(r"\s+")


class Word(NamedTuple):
    """A word of a text: lower-cased, and where it stands."""

    text: str
    start: int
    end: int


@lru_cache(TEXTS_KEPT)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, in their order."""
    return tuple(Word(one.group().lower(), one.start(), one.end()) for one in _WORD.finditer(text))


def plain(text: str) -> str:
    """A text lower-cased, its words one space apart, marks left out: how copies are recognized.

    A text without any word stays as it is, but for its spaces.
    """
    return " ".join(_WORD.findall(text.lower())) or _SPACES.sub(" ", text.strip().lower())


class Rarity:
    """How rare words are: log(texts / texts with the word), after Spärck Jones's IDF.

    Args:
        texts: every text counts each of its words once.
    """

    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        counts: Counter[str] = Counter()
        total = 0
        for words in texts:
            counts.update(set(words))
            total += 1
        self._unseen = math.log(total + 1)
        self.of: Mapping[str, float] = {
            word: math.log((total + 1) / count) for word, count in counts.items()
        }

    def __getitem__(self, word: str) -> float:
        return self.of.get(word, self._unseen)

    def total(self, words: Iterable[str]) -> float:
        """The rarity of some words together, exactly rounded: their order does not matter."""
        return math.fsum(map(self.__getitem__, words))
