"""What may be spent, and what was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, fields
from datetime import timedelta

from turnwise.errors import TurnwiseError


class BudgetReached(TurnwiseError):  # noqa: N818 - it is no fault
    """The next call could pass the budget. What was answered so far is kept."""


@dataclass(slots=True)
class Spend:
    """What an endpoint was asked and what it cost, in this run.

    Attributes:
        calls: requests that were sent, also those that failed.
        tokens_in, tokens_out, money: of the answers, and of calls that were cut: the server may
            have charged for them.
        answered: questions that were paid for and ended; unusable: those of them whose answer
            can't be used; reused: questions that cost nothing, as their answer was kept.
        failed: questions that got no answer; they are asked again by the next run.
        first, last: when the first call was sent and the last question ended, seconds of a
            clock that never goes back.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    answered: int = 0
    unusable: int = 0
    reused: int = 0
    failed: int = 0
    first: float = field(default=0.0, repr=False)
    last: float = field(default=0.0, repr=False)

    @property
    def ended(self) -> int:
        """Questions that came to an end, however."""
        return self.answered + self.reused + self.failed

    @property
    def rate(self) -> float:
        """Questions paid for a second, from the first call on; 0 before any has ended."""
        return self.answered / (self.last - self.first) if self.last > self.first else 0.0

    def seconds_left(self, questions: int) -> float | None:
        """How long so many more questions take at this rate; None before any has ended."""
        return questions / self.rate if self.rate else None

    def __add__(self, other: Spend) -> Spend:
        """Of two endpoints together, as their work overlaps."""
        begun = [one.first for one in (self, other) if one.first]
        return Spend(
            **{name: getattr(self, name) + getattr(other, name) for name in _COUNTED},
            first=min(begun, default=0.0),
            last=max(self.last, other.last),
        )

    def line(self, questions: int = 0) -> str:
        """Rate, tokens, money and, told how many questions are to come, the time left."""
        parts = [f"{self.rate:.1f}/s", f"{self.tokens_in + self.tokens_out:,} tokens"]
        if self.money:
            parts.append(f"{self.money:.2f} spent")
        if questions and (left := self.seconds_left(questions)) is not None:
            parts.append(f"{timedelta(seconds=round(left))} left")
        return ", ".join(parts)


_COUNTED = [one.name for one in fields(Spend) if one.name not in ("first", "last")]


@dataclass(frozen=True, slots=True)
class Reserved:
    """The most that a call which is about to be sent can use."""

    tokens: int
    money: float


class Budget:
    """What a run may spend at most. Hand the same one to every client of the run.

    What a call can use at most is set aside before it is sent, so that calls in flight
    together don't pass a limit either. Near the end a call waits for others to come in below
    what was set aside for them.
    """

    def __init__(
        self, calls: int | None = None, tokens: int | None = None, money: float | None = None
    ) -> None:
        """Nothing spent yet.

        Args:
            calls: requests sent; tokens: of prompts and answers together; money: in the unit
                of the endpoint's prices. None: no limit.
        """
        self._limits = {"calls": calls, "tokens": tokens, "money": money}
        self._used = {"calls": 0.0, "tokens": 0.0, "money": 0.0}
        self._reserved: list[Reserved] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._reached = ""

    @property
    def reached(self) -> str:
        """Why no call is sent any more, and how to go on; empty while there is budget."""
        return self._reached

    async def reserve(self, tokens: int, money: float) -> Reserved:
        """Set aside what a call can use at most; `settle` must follow.

        Raises:
            BudgetReached: it does not fit in, and no call is out that could come in lower.
        """
        wanted = Reserved(tokens, money)
        while not self._reached and (name := self._passed(wanted)):
            if not self._reserved or name == "calls":
                self._reach(name)
                break
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        if self._reached:
            raise BudgetReached(self._reached)
        self._used["calls"] += 1
        self._reserved.append(wanted)
        return wanted

    def settle(self, reserved: Reserved, tokens: int, money: float, *, sent: bool = True) -> None:
        """The call has ended, and used this; one that was never sent does not count as a call."""
        self._reserved.remove(reserved)
        self._used["calls"] -= not sent
        self._used["tokens"] += tokens
        self._used["money"] += money
        self._wake()

    def _passed(self, wanted: Reserved) -> str:
        """The limit that one more call could pass; empty for none."""
        planned = {
            "calls": self._used["calls"] + 1,
            "tokens": self._used["tokens"] + wanted.tokens + sum(r.tokens for r in self._reserved),
            "money": self._used["money"] + wanted.money + sum(r.money for r in self._reserved),
        }
        return next(
            (
                name
                for name, limit in self._limits.items()
                if limit is not None and planned[name] > limit
            ),
            "",
        )

    def _reach(self, name: str) -> None:
        used, limit = self._used[name], self._limits[name]
        self._reached = (
            f"the budget is reached: {used:,.10g} of {limit:,.10g} {name} are used, and the next "
            "call could pass it. What was answered is kept: run the same command again with a "
            "larger budget, and only what is missing is asked"
        )
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
