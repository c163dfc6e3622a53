"""The embedded judge of clarification conversations, turn by turn: rules and a reader, English."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from turnwise.generation.ambiguity import LabelSets, Meant
from turnwise.generation.ambiguity.phrases import tokens
from turnwise.generation.ambiguity.words import content
from turnwise.generation.clarification.assistant import heard
from turnwise.generation.clarification.sdrs import Judged, Rating
from turnwise.generation.clarification.talk import Failed, Move, Played
from turnwise.generation.clarification.wording import CLOSER, TITLES, title

FEWEST_WORDS, MOST_WORDS = 4, 50  # of a concise question
SAME, SIMILAR = 0.9, 0.6  # share of words that two questions have in common
NAMED = 0.6  # of a label's words that a question must hold to name it
UNKNOWN = 0.25  # of a question's words, that nothing known tells, and it is made up

_RUDE = re.compile(
    r"\b(?:stupid|idiot\w*|dumb|fool\w*|shut up|nonsense|ridiculous|obviously|hurry up|whatever"
    r"|your (?:own )?fault|what is wrong with you|as i (?:already )?(?:said|told you))\b",
    re.I,
)


@dataclass(frozen=True)
class EmbeddedJudge:
    """Judges by rules; implements `Judge`.

    What suffices is what a reader makes of the customer's turns: one label that may be meant, or
    none that is offered.

    Attributes:
        known: words that are ordinary in the logs, case folded; they are never made up.
    """

    sets: LabelSets
    known: Collection[str] = frozenset()

    source_name = "embedded"

    def judge(self, played: Sequence[Played]) -> list[Judged | Failed]:
        upto = [(one, turn) for one in played for turn in range(1, len(_answered(one)) + 1)]
        examples = [
            heard(one.talk.customer[:turn], one.talk.start.clear.locale) for one, turn in upto
        ]
        meant = self.sets.meant(examples) if examples else {}
        judged: list[Judged | Failed] = []
        start = 0
        for one in played:
            rows = range(start, start + len(_answered(one)))
            start = rows.stop
            judged.append(self._judged(one, meant[one.talk.start.dimension], rows))
        return judged

    def _judged(self, played: Played, meant: Meant, rows: range) -> Judged:
        offered = frozenset(played.talk.start.offered)
        possible = [[name for name in meant.labels(row) if name in offered] for row in rows]
        ratings = tuple(
            self._rating(played, at, possible[at]) for at in range(len(played.talk.questions))
        )
        return Judged(tuple(len(one) < 2 for one in possible), ratings)

    def _rating(self, played: Played, at: int, possible: Sequence[str]) -> Rating:
        talk, question = played.talk, played.talk.questions[at]
        words = _words(question.text)
        return Rating(
            relevance=min(self._named(talk.start.dimension, question, possible), 2) / 2,
            conciseness=float(FEWEST_WORDS <= len(question.text.split()) <= MOST_WORDS),
            repetition_avoidance=_newness(words, [_words(one.text) for one in talk.questions[:at]]),
            factuality=float(self._is_known(words, talk.customer[: at + 1])),
            politeness=float(not _RUDE.search(question.text)),
        )

    def _named(self, dimension: str, question: Move, possible: Sequence[str]) -> int:
        """How many of the labels that may be meant a question names."""
        if question.between:
            return len({*question.between} & {*possible})
        asked, count = _words(question.text), 0
        for name in possible:
            own = _words(title(self.sets.taxonomy[dimension].label(name)))
            count += bool(own) and len(own & asked) >= NAMED * len(own)
        return count

    def _is_known(self, words: frozenset[str], customer: Sequence[str]) -> bool:
        said = frozenset[str]().union(*map(_words, customer))
        unknown = {one for one in words - said - self._told if one not in self.known}
        made_up = any(any(map(str.isdigit, one)) for one in unknown)
        return not made_up and len(unknown) <= max(1, UNKNOWN * len(words))

    @cached_property
    def _told(self) -> frozenset[str]:
        """The words of the taxonomy, and of what is said around its titles."""
        texts = [*TITLES, *CLOSER]
        for dimension in self.sets.taxonomy.dimensions:
            for label in dimension.labels:
                texts += [title(label), label.description, *label.examples]
                texts += label.titles.values()
        return frozenset[str]().union(*map(_words, texts))


def _answered(played: Played) -> Sequence[str]:
    """The customer's turns that the assistant took a turn on: all of them."""
    return played.talk.customer


def _words(text: str) -> frozenset[str]:
    return content(one.word for one in tokens(text))


def _newness(words: frozenset[str], before: Sequence[frozenset[str]]) -> float:
    likest = max((len(words & one) / max(1, len(words | one)) for one in before), default=0.0)
    return 0.0 if likest >= SAME else 0.5 if likest >= SIMILAR else 1.0
