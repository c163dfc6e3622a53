"""How far apart two distributions are, each known from some turns only.

Population stability index: Siddiqi, Credit Risk Scorecards (2006), whose rule of thumb calls .1
some and .25 much. Chance alone raises it (Yurdakul and Naranjo, Journal of Risk Model Validation,
2020): by how much, and how often as far as found, is told by drawing both samples from what they
have in common (parametric bootstrap: Davison and Hinkley, 1997, section 4.2.3), which holds for
small samples and rare categories too. Jensen-Shannon distance: Endres and Schindelin, IEEE
Transactions on Information Theory, 2003. Difference of two shares: Newcombe's hybrid score
interval, Statistics in Medicine, 1998. Turns are effective ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 5.0  # turns of a category, as the smaller side would have them
DRAWS = 999  # pairs of samples: p is .001 at least
ROUNDING = 1e-12

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Known:
    """Shares, and from how many independent turns they are known.

    Attributes:
        shares: Float64[k], that sum to 1; effective: 1 or more.
    """

    shares: Float
    effective: float


@dataclass(frozen=True, slots=True)
class Shift:
    """From one distribution to another.

    Attributes:
        psi: population stability index less what chance adds to it; 0 or more.
        distance: Jensen-Shannon distance, 0 to 1, to which chance adds.
        p: how often samples of one distribution would have as high an index.
    """

    psi: float
    distance: float
    p: float


def shift(before: Known, now: Known) -> Shift:
    """Compare two distributions over the same categories.

    Categories are pooled with their neighbours until some turns of each would be expected on the
    smaller side; the caller has them in an order in which that makes sense. What both sides have
    in common says where to pool, not how they differ, which would find differences in chance.
    Equal inputs give equal results.
    """
    n, m = before.effective, now.effective
    common = (n * before.shares + m * now.shares) / (n + m)
    groups = _pooled(common, FEWEST / min(n, m))
    p, q, pi = (np.add.reduceat(some, groups) for some in (before.shares, now.shares, common))
    found = float(_index(p, q, n, m))
    chance = _by_chance(pi, n, m)
    as_high = int((chance >= found - ROUNDING).sum())
    return Shift(
        psi=max(0.0, found - float(chance.mean())),
        distance=js_distance(p, q),
        p=(1 + as_high) / (1 + DRAWS),
    )


def psi(before: Float, now: Float) -> Float:
    """Population stability index along the last axis, of shares above 0; 0 where they are equal."""
    found: Float = ((now - before) * np.log(now / before)).sum(-1)
    return found


def _index(p: Float, q: Float, n: float, m: float) -> Float:
    """The index, also where one side lacks a category, which would make it infinite.

    Half a turn a category, spread as both sides together are, mends that, and leaves equal
    distributions equal. What both sides lack counts for nothing.
    """
    common, some = (n * p + m * q) / (n + m), p.shape[-1] / 2
    common = np.maximum(common, np.finfo(float).tiny)
    return psi((n * p + some * common) / (n + some), (m * q + some * common) / (m + some))


def _by_chance(common: Float, n: float, m: float) -> Float:
    """Float64[draws], the index of two samples of one distribution."""
    rng = np.random.default_rng(0)
    sizes = round(n), round(m)
    p, q = (rng.multinomial(size, common / common.sum(), DRAWS) / size for size in sizes)
    return _index(p, q, *map(float, sizes))


def js_distance(one: Float, other: Float) -> float:
    """Jensen-Shannon distance of shares: symmetric, from 0 (equal) to 1 (nothing in common)."""
    middle = (one + other) / 2
    halves = (_relative_entropy(some, middle) for some in (one, other))
    return math.sqrt(min(1.0, max(0.0, sum(halves) / 2)))


def _relative_entropy(one: Float, other: Float) -> float:
    """In bits; what one lacks adds nothing."""
    there = one > 0
    return float((one[there] * np.log2(one[there] / other[there])).sum())


def difference_interval(
    before: tuple[float, float], now: tuple[float, float], deviations: float
) -> tuple[float, float]:
    """Return the least and the greatest likely change from one share to another.

    Args:
        before, now: share, and effective turns.
        deviations: standard deviations on either side: 1.96 for 95%.
    """
    (low, high), (least, most) = (_score_interval(*one, deviations) for one in (before, now))
    change = now[0] - before[0]
    down = math.hypot(now[0] - least, high - before[0])
    up = math.hypot(most - now[0], before[0] - low)
    return change - down, change + up


def _score_interval(share: float, turns: float, deviations: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    square = deviations**2
    middle = share + square / (2 * turns)
    spread = deviations * math.sqrt(share * (1 - share) / turns + square / (4 * turns**2))
    low, high = ((middle + sign * spread) / (1 + square / turns) for sign in (-1, 1))
    return max(0.0, min(share, low)), min(1.0, max(share, high))


def _pooled(shares: Float, least: float) -> list[int]:
    """Where each group of neighbours begins, so that all have a share of at least `least`.

    Two are left at least, the greatest share apart from the others: with much on one side alone,
    what only the other has would else vanish among it.
    """
    starts = list(_starts(shares, least))
    if len(starts) > 1 and shares[starts[-1] :].sum() < least:
        starts.pop()
    if len(starts) > 1:
        return starts
    top = int(shares.argmax())
    return sorted({0, top, min(top + 1, len(shares) - 1)})


def _starts(shares: Float, least: float) -> Iterator[int]:
    held = math.inf
    for place, share in enumerate(shares):
        if held >= least:
            yield place
            held = 0.0
        held += float(share)
