"""Phrases that say less than a query: words left out of it, or general ones in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from turnwise.generation.ambiguity.phrases import Phrasing, Token, left, tokens, written
from turnwise.generation.ambiguity.queries import ClearQuery
from turnwise.generation.ambiguity.spans import clauses, is_phrase, removable, topics
from turnwise.generation.ambiguity.words import PRONOUNS, content, is_english
from turnwise.sampling import stable_hash

LEAST_LEFT = 0.25  # of the words
LEAST_SHARE = 0.01  # of a word's followers, that the one which comes to stand behind it needs
# How much general words are worth beside the customer's own.
GENERAL, IN_PLACE, RARER = 0.3, 0.5, 0.05
LEFT_OUT, IN_GENERAL = "words left out", "general words"

PRONOUN = "it"
KNOWN = frozenset(["my", "our", "the"])  # what is determined by them may be called so
# English; what stands in braces is what the query was about.
CARRIERS = (
    "I have a question about {}.",
    "I need help with {}.",
    "There is a problem with {}.",
    "Can you help me with {}?",
    "It's about {}.",
)

Kept = tuple[int, ...]  # positions of the words that are left


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was made of a query.

    Attributes:
        kept: what is left of the words of the query; words: those of them that say something.
        value: how usual it is and how much of the query it keeps, in (0, 1].
    """

    text: str
    made: str
    kept: Kept
    words: frozenset[str]
    value: float


@dataclass(frozen=True, slots=True)
class Whole:
    """A query divided into words."""

    query: ClearQuery
    said: tuple[Token, ...]

    @classmethod
    def of(cls, query: ClearQuery) -> Whole:
        return cls(query, tokens(query.text))

    @property
    def phrase(self) -> Phrase:
        return self._phrase(tuple(range(len(self.said))), 1.0)

    def shorter(self, before: Phrase, phrasing: Phrasing) -> Iterator[Phrase]:
        """What leaving out one span more can give, some of it more than once."""
        if not is_english(self.query.locale):
            yield from self._clauses(before)
            return
        yield from self._without(before, phrasing)
        if len(before.kept) == len(self.said):
            yield from self._in_general(phrasing)

    def _phrase(self, kept: Kept, value: float) -> Phrase:
        text = written(left(self.said, kept), self.said)
        return Phrase(text, LEFT_OUT, kept, self._content(kept), value)

    def _content(self, kept: Kept) -> frozenset[str]:
        return content(self.said[at].word for at in kept)

    def _without(self, before: Phrase, phrasing: Phrasing) -> Iterator[Phrase]:
        for start, end in removable([self.said[at] for at in before.kept], phrasing):
            kept = before.kept[:start] + before.kept[end:]
            long_enough = len(kept) >= LEAST_LEFT * len(self.said)
            if not long_enough or not is_phrase(left(self.said, kept), self.said):
                continue
            if (share := phrasing.share(kept, self.said)) >= LEAST_SHARE:
                yield self._phrase(kept, before.value * share**0.25 * len(kept) / len(before.kept))

    def _clauses(self, before: Phrase) -> Iterator[Phrase]:
        """In any language: whatever stands between marks."""
        for start, end in clauses([self.said[at] for at in before.kept]):
            kept = before.kept[:start] + before.kept[end:]
            if len(kept) >= max(2, LEAST_LEFT * len(self.said)):
                yield self._phrase(kept, len(kept) / len(self.said))

    def _in_general(self, phrasing: Phrasing) -> Iterator[Phrase]:
        """What the query is about, and in general words that something of it is wanted; or what
        is wanted, and of what in general words."""
        for start, end in topics(self.said, phrasing):
            kept = tuple(range(start, end))
            for value, text in self._carried(self.said[start:end]):
                yield Phrase(text, IN_GENERAL, kept, self._content(kept), value)
            yield from self._called_it(start, end, phrasing)

    def _called_it(self, start: int, end: int, phrasing: Phrasing) -> Iterator[Phrase]:
        it = self.said[end - 1].saying(PRONOUN)
        rest = (*self.said[:start], it, *self.said[end:])
        around = [one.word for one in (*self.said[:start], *self.said[end:])]
        clash = PRONOUN in around or self._behind(end) in PRONOUNS
        if clash or self.said[start].word not in KNOWN or not phrasing.shows(rest, start):
            return
        if is_phrase(rest, self.said):
            kept = tuple(at for at in range(len(self.said)) if not start <= at < end)
            yield Phrase(written(rest, self.said), IN_GENERAL, kept, self._content(kept), IN_PLACE)

    def _behind(self, end: int) -> str:
        return self.said[end].word if end < len(self.said) else ""

    def _carried(self, topic: Sequence[Token]) -> Iterator[tuple[float, str]]:
        """General sentences about a topic; which one is preferred depends on the query."""
        drawn = stable_hash(self.query.text)
        for at, carrier in enumerate(CARRIERS):
            text = carrier.format(" ".join(one.word for one in topic))
            said = text.lower().rstrip(".") if self.query.text.islower() else text
            yield GENERAL * (1 - RARER * ((drawn + at) % len(CARRIERS))), said
