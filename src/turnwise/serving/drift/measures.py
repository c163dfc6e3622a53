"""What moved between the turns of a bundle's training and the turns that it decides on.

A measure has moved where the population stability index says that the change matters and the test
that it is more than chance. All measures of one comparison are tested together (Bonferroni), so
that 5% at most of the comparisons that nothing has changed in find any to have moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle.reference import (
    DimensionProfile,
    Histogram,
    LabelShares,
    Profile,
    StrangeShare,
)
from turnwise.serving.drift.shifts import Known, Shift, difference_interval, shift

FEWEST = 100  # decisions; below it the interval of a share spans a fifth
MOVED, STRONGLY = 0.1, 0.25  # population stability index
LEVEL = 0.05
NORMAL = NormalDist()

Verdict = Literal["steady", "moved", "strongly moved"]
VERDICTS: tuple[Verdict, ...] = ("steady", "moved", "strongly moved")
Kind = Literal["labels", "confidence", "out_of_domain", "score"]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure at training and now, and the 95% interval of the difference."""

    before: float
    now: float
    low: float
    high: float

    @property
    def grew(self) -> bool:
        """Whether it did beyond chance."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that may have moved.

    Attributes:
        kind: `labels`, the shares of a dimension's labels; `confidence`, of its likeliest one, as
            it is spread; `out_of_domain`, the share of such turns; `score`, of being so, as it is
            spread.
        dimension: empty for the latter two.
        psi: population stability index less what chance adds; distance: Jensen-Shannon's.
        p: of all measures together: how often chance makes one of them differ as much.
        change: of the mean confidence, or of the share out of domain; None for the other kinds.
    """

    kind: Kind
    dimension: str
    psi: float
    distance: float
    p: float
    verdict: Verdict
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class LabelMove:
    """A label's share of the turns; the intervals of all labels of a dimension hold together."""

    dimension: str
    label: str
    share: Change


@dataclass(frozen=True, slots=True)
class Drift:
    """A service beside its bundle's training.

    Attributes:
        decisions, conversations: that were looked at. reference: turns held apart at training.
        measures: of every dimension, then of what is out of domain.
        labels: all that either side has, those that moved most first.
    """

    decisions: int
    conversations: int
    reference: int
    measures: tuple[Measure, ...]
    labels: tuple[LabelMove, ...]

    @property
    def verdict(self) -> Verdict:
        """The strongest of all measures."""
        return max((one.verdict for one in self.measures), key=VERDICTS.index, default="steady")


def missing(reference: Profile | None, decisions: int) -> str:
    """Why there is nothing to measure; empty where there is."""
    if reference is None:
        return "the bundle was packed without figures of its training. Run 'turnwise train' again"
    if reference.turns == 0:
        return (
            "no labelled turns were held apart at the bundle's training to compare with. Label "
            "more conversations, and run 'turnwise train' again"
        )
    if decisions < FEWEST:
        return f"{decisions:,} decisions are too few: it takes {FEWEST} to tell drift from chance"
    return ""


def measure(reference: Profile, now: Profile) -> Drift:
    """Compare what was decided with the bundle's reference."""
    found = list(_compared(reference, now))
    judged = tuple(
        _judged(kind, name, how, change, len(found)) for kind, name, how, change in found
    )
    moves = [
        move
        for name, before in reference.dimensions.items()
        if name in now.dimensions
        for move in _moves(name, before.labels, now.dimensions[name].labels)
    ]
    moves.sort(key=lambda one: -abs(one.share.now - one.share.before))
    return Drift(now.turns, now.conversations, reference.turns, judged, tuple(moves))


Compared = tuple[Kind, str, Shift, Change | None]


def _compared(reference: Profile, now: Profile) -> Iterator[Compared]:
    for name, before in reference.dimensions.items():
        if (after := now.dimensions.get(name)) is not None:
            yield from _dimension(name, before, after)
    if reference.out_of_domain is not None and now.out_of_domain is not None:
        yield _strange(reference.out_of_domain, now.out_of_domain)
    if reference.score is not None and now.score is not None:
        yield "score", "", _histogram_shift(reference.score, now.score), None


def _dimension(name: str, before: DimensionProfile, now: DimensionProfile) -> Iterator[Compared]:
    yield "labels", name, _labels_shift(before.labels, now.labels), None
    mean, other = before.mean_confidence, now.mean_confidence
    width = _deviations(1) * float(np.hypot(mean.error, other.error))
    change = other.value - mean.value
    means = Change(mean.value, other.value, change - width, change + width)
    yield "confidence", name, _histogram_shift(before.confidence, now.confidence), means


def _strange(before: StrangeShare, now: StrangeShare) -> Compared:
    both = [Known(np.array([one.share, 1 - one.share]), one.effective) for one in (before, now)]
    sides = (before.share, before.effective), (now.share, now.effective)
    share = Change(before.share, now.share, *difference_interval(*sides, _deviations(1)))
    return "out_of_domain", "", shift(*both), share


def _labels_shift(before: LabelShares, now: LabelShares) -> Shift:
    """Rare labels are pooled with others that are as rare."""
    both = {
        name: before.shares.get(name, 0.0) + now.shares.get(name, 0.0)
        for name in before.shares.keys() | now.shares.keys()
    }
    names = sorted(both, key=lambda name: (both[name], name))
    return shift(
        *(
            Known(_normal([one.shares.get(name, 0.0) for name in names]), one.effective)
            for one in (before, now)
        )
    )


def _histogram_shift(before: Histogram, now: Histogram) -> Shift:
    """Of another program's edges nothing can be said."""
    if before.edges != now.edges:
        return Shift(0.0, 0.0, 1.0)
    return shift(*(Known(_normal(one.shares), one.effective) for one in (before, now)))


def _normal(shares: Sequence[float]) -> NDArray[np.float64]:
    """Shares that sum to 1, which rounded ones may miss by a little."""
    some = np.array(shares, np.float64)
    found: NDArray[np.float64] = some / some.sum()
    return found


def _judged(kind: Kind, dimension: str, how: Shift, change: Change | None, tests: int) -> Measure:
    p = min(1.0, how.p * tests)
    verdict: Verdict = "steady"
    if p < LEVEL and how.psi >= MOVED:
        verdict = "strongly moved" if how.psi >= STRONGLY else "moved"
    return Measure(kind, dimension, how.psi, how.distance, p, verdict, change)


def _moves(dimension: str, before: LabelShares, now: LabelShares) -> Iterator[LabelMove]:
    names = sorted(before.shares.keys() | now.shares.keys())
    deviations = _deviations(len(names))
    for name in names:
        old, new = before.shares.get(name, 0.0), now.shares.get(name, 0.0)
        sides = (old, before.effective), (new, now.effective)
        yield LabelMove(dimension, name, Change(old, new, *difference_interval(*sides, deviations)))


def _deviations(intervals: int) -> float:
    """Of 95% intervals that all hold at once."""
    return NORMAL.inv_cdf(1 - LEVEL / (2 * intervals))
