"""What a model says of some turns, in figures: label shares, confidence, out-of-domain score.

    turns, one by one --Sample--> Profile

A bundle carries the profile of the turns that were held apart at its training, as its own graph
labels them. The same figures of what a service decided, set beside it, show drift.

Turns of one conversation are alike, so that n of them say less than n would that have nothing to
do with each other. Each distribution therefore comes with the number of independent turns that
would vary as much: n over the design effect (Kish, Survey Sampling, 1965), by which tests and
intervals then go (Rao and Scott, Biometrics 1992).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.decision_log import GivenLabel

CONFIDENCE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
# The score is a mean of deviations from turns of the domain: about 0, most of it within 2.
SCORE_EDGES = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
DIGITS = 6  # of a share: a manifest is read by people too
ABSENT = -1
NO_LABEL = GivenLabel("", math.nan)

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How a number is spread.

    Attributes:
        edges: rising; a value that is on an edge counts to what is above it.
        shares: of the turns, one more than edges: below the first edge, ..., from the last on.
        effective: independent turns that would vary as much.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    effective: float

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError(
                f"a histogram has {len(self.edges) + 1} shares, not {len(self.shares)}"
            )
        _check(self.shares, self.effective)


@dataclass(frozen=True, slots=True)
class LabelShares:
    """How often each label is the likeliest.

    Attributes:
        shares: label -> share of the turns, most frequent first; labels that never are, are left
            out.
        effective: independent turns that would vary as much.
    """

    shares: Mapping[str, float]
    effective: float

    def __post_init__(self) -> None:
        _check(tuple(self.shares.values()), self.effective)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over turns and its standard error, which minds their conversations."""

    value: float
    error: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and 0 <= self.error < math.inf):
            raise ValueError("a mean and its error are finite numbers")


@dataclass(frozen=True, slots=True)
class DimensionProfile:
    """What the model says along one dimension.

    Attributes:
        labels: its likeliest ones. confidence, mean_confidence: of the likeliest label.
    """

    labels: LabelShares
    confidence: Histogram
    mean_confidence: Mean


@dataclass(frozen=True, slots=True)
class StrangeShare:
    """How many turns are out of the domain.

    Attributes:
        share: of turns whose score passed the bundle's threshold; effective: independent turns
            that would vary as much.
    """

    share: float
    effective: float

    def __post_init__(self) -> None:
        _check((self.share, 1 - self.share), self.effective)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model says of some turns.

    Attributes:
        turns, conversations: how many; a turn without a conversation's id is one of its own.
        dimensions: none where there are no turns.
        out_of_domain: of turns for which it was told; score: how the score of being so is spread,
            of those that have one. None where there are none.
    """

    turns: int
    conversations: int
    dimensions: Mapping[str, DimensionProfile]
    out_of_domain: StrangeShare | None
    score: Histogram | None


class Sample:
    """Turns in the order in which they are added, to be described all or in part.

    Takes some 50 bytes a turn, and each conversation's id.
    """

    def __init__(self) -> None:
        self._groups = array("q")
        self._group_of: dict[str, int] = {}
        self._alone = 0
        self._columns: dict[str, tuple[array[int], array[float]]] = {}
        self._names: dict[str, dict[str, int]] = {}
        self._scores, self._strange = array("d"), array("b")

    def __len__(self) -> int:
        return len(self._groups)

    def add(
        self,
        conversation: str,
        model: Mapping[str, GivenLabel],
        score: float | None = None,
        strange: bool | None = None,
    ) -> None:
        """Add a turn.

        Args:
            conversation: its id; empty where there is none.
            model: dimension -> the likeliest label; one without a finite confidence is left out.
            score, strange: the out-of-domain score, and whether it passed the threshold; None
                where it is not known.
        """
        for name in model.keys() - self._columns.keys():
            blank = len(self)
            labels, confidence = array("q", [ABSENT]) * blank, array("d", [math.nan]) * blank
            self._columns[name], self._names[name] = (labels, confidence), {}
        for name, (labels, confidence) in self._columns.items():
            given, places = model.get(name, NO_LABEL), self._names[name]
            there = math.isfinite(given.confidence)
            labels.append(places.setdefault(given.label, len(places)) if there else ABSENT)
            confidence.append(given.confidence)
        self._scores.append(math.nan if score is None else score)
        self._strange.append(ABSENT if strange is None else strange)
        self._groups.append(self._group(conversation))

    def profile(self, start: int = 0, stop: int | None = None) -> Profile:
        """Describe the turns from one place on to another."""
        cut = slice(start, stop)
        groups = np.array(self._groups[cut], np.int64)
        return Profile(
            turns=len(groups),
            conversations=len(np.unique(groups)),
            dimensions={
                name: found
                for name in sorted(self._columns)
                if (found := self._dimension(name, cut, groups)) is not None
            },
            out_of_domain=_strange(np.array(self._strange[cut], np.int64), groups),
            score=_score(np.array(self._scores[cut]), groups),
        )

    def _group(self, conversation: str) -> int:
        if conversation:
            return self._group_of.setdefault(conversation, len(self._group_of))
        self._alone += 1
        return -self._alone

    def _dimension(self, name: str, cut: slice, groups: Int) -> DimensionProfile | None:
        column, numbers = self._columns[name]
        labels, confidence = np.array(column[cut], np.int64), np.array(numbers[cut])
        there = labels != ABSENT
        if not there.any():
            return None
        labels, confidence, groups = labels[there], confidence[there], groups[there]
        counts = np.bincount(labels, minlength=len(self._names[name])).tolist()
        counted = sorted(zip(self._names[name], counts, strict=True), key=lambda one: -one[1])
        shares = {label: round(count / len(labels), DIGITS) for label, count in counted if count}
        return DimensionProfile(
            LabelShares(shares, effective_turns(labels, groups)),
            _histogram(confidence, groups, CONFIDENCE_EDGES),
            _mean(confidence, groups),
        )


def effective_turns(categories: Int, groups: Int) -> float:
    """Return how many independent turns would vary as much in the shares of categories.

    The design effect of a category is the variance of its share between groups over that of
    independent turns. What counts is their mean, by variance or evenly (which minds rare
    categories more), whichever is larger, and 1 at least. Few groups tell it but roughly, for
    which it is raised as the variance of Student's t is. Where all turns are of one category
    nothing tells it, and each group counts as one turn.

    Args:
        categories: Int[n], n > 0; groups: Int[n], which group (conversation) each turn is of.
    """
    turns = len(categories)
    _, place = np.unique(groups, return_inverse=True)
    sizes = np.bincount(place)
    _, category = np.unique(categories, return_inverse=True)
    shares = np.bincount(category) / turns
    if len(sizes) < 2 or len(shares) < 2:
        return float(len(sizes))
    between = _between(place, category, sizes, shares)
    by_variance = between.sum() / (1 - (shares**2).sum())
    evenly = (between / shares).sum() / (len(shares) - 1)
    effect = max(1.0, float(max(by_variance, evenly)) / turns)
    told = max(0, len(sizes) - 3) / (len(sizes) - 1)
    return round(max(1.0, turns / effect * told), 2)


def _between(place: Int, category: Int, sizes: Int, shares: Float) -> Float:
    """Float64[categories], squares of what groups have more or less of each than its share.

    Summed over groups; the cells of groups and categories that are empty need not be visited.
    """
    some = len(shares)
    cells, counts = np.unique(place * some + category, return_counts=True)
    expected = sizes[cells // some] * shares[cells % some]
    visited = np.bincount(cells % some, counts * (counts - 2.0 * expected), some)
    found: Float = visited + (sizes**2).sum() * shares**2
    return found * len(sizes) / (len(sizes) - 1)


def _strange(told: Int, groups: Int) -> StrangeShare | None:
    there = told != ABSENT
    if not there.any():
        return None
    share = float(told[there].mean())
    return StrangeShare(round(share, DIGITS), effective_turns(told[there], groups[there]))


def _score(scores: Float, groups: Int) -> Histogram | None:
    there = np.isfinite(scores)
    return _histogram(scores[there], groups[there], SCORE_EDGES) if there.any() else None


def _histogram(values: Float, groups: Int, edges: Sequence[float]) -> Histogram:
    places = np.digitize(values, edges)
    shares = np.bincount(places, minlength=len(edges) + 1) / len(values)
    rounded = tuple(round(float(one), DIGITS) for one in shares)
    return Histogram(tuple(edges), rounded, effective_turns(places.astype(np.int64), groups))


def _mean(values: Float, groups: Int) -> Mean:
    mean = float(values.mean())
    _, place = np.unique(groups, return_inverse=True)
    apart = np.bincount(place, weights=values - mean) / len(values)
    if len(apart) < 2:
        return Mean(round(mean, DIGITS), round(float(values.std()), DIGITS))
    spread = float((apart**2).sum()) * len(apart) / (len(apart) - 1)
    return Mean(round(mean, DIGITS), round(math.sqrt(spread), DIGITS))


def _check(shares: Sequence[float], effective: float) -> None:
    """Raise ValueError for what is no distribution; what is rounded may miss 1 by a little."""
    if any(not 0 <= one <= 1 for one in shares) or not math.isclose(sum(shares), 1, abs_tol=0.01):
        raise ValueError("shares are between 0 and 1 and sum to 1")
    if not 1 <= effective < math.inf:
        raise ValueError("effective is a number from 1 on")
