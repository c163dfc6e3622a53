"""The Strategic Dialogue Response Score (SDRS) of a clarification conversation.

S3 (Scaling Intent Understanding: A Framework for Classification with Clarification using
Lightweight LLMs), section 2.3: 0 if the label is wrong or the turn limit was reached; A for a
conversation of one turn; else alpha A + (1 - alpha) R. A is the mean over the N turns of the
assistant of ars_i, R the mean over the N - 1 turns before the last of r c ra f p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.5  # weight of A
THREE, TWO = (0.0, 0.5, 1.0), (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Rating:
    """How good one clarifying question is.

    Attributes:
        relevance: whether it helps to tell the labels that may be meant apart: 0, 0.5 or 1.
        conciseness: 0 or 1; 0 also where it is too short to be understood.
        repetition_avoidance: 0 if it was asked before, 0.5 or 1.
        factuality: 0 if it says what it can't know, else 1.
        politeness: 0 or 1.
    """

    relevance: float
    conciseness: float
    repetition_avoidance: float
    factuality: float
    politeness: float

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("relevance", self.relevance, THREE),
            ("conciseness", self.conciseness, TWO),
            ("repetition_avoidance", self.repetition_avoidance, THREE),
            ("factuality", self.factuality, TWO),
            ("politeness", self.politeness, TWO),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is {value}: one of {allowed} is meant")

    @property
    def product(self) -> float:
        """r c ra f p, in [0, 1]."""
        return (
            self.relevance
            * self.conciseness
            * self.repetition_avoidance
            * self.factuality
            * self.politeness
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What judges found of a conversation.

    Attributes:
        enough: for each turn of the customer that was answered, whether the customer's turns up to
            it tell the label.
        ratings: of each question, in order.
    """

    enough: tuple[bool, ...]
    ratings: tuple[Rating, ...]


@dataclass(frozen=True, slots=True)
class Sdrs:
    """The score and what it is made of, each in [0, 1].

    Attributes:
        value: the SDRS; ambiguity: A; quality: R, None for a conversation of one turn.
    """

    value: float
    ambiguity: float
    quality: float | None


def ars(asked: bool, enough: bool) -> float:
    """The turn-level ambiguity resolution score: 1 for predicting when the information suffices
    or asking when it does not, else 0."""
    return float(asked != enough)


def sdrs(judged: Judged, *, right: bool, at_limit: bool, alpha: float = ALPHA) -> Sdrs:
    """Score a conversation.

    Args:
        judged: N judgements of `enough`. Every turn but the last is a question, so there are N - 1
            ratings; if the limit was reached the last is one too, and there may be N.
        right: the assistant ended in the right label, or rightly out of domain.
        at_limit: it ended in a question, at the turn limit.
        alpha: weight of A, in [0, 1].

    Raises:
        ValueError: numbers of turns that do not fit together, or alpha is out of its range.
    """
    turns, rated = len(judged.enough), judged.ratings
    if turns < 1 or len(rated) not in ((turns - 1, turns) if at_limit else (turns - 1,)):
        raise ValueError(f"{turns} turns can't have {len(rated)} rated questions")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}: a share between 0 and 1 is meant")
    if right and at_limit:
        raise ValueError("a conversation that ended at the limit came to no label")
    asked = [True] * (turns - 1) + [at_limit]
    ambiguity = _mean([ars(*one) for one in zip(asked, judged.enough, strict=True)])
    quality = _mean([one.product for one in rated[: turns - 1]]) if turns > 1 else None
    if not right or at_limit:
        return Sdrs(0.0, ambiguity, quality)
    value = ambiguity if quality is None else alpha * ambiguity + (1 - alpha) * quality
    return Sdrs(value, ambiguity, quality)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
