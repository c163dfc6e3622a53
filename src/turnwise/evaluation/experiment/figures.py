"""What an experiment was to compare, and what its arms did, as plain values.

Every share is in [0, 1], every p is two-sided; what cannot be said is None, never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from turnwise.evaluation.experiment.metrics import METRICS, RESOLUTION
from turnwise.evaluation.experiment.testing import Tested
from turnwise.evaluation.figures import Estimate

DAY = 86_400.0  # in seconds

Caution = Literal[
    "sample_ratio", "no_sessions", "early", "no_feedback", "feedback_differs", "left_out", "crossed"
]


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What was to be compared.

    Attributes:
        shares: bundle -> its share of the sessions, summing to 1; the champion first.
        sessions: of each arm, planned.
        started, ended: seconds since 1970, UTC; `ended` is None while it runs.
    """

    name: str
    shares: Mapping[str, float]
    sessions: int
    started: float
    ended: float | None = None

    @property
    def champion(self) -> str:
        return next(iter(self.shares))


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric in one arm.

    Attributes:
        sessions: that count for it. estimate: with a 95% interval: Wilson's for shares, Student's
            t for means; None where no session counts.
        median: of resolution times.
    """

    sessions: int
    estimate: Estimate | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class ArmReport:
    """What one arm did.

    Attributes:
        exposed: sessions drawn into it; expected: how many the shares ask for.
        sessions: of these, those with logged decisions; all metrics are over them.
        undecided: to be logged, but without any logged decision; left out.
        crossed_over: of `sessions`, those that another bundle served too; they count here.
        metrics: name -> value.
    """

    bundle: str
    share: float
    exposed: int
    expected: float
    sessions: int
    undecided: int
    crossed_over: int
    metrics: Mapping[str, Measure]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the champion.

    Attributes:
        metrics: name -> difference and test by session.
        days: name -> the mean difference of daily rates, and the paired test over days (UTC, by
            when a session was exposed) with sessions in both arms.
        corrected: p of the main metric by Holm's method over all challengers.
    """

    challenger: str
    metrics: Mapping[str, Tested]
    days: Mapping[str, Tested]
    corrected: float | None


@dataclass(frozen=True, slots=True)
class Warned:
    """What a reader has to know before the figures; `sample_ratio` forbids to read them."""

    kind: Caution
    text: str


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """What an experiment's arms did.

    Attributes:
        at: when it was looked at; started, ended: as of the plan. Seconds since 1970, UTC.
        planned: sessions of each arm.
        ratio_p: of the chi-square test of exposed sessions against shares; None for too few.
        mismatch: whether it is an alarm: no figure of the report can be trusted.
        days_left: until every arm has what was planned, at the pace so far; 0 when it has, None
            where an arm has nothing yet, or the experiment is over.
        outcome_known: whether any feedback says how a session ended; without, nothing is known
            of resolution.
        arms: the champion first. main: name of the main metric. definitions: metric -> its.
        other_exposures, unexposed, other_feedback: as of `Gathered`.
        warnings: the gravest first.
    """

    name: str
    champion: str
    at: float
    started: float
    ended: float | None
    planned: int
    ratio_p: float | None
    mismatch: bool
    days_left: float | None
    outcome_known: bool
    arms: tuple[ArmReport, ...]
    comparisons: tuple[Comparison, ...]
    other_exposures: int
    unexposed: int
    other_feedback: int
    warnings: tuple[Warned, ...] = ()
    main: str = RESOLUTION.name
    definitions: Mapping[str, str] = field(
        default_factory=lambda: {one.name: one.definition for one in METRICS}
    )

    @property
    def fewest(self) -> int:
        """Sessions of the arm that has fewest."""
        return min(one.sessions for one in self.arms)
