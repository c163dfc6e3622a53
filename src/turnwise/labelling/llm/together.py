"""Several strategies that ask at the same time, turn by turn: the members of an ensemble."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example
from turnwise.labelling.llm.annotator import Strategy
from turnwise.labelling.llm.tasks import Planned


@dataclass(frozen=True)
class Together:
    """Strategies as one: a turn is done when all have labelled it.

    Each by itself would be at other turns than the rest, and a budget would end with votes of
    some members on many turns and of all on none.
    """

    strategies: Sequence[Strategy]

    @property
    def source(self) -> Source:
        return self.strategies[0].source

    def prepare(self, examples: Sequence[Example]) -> None:
        for one in self.strategies:
            one.prepare(examples)

    def questions(self, example: Example) -> tuple[Planned, ...]:
        return tuple(asked for one in self.strategies for asked in one.questions(example))

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        found = await asyncio.gather(*(one.turn(example) for one in self.strategies))
        return tuple(one for some in found for one in some)


@dataclass(frozen=True)
class Voice:
    """A member of an ensemble whose labels come with those of another member."""

    source: Source

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """The other member does."""

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        return ()
