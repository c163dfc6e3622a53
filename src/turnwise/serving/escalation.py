"""Asking somebody else about a turn that the model is not sure of.

    Doubt --Escalator.settle--> Settled, or EscalationError, and then the policy goes on without

`retrieval.Retrieval` is the embedded escalator, `asking.LanguageModel` asks an endpoint. Whoever
is asked chooses among the model's own candidates, or says that none of them is right. Who is a
`Rewriter` as well can word the question that is put to a customer where doubt is left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example
from turnwise.errors import ConfigError, TurnwiseError
from turnwise.serving.decision import Question, Ranked

Vector = NDArray[np.float32]  # Float32[size], of unit length
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """What an answer took when it was given, also where it was kept and nothing is paid now.

    Attributes:
        calls: requests, repairs and repetitions among them; seconds: of the calls alone.
    """

    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0


NO_CALL = Call()


class EscalationError(TurnwiseError):
    """Whoever was asked is away, too slow, resting after failures, or answered senselessly.

    Attributes:
        money: that was paid for it, as far as known; call: what it took.
    """

    def __init__(self, message: str, *, money: float = 0.0, call: Call = NO_CALL) -> None:
        super().__init__(message)
        self.money, self.call = money, call


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """What is asked about.

    Attributes:
        example: the customer turn with its history.
        candidates: dimension in doubt -> its K likeliest labels with calibrated probabilities.
        thresholds: dimension in doubt -> from which calibrated probability on a label is sure.
        vector: of the turn, by the bundle's model.
    """

    example: Example
    candidates: Mapping[str, Ranked]
    thresholds: Mapping[str, float]
    vector: Vector


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one dimension.

    Attributes:
        label: one of the candidates; None where none of them is right.
        confidence: in 0..1, of whoever was asked; not calibrated.
        sure: whether the verdict may be taken as settled.
    """

    label: str | None
    confidence: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """An answer to a doubt.

    Attributes:
        verdicts: one for each dimension that was in doubt.
        by: the name of who was asked; money: paid now, in the unit of the endpoint's prices.
        call: what it took.
    """

    verdicts: Mapping[str, Verdict]
    by: str
    money: float = 0.0
    call: Call = NO_CALL

    @property
    def leaves_open(self) -> tuple[str, ...]:
        """The dimensions that are in doubt as before."""
        return tuple(
            name for name, one in self.verdicts.items() if one.label is None or not one.sure
        )


class Escalator(Protocol):
    """Who can be asked. Threads may share one."""

    @property
    def name(self) -> str:
        """As decisions name it."""
        ...

    @property
    def waits(self) -> bool:
        """Whether settling waits for somebody, rather than computing for a moment."""
        ...

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        """Settle every dimension in doubt, within so many seconds.

        Raises:
            EscalationError: slow, away, or an answer that can't be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A clarifying question that is to be worded anew.

    Attributes:
        example: the customer turn that it is asked about, with its history.
        question: as it was put together from the taxonomy.
        asked: the questions of the conversation before it, oldest first.
    """

    example: Example
    question: Question
    asked: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """Another text for a clarifying question.

    Attributes:
        phrases: what in the text stands for each candidate, in the question's order.
        by: the name of who worded it; money: that was paid for it.
    """

    text: str
    phrases: tuple[str, ...]
    by: str
    money: float = 0.0


@runtime_checkable
class Rewriter(Protocol):
    """Who can word questions. Threads may share one."""

    @property
    def name(self) -> str:
        """As decisions name it."""
        ...

    def word(self, draft: Draft, seconds: float) -> Wording:
        """Word a question anew, within so many seconds; what comes is still to be checked.

        Raises:
            EscalationError: slow, away, or an answer of another shape.
        """
        ...


class CircuitBreaker:
    """An escalator that is left alone for a while after it failed several times in a row.

    Closed, it passes calls on. After `failures` in a row it is open: calls raise at once, for
    `rest` seconds. Then one call, and no second beside it, tries: its success closes the circuit,
    its failure opens it for as long again (Nygard, Release It!, 2007).
    """

    waits = True

    def __init__(
        self,
        inner: Escalator,
        *,
        failures: int = 5,
        rest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Closed.

        Args:
            failures: 1 or more; rest: seconds, above 0; clock: seconds that never go back.

        Raises:
            ConfigError: a number out of its range.
        """
        if failures < 1 or not rest > 0:
            raise ConfigError("failures is 1 or more, rest above 0 seconds", field="breaker")
        self._inner, self._failures, self._rest, self._clock = inner, failures, rest, clock
        self._lock = threading.Lock()
        self._failed = 0  # in a row
        self._until: float | None = None  # open until then; None: closed
        self._trying = False

    @property
    def name(self) -> str:
        return self._inner.name

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        """As `Escalator.settle`; raises at once while the circuit is open."""
        return self._guarded(lambda: self._inner.settle(doubt, seconds))

    def word(self, draft: Draft, seconds: float) -> Wording:
        """As `Rewriter.word`, on the same circuit.

        Raises:
            EscalationError: also where whoever is asked words no questions.
        """
        inner = self._inner
        if not isinstance(inner, Rewriter):
            raise EscalationError(f"{self.name} words no questions")
        return self._guarded(lambda: inner.word(draft, seconds))

    def _guarded(self, ask: Callable[[], T]) -> T:
        trying = self._enter()
        succeeded = False
        try:
            answer = ask()
            succeeded = True
        finally:
            self._leave(trying, succeeded)
        return answer

    def _enter(self) -> bool:
        """Whether this call is the one that tries an open circuit."""
        with self._lock:
            if self._until is None:
                return False
            left = self._until - self._clock()
            if left <= 0 and not self._trying:
                self._trying = True
                return True
            failed = self._failed
        when = f"for {left:.1f} s more" if left > 0 else "while one call tries it again"
        raise EscalationError(f"{self.name} failed {failed} times in a row and is not asked {when}")

    def _leave(self, trying: bool, succeeded: bool) -> None:
        with self._lock:
            if self._until is not None and not trying:
                return  # sent before the circuit opened: says nothing of how it is by now
            self._trying = False
            if succeeded:
                self._failed, self._until = 0, None
                return
            self._failed += 1
            if self._failed >= self._failures:
                self._until = self._clock() + self._rest
