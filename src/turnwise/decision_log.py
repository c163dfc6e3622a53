"""What a service did and what came of it, as it is logged: decisions, exposures, feedback.

A session is a conversation as the service's caller names it. Ids are the caller's: two callers of
one service name their conversations apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Rating = Literal["good", "bad"]
Arm = Literal["champion", "challenger", "shadow"]


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A label and how likely it is, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One customer turn that was decided on.

    Attributes:
        at: seconds since 1970, UTC.
        conversation: the caller's id; empty where none was given. owner: name of the API key.
        turn: place among the conversation's turns, from 0.
        arm: `shadow` where the decision was made and not served.
        experiment: that ran; empty for none.
        kind: of `serving.decision.Kind`; `none` where labels alone were asked for.
        labels: dimension -> what was given. model: what the bundle's model found likeliest.
        out_of_domain: the score of being so (higher: stranger); None where the bundle can't tell.
        strange: whether that score passed the bundle's threshold.
        action: name of what was to be done; empty for none.
        by: who was asked in the model's place; empty for nobody. cost: of asking.
        milliseconds: that it took in all.
        text: what the customer said, redacted; None where text is not logged.
    """

    at: float
    conversation: str
    owner: str
    turn: int
    arm: Arm
    experiment: str
    bundle: str
    taxonomy_version: int
    kind: str
    sure: bool
    labels: Mapping[str, GivenLabel]
    model: Mapping[str, GivenLabel]
    out_of_domain: float | None = None
    strange: bool | None = None
    action: str = ""
    by: str = ""
    cost: float = 0.0
    milliseconds: float = 0.0
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """That a session was served by an arm of an experiment, the first time that it was.

    Attributes:
        at: seconds since 1970, UTC.
        bundle: the arm's; arm: whether it is the champion's.
        logged: whether the session's decisions are logged; sampling keeps or drops whole sessions.
    """

    at: float
    experiment: str
    conversation: str
    bundle: str
    arm: Arm
    logged: bool = True


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is known of a session afterwards; None and empty where nothing was said.

    What is said later of the same session goes before what was said earlier, field by field.

    Attributes:
        at: seconds since 1970, UTC. owner: name of the API key.
        finished: whether the customer went through what the answer proposed.
        resolved: whether the matter is settled.
        hand_off: whether a person took over. misrouted: whether it went to the wrong place.
        duration: of the session in seconds.
        turn, corrected: the turn, and dimension -> the right label.
    """

    at: float
    conversation: str
    owner: str = ""
    finished: bool | None = None
    resolved: bool | None = None
    rating: Rating | None = None
    hand_off: bool | None = None
    misrouted: bool | None = None
    duration: float | None = None
    turn: int | None = None
    corrected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogBatch:
    """What is written together."""

    decisions: Sequence[LoggedDecision] = ()
    exposures: Sequence[Exposure] = ()
    feedback: Sequence[Feedback] = ()


class DecisionLog(Protocol):
    """Where a service logs to. Called from one thread, which is not the one that opened it."""

    def put(self, batch: LogBatch) -> None:
        """Keep a batch, all of it or nothing; a session's second exposure to the same experiment
        is passed over.

        Raises:
            TurnwiseError: it can't be written now; the caller keeps the batch and tries again.
        """
        ...


class LoggedTraffic(Protocol):
    """What was logged, for who reports on it. Times are seconds since 1970, UTC."""

    def decisions(self, since: float = 0.0, bundle: str | None = None) -> Iterator[LoggedDecision]:
        """In order of time, from a time on, of one bundle or all."""
        ...

    def exposures(self, experiment: str) -> Iterator[Exposure]:
        """Of an experiment, in order of time."""
        ...

    def feedback(self) -> Iterator[Feedback]:
        """All of it, in order of time."""
        ...
