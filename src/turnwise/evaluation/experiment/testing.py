"""Differences between means: 95% intervals, and tests that say their name.

Sources: Welch, Biometrika 34 (1947); for several tests at once Holm, Scandinavian Journal of
Statistics 6 (1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from turnwise.evaluation.experiment.distributions import student_95, student_p
from turnwise.evaluation.figures import Estimate

Values = NDArray[np.float64]  # [n], of one group

FEWEST_DAYS = 3
MEANS = "Welch's t-test"
LOGS = "Welch's t-test on log seconds, ratio of geometric means"


@dataclass(frozen=True, slots=True)
class Tested:
    """How a second group differs from a first.

    Attributes:
        test: its name.
        difference: second minus first (second / first for `LOGS`), with a 95% interval; None
            where a group is empty.
        p: two-sided; None where it can't be said.
        note: why there is none, or why to doubt it; empty for neither.
    """

    test: str
    difference: Estimate | None
    p: float | None
    note: str = ""


def mean(values: Values) -> Estimate:
    """A mean with its 95% interval by Student's t; without one for a single value. n > 0."""
    middle = float(values.mean())
    if len(values) < 2:
        return Estimate(middle)
    half = student_95(len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
    return Estimate(middle, middle - half, middle + half)


def compare_means(first: Values, second: Values) -> Tested:
    """Compare means of groups that may vary differently."""
    return _welch(first, second, MEANS)


def compare_seconds(first: Values, second: Values) -> Tested:
    """Compare durations, which are skewed: on a log scale; those below 1 s count as 1 s."""
    on_logs = _welch(np.log(np.maximum(first, 1)), np.log(np.maximum(second, 1)), LOGS)
    if on_logs.difference is None:
        return on_logs
    one = on_logs.difference
    low, high = (None if end is None else exp(end) for end in (one.low, one.high))
    return Tested(LOGS, Estimate(exp(one.value), low, high), on_logs.p, on_logs.note)


def compare_days(differences: Values) -> Tested:
    """Test whether differences, one a day, are 0 on average: each day counts the same."""
    days = len(differences)
    test = f"paired t-test over {days} days"
    if days < FEWEST_DAYS:
        return Tested(test, None, None, f"{FEWEST_DAYS} days with sessions in both arms are needed")
    error = float(differences.std(ddof=1)) / sqrt(days)
    return _student(test, (0.0, float(differences.mean())), error, days - 1)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Correct p values of several tests so that one wrong rejection among all has the level."""
    corrected, highest = {}, 0.0
    for rank, name in enumerate(sorted(p, key=lambda name: p[name])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[name]))
        corrected[name] = highest
    return corrected


def _welch(first: Values, second: Values, test: str) -> Tested:
    if not len(first) or not len(second):
        return empty_arm(test)
    means = (float(first.mean()), float(second.mean()))
    if min(len(first), len(second)) < 2:
        return Tested(test, Estimate(means[1] - means[0]), None, "one session alone in an arm")
    parts = [float(one.var(ddof=1)) / len(one) for one in (first, second)]
    error = sqrt(sum(parts))
    spread = [part**2 / (len(one) - 1) for part, one in zip(parts, (first, second), strict=True)]
    df = sum(parts) ** 2 / sum(spread) if sum(spread) else 1.0
    return _student(test, means, error, df)


def _student(test: str, means: tuple[float, float], error: float, df: float) -> Tested:
    difference = means[1] - means[0]
    rounding = 1e-12 * max(map(abs, means))
    if error <= rounding:
        if abs(difference) <= rounding:
            return Tested(test, Estimate(0.0), 1.0)
        return Tested(test, Estimate(difference), None, "nothing varies: no test")
    half = student_95(df) * error
    estimate = Estimate(difference, difference - half, difference + half)
    return Tested(test, estimate, student_p(difference / error, df))


def empty_arm(test: str) -> Tested:
    """What a test says where there is nothing to compare."""
    return Tested(test, None, None, "no session of an arm counts for it")
