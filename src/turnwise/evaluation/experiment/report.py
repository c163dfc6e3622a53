"""The sessions of an experiment -> what its arms did, with intervals, tests and warnings.

Source of the sample-ratio check: Fabijan et al., Diagnosing Sample Ratio Mismatch in Online
Controlled Experiments, KDD 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from turnwise.evaluation.experiment.comparisons import compare_arms
from turnwise.evaluation.experiment.figures import (
    DAY,
    ArmReport,
    ExperimentPlan,
    ExperimentReport,
    Measure,
)
from turnwise.evaluation.experiment.gathering import Gathered
from turnwise.evaluation.experiment.metrics import METRICS, RESOLUTION, Metric, says_how_it_ended
from turnwise.evaluation.experiment.proportions import ratio_p, wilson
from turnwise.evaluation.experiment.sessions import Session
from turnwise.evaluation.experiment.testing import Values, mean
from turnwise.evaluation.experiment.warnings import find_warnings

ALARM = 0.001  # p of the sample ratio, below which chance does not explain it


def describe_experiment(plan: ExperimentPlan, gathered: Gathered, now: float) -> ExperimentReport:
    """Count, compare and check.

    Args:
        gathered: of the plan's arms. now: seconds since 1970, UTC.
    """
    known = any(map(says_how_it_ended, gathered.sessions))
    arms = {name: [one for one in gathered.sessions if one.bundle == name] for name in plan.shares}
    counted = {name: _counted(of) for name, of in arms.items()}
    values = {
        name: {one.name: _values(one, of, known) for one in METRICS} for name, of in counted.items()
    }
    exposed = {name: len(of) for name, of in arms.items()}
    reports = tuple(_arm(name, of, plan.shares, exposed, values[name]) for name, of in arms.items())
    p = ratio_p(exposed, plan.shares)
    report = ExperimentReport(
        name=plan.name,
        champion=plan.champion,
        at=now,
        started=plan.started,
        ended=plan.ended,
        planned=plan.sessions,
        ratio_p=p,
        mismatch=p is not None and p < ALARM,
        days_left=_days_left(plan, min(one.sessions for one in reports), now),
        outcome_known=known,
        arms=reports,
        comparisons=compare_arms(counted, values, known),
        other_exposures=gathered.other_exposures,
        unexposed=gathered.unexposed,
        other_feedback=gathered.other_feedback,
    )
    return replace(report, warnings=find_warnings(report))


def _counted(sessions: Iterable[Session]) -> list[Session]:
    """Those that the metrics are over."""
    return [one for one in sessions if one.logged and one.turns]


def _values(metric: Metric, sessions: Iterable[Session], known: bool) -> Values:
    """What a metric is in the sessions that count for it: Float64[n]."""
    if metric is RESOLUTION and not known:
        return np.zeros(0)
    found = [metric.of(one) for one in sessions]
    return np.array([one for one in found if one is not None], dtype=np.float64)


def _arm(
    bundle: str,
    sessions: Sequence[Session],
    shares: Mapping[str, float],
    exposed: Mapping[str, int],
    values: Mapping[str, Values],
) -> ArmReport:
    counted = _counted(sessions)
    return ArmReport(
        bundle=bundle,
        share=shares[bundle],
        exposed=exposed[bundle],
        expected=shares[bundle] * sum(exposed.values()),
        sessions=len(counted),
        undecided=sum(one.logged for one in sessions) - len(counted),
        crossed_over=sum(one.crossed_over for one in counted),
        metrics={one.name: _measure(one, values[one.name]) for one in METRICS},
    )


def _measure(metric: Metric, values: Values) -> Measure:
    if not len(values):
        return Measure(0)
    if metric.unit == "share":
        return Measure(len(values), wilson(float(values.sum()), len(values)))
    median = float(np.median(values)) if metric.unit == "seconds" else None
    return Measure(len(values), mean(values), median)


def _days_left(plan: ExperimentPlan, fewest: int, now: float) -> float | None:
    """Until the arm that has fewest sessions has what was planned, at its pace so far."""
    if fewest >= plan.sessions:
        return 0.0
    if plan.ended is not None or not fewest or now <= plan.started:
        return None
    return (plan.sessions - fewest) / fewest * (now - plan.started) / DAY
