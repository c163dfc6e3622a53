"""Each challenger of an experiment against the champion, by session and by day.

The main metric is the resolution rate: with several challengers its p values are corrected by
Holm's method. Other p values are not, and are hints. Source of the paired test over days: METHODS,
Serving (S1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from turnwise.evaluation.experiment.figures import DAY, Comparison
from turnwise.evaluation.experiment.metrics import AUTOMATION, METRICS, RESOLUTION, Metric
from turnwise.evaluation.experiment.proportions import compare_shares
from turnwise.evaluation.experiment.sessions import Session
from turnwise.evaluation.experiment.testing import (
    Tested,
    Values,
    compare_days,
    compare_means,
    compare_seconds,
    holm,
)

_COMPARE = {"share": compare_shares, "seconds": compare_seconds, "cost": compare_means}


def compare_arms(
    sessions: Mapping[str, Sequence[Session]],
    values: Mapping[str, Mapping[str, Values]],
    known: bool,
) -> tuple[Comparison, ...]:
    """Compare.

    Args:
        sessions: bundle -> those that count, the champion's first.
        values: bundle -> metric -> its values in them.
        known: whether anything says how sessions ended.
    """
    champion, *challengers = values
    tested = {
        name: {
            one.name: _COMPARE[one.unit](values[champion][one.name], values[name][one.name])
            for one in METRICS
        }
        for name in challengers
    }
    main = {name: tested[name][RESOLUTION.name].p for name in challengers}
    corrected = holm({name: p for name, p in main.items() if p is not None})
    days = {one.name: one for one in (RESOLUTION, AUTOMATION) if known or one is not RESOLUTION}
    rates = {
        name: {metric: _daily(one, of) for metric, one in days.items()}
        for name, of in sessions.items()
    }
    return tuple(
        Comparison(
            name,
            tested[name],
            {metric: _by_day(rates[champion][metric], rates[name][metric]) for metric in days},
            corrected.get(name),
        )
        for name in challengers
    )


def _daily(metric: Metric, sessions: Iterable[Session]) -> dict[int, float]:
    """Day (UTC, since 1970) -> the metric's mean over the sessions exposed on it."""
    found: dict[int, list[float]] = {}
    for one in sessions:
        value = metric.of(one)
        if value is not None:
            found.setdefault(int(one.at // DAY), []).append(value)
    return {day: float(np.mean(of)) for day, of in found.items()}


def _by_day(first: Mapping[int, float], second: Mapping[int, float]) -> Tested:
    both = sorted(first.keys() & second.keys())
    return compare_days(np.array([second[day] - first[day] for day in both]))
