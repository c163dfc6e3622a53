"""Conversations that language models write: several at a time, the turns of each one by one.

Every answer goes through an Asker, which keeps it. What is asked hangs on the seed, the number
of the conversation and the answers before alone, so that a run that was killed asks the very same
questions again and pays for none that was answered.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from turnwise.conversations import Role
from turnwise.generated import Dropped, GeneratedConversation, GeneratedTurn, Unit
from turnwise.llm import Asker, Background, BudgetReached, Question

AT_ONCE = 64  # conversations; with more, a budget would end with many begun and few whole
CALLS = 30  # that a conversation takes, with room to spare
AHEAD = 4  # times as many may be finished and wait for one that comes before them
UNUSABLE = "no answer that can be used"
BYTES_A_TOKEN = 3  # of UTF-8, roughly; only used to tell how much history to leave out

A = TypeVar("A", bound=BaseModel)
P = TypeVar("P")


class Said(BaseModel):
    """What somebody says next, as a model writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str


class TextCheck(Protocol):
    """Finds what is wrong with a text: `generation.quality.checks.Checks` is one."""

    def fault(self, text: str, most_words: int | None = None) -> str:
        """In words; empty where nothing is wrong."""
        ...


class GivenUpError(Exception):
    """A conversation can't be finished, for a reason in words."""


@dataclass(slots=True)
class Tally:
    """What became of the conversations that were begun.

    Attributes:
        outcomes: how those that came to their end did -> how many.
        dropped: reason -> how many conversations; queries: that no conversation was begun with;
        turns: that stayed as their example is.
        unfinished: conversations that the budget did not reach to the end; shortened: that end
        before their chain does, as nothing was left to say that had not been said.
        rewritten: turns whose labels a classifier read once they were written; misread: those of
            them that it read another label from, and that did not stay.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    queries: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0
    shortened: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rewritten: int = 0
    misread: int = 0

    @property
    def reasons(self) -> tuple[Dropped, ...]:
        """What was dropped and why, of each unit the most frequent reason first."""
        units: tuple[tuple[Unit, Counter[str]], ...] = (
            ("conversations", self.dropped),
            ("queries", self.queries),
            ("turns", self.turns),
        )
        return tuple(
            Dropped(reason, count, unit)
            for unit, counts in units
            for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        )


class Again(NamedTuple):
    """Which sample of a question it is, and what was wrong with the one before, in words."""

    sample: int = 1
    fault: str = ""


FIRST = Again()


@dataclass(frozen=True, slots=True)
class Line:
    """One turn as a prompt shows it."""

    role: Role
    text: str


def lines(turns: Sequence[GeneratedTurn], saving: int = 0) -> tuple[Line, ...]:
    """Turns as a prompt shows them, without the farthest ones that take up so many tokens.

    The last two always stay: without them nobody could go on.
    """
    first = 0
    while saving > 0 and first < len(turns) - 2:
        saving -= 4 + len(turns[first].text.encode()) // BYTES_A_TOKEN
        first += 1
    return tuple(Line(turn.role, turn.text) for turn in turns[first:])


def at_once_for(calls: float) -> int:
    """How many conversations to write at once, so that so many calls end with whole ones."""
    return int(max(1, min(AT_ONCE, calls // CALLS)))


async def ask_twice(
    asker: Asker,
    question: Callable[[Again], Question[A]],
    fault: Callable[[A], Awaitable[str]],
    who: str,
) -> A:
    """Ask; where the answer is faulty, once again, telling what was wrong with it.

    Args:
        question: made for the first sample, or the second.
        fault: of an answer, in words; empty for none.
        who: speaks, for the reason of giving up.

    Raises:
        GivenUpError: the second answer is faulty, too.
        EndpointError, BudgetReached: as the Asker has it.
    """
    reason = ""
    for sample in (1, 2):
        reply = await asker.ask(question(Again(sample, reason)))
        if reply.value is None:
            reason = UNUSABLE
        elif not (reason := await fault(reply.value)):
            return reply.value
    raise GivenUpError(f"{who}: {reason}")


def converse(
    plans: Iterable[P],
    hold: Callable[[P], Awaitable[GeneratedConversation]],
    background: Background,
    tally: Tally,
    at_once: int = AT_ONCE,
) -> Iterator[GeneratedConversation]:
    """Hold the conversations of all plans, and yield those that came to their end, in order.

    A conversation that is given up is counted in `tally`. After the budget is reached those whose
    answers are all kept still come to their end.

    Raises:
        EndpointError: no question will be answered. What was answered is kept.
    """
    places = asyncio.Semaphore(at_once)
    begun: deque[Future[GeneratedConversation | None]] = deque()

    async def one(plan: P) -> GeneratedConversation | None:
        async with places:
            try:
                held = await hold(plan)
                tally.outcomes[held.outcome] += 1
                return held
            except GivenUpError as given_up:
                tally.dropped[str(given_up)] += 1
            except BudgetReached:
                tally.unfinished += 1
        return None

    try:
        for plan in plans:
            begun.append(background.submit(one(plan)))
            if len(begun) == AHEAD * at_once and (ended := begun.popleft().result()):
                yield ended
        while begun:
            if ended := begun.popleft().result():
                yield ended
    finally:
        for future in begun:
            future.cancel()
