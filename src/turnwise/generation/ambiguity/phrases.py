"""Words of a query, and which of them the logs show side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

from turnwise.generation.ambiguity.words import DETERMINERS

EDGE = ""  # stands before the first and after the last word of a sentence
NOUN = 0.06  # share of a word's uses right behind a determiner, from which on it is a noun
_TOKEN = re.compile(r"[^\s，。！？；、]+[，。！？；、]*|[，。！？；、]+")
_ENDS_SENTENCE = re.compile(r"[.?!…。！？]+[\"')\]]*$")
_ENDS_CLAUSE = re.compile(r"[,;:，；、–—-]$")
_AROUND = re.compile(r"^\W+|\W+$")
_BEFORE = re.compile(r"^[\s,;:.?!，；、。]+")
_BEHIND = re.compile(r"[\s,;:，；、–—-]+$")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the marks around it.

    Attributes:
        word: case folded, without the marks; empty where there is nothing else.
        spaced: whether a space follows.
        ends: `sentence`, `clause` or nothing, by its last mark.
    """

    text: str
    word: str
    spaced: bool
    ends: str

    def saying(self, word: str) -> Token:
        """Another word with the marks behind this one."""
        marks = self.text[len(self.text.rstrip(".,;:?!…。，！？")) :]
        return Token(word + marks, word, self.spaced, self.ends)


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order; scripts without spaces are divided at their marks."""
    found = []
    for one in _TOKEN.finditer(text):
        said = one[0]
        ends = "sentence" if _ENDS_SENTENCE.search(said) else ""
        ends = ends or ("clause" if _ENDS_CLAUSE.search(said) else "")
        word = _AROUND.sub("", said).casefold().replace("’", "'")
        found.append(Token(said, word, text[one.end() : one.end() + 1].isspace(), ends))
    return tuple(found)


def written(kept: Sequence[Token], whole: Sequence[Token]) -> str:
    """Words of a query as a text: its first letter and last mark as they were in the query."""
    text = "".join(one.text + " " * one.spaced for one in kept).strip()
    text = _BEHIND.sub("", _BEFORE.sub("", text))
    mark = _ENDS_SENTENCE.search(whole[-1].text)
    if mark and text and not _ENDS_SENTENCE.search(text):
        text += mark[0]
    first = whole[0].text[:1]
    return text[:1].upper() + text[1:] if first.isupper() else text


def closing(whole: Sequence[Token], here: int, there: int) -> str:
    """The mark that ends a sentence between two words; empty where none does."""
    marks = (_ENDS_SENTENCE.search(whole[at].text) for at in range(here + 1, there))
    return next((mark[0] for mark in marks if mark), "")


def left(whole: Sequence[Token], kept: Sequence[int]) -> list[Token]:
    """The words that are kept; one that comes to end a sentence gets its mark."""
    found = []
    for here, there in pairwise((*kept, len(whole))):
        one = whole[here]
        mark = "" if one.ends == "sentence" or there == len(whole) else closing(whole, here, there)
        if mark:
            bare = _BEHIND.sub("", one.text)
            one = Token(bare + mark, one.word, one.spaced, "sentence")
        found.append(one)
    return found


@dataclass(frozen=True)
class Phrasing:
    """Which words the logs show side by side.

    Attributes:
        pairs: how often one word follows another; `EDGE` stands where a sentence begins or ends.
        runs: the same of three.
    """

    pairs: Counter[tuple[str, str]]
    runs: Counter[tuple[str, str, str]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        pairs: Counter[tuple[str, str]] = Counter()
        runs: Counter[tuple[str, str, str]] = Counter()
        for text in texts:
            words = _edged(tokens(text))
            pairs.update(pairwise(words))
            runs.update(zip(words, words[1:], words[2:], strict=False))
        return cls(pairs, runs)

    def share(self, kept: Sequence[int], whole: Sequence[Token]) -> float:
        """How usual the words are that leaving out others brought together.

        Args:
            kept: positions in the whole query that are left, in order.

        Returns:
            The least share of times that the logs show the second behind the first, in [0, 1];
            0 where they never do, neither with the word before nor with the word behind.
        """
        places = [-1, *kept, len(whole)]
        edged = [EDGE, *(whole[at].word for at in kept), EDGE]
        least = 1.0
        for at, (here, there) in enumerate(pairwise(places)):
            left, right = edged[at], edged[at + 1]
            if there == here + 1 or left == right == EDGE:
                continue
            if at and right and whole[here].ends != "sentence" and closing(whole, here, there):
                if not self.runs[edged[at - 1], left, EDGE]:
                    return 0.0
                least = min(least, self._behind(left, EDGE), self._behind(EDGE, right))
            elif at and whole[here].ends == "sentence":
                least = min(least, self._behind(EDGE, right))
            elif self._run(edged, at):
                least = min(least, self._behind(left, right))
            else:
                return 0.0
        return least

    def shows(self, said: Sequence[Token], at: int) -> bool:
        """Whether the logs show a word of a text behind the one before it, and that behind it."""
        before = EDGE if at == 0 or said[at - 1].ends == "sentence" else said[at - 1].word
        last = at == len(said) - 1 or said[at].ends == "sentence"
        behind = EDGE if last else said[at + 1].word
        word = said[at].word
        return self.pairs[before, word] > 0 and self.pairs[word, behind] > 0

    def is_noun(self, word: str) -> bool:
        """Whether a word often stands right behind a determiner; English."""
        return self._determined[word] >= max(2, NOUN * self._first[word])

    def follows_determiner(self, determiner: str, word: str) -> bool:
        return self.pairs[determiner, word] > 0

    def _behind(self, left: str, right: str) -> float:
        return self.pairs[left, right] / max(1, self._first[left])

    def _run(self, edged: Sequence[str], at: int) -> bool:
        """Whether the logs show two words with the one before or the one behind them."""
        before = at > 0 and self.runs[edged[at - 1], edged[at], edged[at + 1]] > 0
        behind = at + 2 < len(edged) and self.runs[edged[at], edged[at + 1], edged[at + 2]] > 0
        return before or behind

    @cached_property
    def _first(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (first, _), count in self.pairs.items():
            counts[first] += count
        return counts

    @cached_property
    def _determined(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (first, second), count in self.pairs.items():
            if first in DETERMINERS:
                counts[second] += count
        return counts


def _edged(said: Sequence[Token]) -> list[str]:
    words = [EDGE]
    for one in said:
        if one.word:
            words.append(one.word)
        if one.ends == "sentence" and words[-1] != EDGE:
            words.append(EDGE)
    return words if words[-1] == EDGE else [*words, EDGE]
