"""What labels a conversation, and the stage that has it label many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal, Protocol, get_args

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent

AHEAD, TURNS_AHEAD = 64, 1000  # conversations, and turns, that are read ahead at most


StrategyName = Literal["single", "two-stage", "zero-shot", "lara", "clara", "ensemble"]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)
By = Literal["embedded", "llm"]
Vote = Literal["weighted", "majority"]
Variant = Literal["plain", "symbolic", "prepended", "formatted"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


@dataclass(frozen=True, slots=True)
class LabellingConfig:
    """Settings of labelling.

    Attributes:
        abstain_below: confidence in [0, 1] under which no label is given; 0 never abstains.
        strategy: how turns are labelled.
        by: who labels: the embedded annotators of this machine, or language models.
        members: of `ensemble`: the strategies that vote, two or more. vote: how: each weighs by
            how often it was right on gold, or all the same.
        candidates: of `lara`, `clara`: labels per dimension that are proposed for the turn
            alone, and again for it with the queries before it.
        demonstrations: of `lara`, `clara`: labelled examples shown per candidate; 0 shows none.
        variant: of `lara`, `clara`: how a language model is shown demonstrations. The default
            did best in CLARA's paper (see `labelling.llm`).
        orders: of `clara`: how many orders of the demonstrations are tried, 2 or more.
        agreement: of `clara`: share of the orders that must agree, 0.5 to 1.
    """

    abstain_below: float = 0.25
    strategy: StrategyName = "single"
    by: By = "embedded"
    members: tuple[StrategyName, ...] = ("single", "two-stage", "lara")
    vote: Vote = "weighted"
    candidates: int = 5
    demonstrations: int = 3
    variant: Variant = "formatted"
    orders: int = 3
    agreement: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.abstain_below <= 1.0:
            raise ConfigError(
                f"{self.abstain_below} is no confidence",
                field="labelling.abstain_below",
                hint="Give a number from 0 (never abstain) to 1",
            )
        self._check_names()
        self._check_numbers()

    def _check_names(self) -> None:
        for value, field, known in (
            (self.strategy, "strategy", STRATEGIES),
            (self.by, "by", get_args(By)),
            (self.vote, "vote", get_args(Vote)),
            (self.variant, "variant", VARIANTS),
        ):
            if value not in known:
                raise ConfigError(
                    f"there is no {field} {value!r}",
                    field=f"labelling.{field}",
                    hint=f"Known: {', '.join(known)}",
                )
        voters = [one for one in STRATEGIES if one != "ensemble"]
        distinct = set(self.members)
        if len(distinct) < max(len(self.members), 2) or not distinct <= set(voters):
            raise ConfigError(
                "an ensemble is of two or more different strategies",
                field="labelling.members",
                hint=f"Choose from {', '.join(voters)}",
            )

    def _check_numbers(self) -> None:
        for field, value, least in (
            ("candidates", self.candidates, 1),
            ("demonstrations", self.demonstrations, 0),
            ("orders", self.orders, 2),
        ):
            if value < least:
                raise ConfigError(f"{value} is under {least}", field=f"labelling.{field}")
        if not 0.5 <= self.agreement <= 1.0:
            raise ConfigError(
                f"{self.agreement} is no share that must agree",
                field="labelling.agreement",
                hint="Give a number from 0.5 (half, and no other label as many) to 1 (all)",
            )


class Annotator(Protocol):
    """Whoever labels: the embedded annotator, a language model, a bundle."""

    @property
    def source(self) -> Source: ...

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Be told what is asked for next, to share work between conversations or to begin it.

        It is called again before all that it named last time has been asked for; it may do
        nothing.
        """
        ...

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """Label every customer turn along every dimension, looking at no later turn."""
        ...


def label(
    conversations: Iterable[Conversation], annotator: Annotator, progress: Progress = silent
) -> Iterator[tuple[Conversation, tuple[Annotation, ...]]]:
    """Label conversations one by one, each given back as soon as it is labelled.

    Conversations are read a few ahead: while some are given back the annotator knows the next
    ones already, so that one that asks over a network never runs out of work. How many there
    are is not known beforehand: progress says 0 in all.
    """
    done = 0
    for together, following in pairwise(chain([()], _ahead(conversations), [()])):
        if following:
            annotator.prepare(following)
        for conversation in together:
            done += 1
            yield conversation, annotator.annotate(conversation)
            progress("label", done, 0)


def _ahead(conversations: Iterable[Conversation]) -> Iterator[tuple[Conversation, ...]]:
    """Yield conversations some together, so that few long or many short ones make a batch."""
    together: list[Conversation] = []
    turns = 0
    for conversation in conversations:
        together.append(conversation)
        turns += len(conversation.turns)
        if turns >= TURNS_AHEAD or len(together) == AHEAD:
            yield tuple(together)
            together, turns = [], 0
    if together:
        yield tuple(together)
