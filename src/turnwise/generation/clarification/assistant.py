"""The embedded assistant: reads all that the customer said, and asks while several labels fit.

It reads the customer's turns as one text, so that a reader of single turns suffices. English: what
counts as "I do not know" and "none of these", and the sentences around its options.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.conversations import Example
from turnwise.generation.ambiguity import LabelSets, Meant, alone
from turnwise.generation.clarification.talk import Failed, Move, Talk
from turnwise.generation.clarification.wording import questions

MOST_ASKED = 4  # labels that one question names
MOST_UNKNOWN = 2  # times that the customer does not know; the likeliest label is taken then

# Nothing may come behind but words that say as little: "I don't know why it failed" tells much.
_NOTHING = re.compile(
    r"^\W*(?:sorry\W+)?"
    r"(?:i (?:do not|(?:really )?don['’]?t) know|no idea|(?:i['’]?m |i am )?not sure)"
    r"(?:\W+(?:sorry|that|this|it|about|which|one|of|them|really|exactly|either))*\W*$",
    re.I,
)
_NONE = re.compile(r"^\W*(?:no\b[,.]?\s*)?(?:none|neither) of (?:these|those|them)\b[,.]?\s*", re.I)


def says_nothing(answer: str) -> bool:
    """Whether an answer says that the customer does not know; English."""
    return bool(_NOTHING.match(answer))


def denies(answer: str) -> bool:
    """Whether an answer says that nothing which was named is meant; English."""
    return bool(_NONE.match(answer))


def heard(customer: Sequence[str], locale: str) -> Example:
    """What the customer said, as one turn; answers that say nothing are left out."""
    opening, *answers = customer
    told = (_NONE.sub("", one) for one in answers if not says_nothing(one))
    kept = [one for said in (opening, *told) if (one := said.strip())] or [opening]
    ended = [one if one[-1] in ".?!…。！？" else f"{one}." for one in kept[:-1]]
    return alone(" ".join((*ended, kept[-1])), locale)


def ruled_out(talk: Talk) -> frozenset[str]:
    """Labels that the customer denied."""
    pairs = zip(talk.questions, talk.answers, strict=False)
    return frozenset(name for question, said in pairs if denies(said) for name in question.between)


@dataclass(frozen=True)
class EmbeddedAssistant:
    """Asks between the labels that may be meant; implements `Assistant`."""

    sets: LabelSets

    source_name = "embedded"

    def moves(self, talks: Sequence[Talk]) -> list[Move | Failed]:
        meant = self.sets.meant([heard(one.customer, one.start.clear.locale) for one in talks])
        return [self._move(one, meant[one.start.dimension], at) for at, one in enumerate(talks)]

    def _move(self, talk: Talk, meant: Meant, row: int) -> Move:
        denied = ruled_out(talk)
        offered = [
            name for name in meant.labels(row) if name in talk.start.offered and name not in denied
        ]
        if not offered:
            return Move("out_of_domain")
        patient = sum(map(says_nothing, talk.answers)) < MOST_UNKNOWN
        if (
            len(offered) > 1
            and patient
            and (question := self._question(talk, tuple(offered[:MOST_ASKED])))
        ):
            return question
        return Move("label", offered[0])

    def _question(self, talk: Talk, between: tuple[str, ...]) -> Move | None:
        """One that was not asked before; none where nothing new can be asked."""
        dimension = self.sets.taxonomy[talk.start.dimension]
        labels = [dimension.label(name) for name in between]
        before = {one.text for one in talk.questions}
        alike = sum(set(one.between) == set(between) for one in talk.questions)
        ways = list(
            questions(labels, talk.start.clear.locale, talk.start.drawn + len(talk.questions))
        )
        fresh = [one for one in ways[alike:] if one not in before]
        return Move("question", text=fresh[0], between=between) if fresh else None
