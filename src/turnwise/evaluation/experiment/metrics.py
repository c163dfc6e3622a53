"""What is measured of a session, each metric with its definition.

Sources: METHODS, Serving: resolution rate, SCSAT and automation rate as one published system
reports them. Everything is by session, which is what was drawn into an arm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from turnwise.evaluation.experiment.sessions import Session

Unit = Literal["share", "seconds", "cost"]

LONGEST = 366 * 86_400.0  # seconds that a session may have taken; what is said beyond is a slip


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that is made from sessions.

    Attributes:
        definition: what is counted, and over which sessions.
        of: a session's value (0 or 1 for a share); None for one that does not count.
    """

    name: str
    definition: str
    of: Callable[[Session], float | None]
    unit: Unit = "share"


def says_how_it_ended(one: Session) -> bool:
    """Whether feedback tells if the customer was helped."""
    said = one.outcome
    return said is not None and (said.finished is not None or said.resolved is not None)


def _resolved(one: Session) -> bool:
    said = one.outcome
    if said is None or one.person or said.rating == "bad":
        return False
    return bool(said.finished or said.resolved)


def _satisfied(one: Session) -> bool | None:
    if one.outcome is None or one.outcome.rating is None or one.person:
        return None
    return one.outcome.rating == "good"


def _duration(one: Session) -> float | None:
    took = one.outcome.duration if one.outcome and _resolved(one) else None
    return took if took is not None and 0 <= took <= LONGEST else None


RESOLUTION = Metric(
    "resolution rate",
    "finished or resolved by feedback, no person, no bad rating / all sessions",
    _resolved,
)
AUTOMATION = Metric(
    "automation rate",
    "no decision to hand off, and no hand-off in feedback / all sessions",
    lambda one: not one.person,
)
METRICS = (
    RESOLUTION,
    AUTOMATION,
    Metric(
        "hand-off rate",
        "a decision to hand off, or a hand-off in feedback / all sessions",
        lambda one: one.person,
    ),
    Metric("SCSAT", "good / good and bad ratings, of sessions without a person", _satisfied),
    Metric(
        "misrouting rate",
        "said to be misrouted, or corrected to another label than was given / sessions whose "
        "feedback says something of routing",
        lambda one: one.misrouted,
    ),
    Metric(
        "resolution time",
        "mean seconds by feedback, of resolved sessions whose duration was said",
        _duration,
        "seconds",
    ),
    Metric(
        "multi-turn share",
        "more than one customer turn decided on / all sessions",
        lambda one: one.turns > 1,
    ),
    Metric(
        "asked share",
        "retrieval or a language model was asked about a turn, whatever it settled / all sessions",
        lambda one: one.escalated,
    ),
    Metric(
        "out-of-domain share",
        "a turn decided to be out of domain / all sessions",
        lambda one: one.out_of_domain,
    ),
    Metric(
        "cost per 1,000 sessions",
        "1,000 times the mean cost of asking, all sessions",
        lambda one: 1000 * one.cost,
        "cost",
    ),
    Metric(
        "feedback share",
        "any feedback / all sessions",
        lambda one: one.outcome is not None,
    ),
)
FEEDBACK = METRICS[-1]
