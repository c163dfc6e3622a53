"""Shares, and differences between them: 95% intervals and tests.

Sources: Wilson, Journal of the American Statistical Association 22 (1927), for a share; Newcombe,
Statistics in Medicine 17 (1998), method 10, for the difference of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, sqrt

from turnwise.evaluation.experiment.distributions import NORMAL_95, chi_square_p, normal_p
from turnwise.evaluation.experiment.testing import Tested, Values, empty_arm
from turnwise.evaluation.figures import Estimate

FEWEST_EXPECTED = 5  # in a cell, below which the normal and chi-square laws are rough
SHARES = "two-proportion z-test, interval by Newcombe"


def wilson(count: float, of: int) -> Estimate:
    """A share with its 95% interval; of > 0, 0 <= count <= of."""
    share, z2 = count / of, NORMAL_95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = NORMAL_95 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Estimate(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def compare_shares(first: Values, second: Values) -> Tested:
    """Compare how often something is so: by the pooled z-test, every value 0 or 1."""
    if not len(first) or not len(second):
        return empty_arm(SHARES)
    before = wilson(float(first.sum()), len(first))
    after = wilson(float(second.sum()), len(second))
    pooled = (first.sum() + second.sum()) / (len(first) + len(second))
    error = sqrt(pooled * (1 - pooled) * (1 / len(first) + 1 / len(second)))
    difference = after.value - before.value
    expected = min(pooled, 1 - pooled) * min(len(first), len(second))
    return Tested(
        SHARES,
        _newcombe(before, after),
        normal_p(difference / error) if error else 1.0,
        f"p is rough, fewer than {FEWEST_EXPECTED} expected" if expected < FEWEST_EXPECTED else "",
    )


def ratio_p(counts: Mapping[str, int], shares: Mapping[str, float]) -> float | None:
    """Chi-square test of counts against the shares (sum 1) that were to be; None for too few."""
    total = sum(counts.values())
    expected = {name: share * total for name, share in shares.items()}
    if min(expected.values()) < FEWEST_EXPECTED:
        return None
    value = sum((counts[name] - of) ** 2 / of for name, of in expected.items())
    return chi_square_p(value, len(expected) - 1)


def _newcombe(before: Estimate, after: Estimate) -> Estimate:
    """The difference of two shares from their Wilson intervals."""
    assert before.low is not None
    assert before.high is not None
    assert after.low is not None
    assert after.high is not None
    value = after.value - before.value
    below = hypot(after.value - after.low, before.high - before.value)
    above = hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, value - below, value + above)
