"""A strategy that asks a language model, as an annotator: many turns in flight at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example, examples
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.llm.picks import abstain_under
from turnwise.labelling.llm.tasks import Planned
from turnwise.llm import Background, BudgetReached

DEFAULTS = LabellingConfig()
AT_ONCE = 1000  # turns; who knows how many calls an endpoint takes at a time gives fewer


def every_turn(example: Example) -> bool:
    """Label all there is."""
    return True


Labelled = tuple[Annotation, ...]


class Strategy(Protocol):
    """A way of labelling one customer turn along every dimension."""

    @property
    def source(self) -> Source:
        """Of the final annotations; others may come with them under sources of their own."""
        ...

    def prepare(self, examples: Sequence[Example]) -> None:
        """Do at once what is cheaper for many turns together; `turn` follows for each."""
        ...

    def questions(self, example: Example) -> tuple[Planned, ...]:
        """What `turn` asks, to reckon its cost; what hangs on an answer, about as it will be."""
        ...

    async def turn(self, example: Example) -> Labelled: ...


@dataclass
class LlmAnnotator:
    """Labels conversations by a strategy; implements `labelling.Annotator`.

    `prepare` starts the calls of all turns and returns at once; `annotate` waits for those of
    its conversation. How many calls run at a time is up to who is asked. Turns that the budget
    does not reach any more are left out of what `annotate` gives; the budget itself says so.

    Attributes:
        background: where the calls run.
        config: when to abstain.
        wanted: which turns are labelled.
        at_once: turns that are worked on together. With more, all first questions would be sent
            before any second one, and a budget would end with many turns begun and none done.
    """

    strategy: Strategy
    background: Background
    config: LabellingConfig = DEFAULTS
    wanted: Callable[[Example], bool] = every_turn
    at_once: int = AT_ONCE
    _begun: dict[int, tuple[Conversation, Future[Labelled]]] = field(
        default_factory=dict, init=False, repr=False
    )
    _turns: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    @property
    def source(self) -> Source:
        return self.strategy.source

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Begin to label conversations."""
        turns = [list(filter(self.wanted, examples(one))) for one in conversations]
        self.strategy.prepare([example for some in turns for example in some])
        for conversation, some in zip(conversations, turns, strict=True):
            # By identity: the same id may come with another history. The conversation is held,
            # so that no other can take its place in memory.
            future = self.background.submit(self._label(some))
            self._begun[id(conversation)] = conversation, future

    def annotate(self, conversation: Conversation) -> Labelled:
        """Label every wanted turn along every dimension, looking at no later turn.

        Raises:
            TurnwiseError: who is asked can't be; what was begun is given up then, but every
                answer that came is kept.
        """
        if id(conversation) not in self._begun:
            self.prepare([conversation])
        _, future = self._begun.pop(id(conversation))
        try:
            found = future.result()
        except BaseException:
            self.close()
            raise
        return tuple(abstain_under(one, self.config.abstain_below) for one in found)

    def close(self) -> None:
        """Give up what was begun and not asked for."""
        for _, future in self._begun.values():
            future.cancel()
        self._begun.clear()

    async def _label(self, turns: Sequence[Example]) -> Labelled:
        found = await asyncio.gather(*map(self._turn, turns))
        return tuple(one for some in found for one in some)

    async def _turn(self, example: Example) -> Labelled:
        try:
            async with self._turns:
                return await self.strategy.turn(example)
        except BudgetReached:  # turns that were answered in time are still worth having
            return ()
