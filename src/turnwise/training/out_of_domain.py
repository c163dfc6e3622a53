"""Fitting what tells turns out of domain: no example of such a turn is needed.

    training vectors --> neighbours, class means, spreads
    held-out turns   --> the scale of each score, and the threshold of a stated false-alarm rate

See `bundle.refusal` for the scores themselves and their sources.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits
from turnwise.bundle.refusal import (
    Distances,
    OutOfDomain,
    RefusalArrays,
    Scale,
    combine,
    raw_scores,
)
from turnwise.encoders import Vectors

MOST_NEIGHBOURS = 5_000  # 3.8 MB at 384 numbers each
SHRINKAGE = 0.1  # of a covariance towards a ball: vectors have more directions than spread
SMALLEST_DEVIATION = 1e-3  # of a score: below it a dimension is as sure of everything
FEWEST_HELD = 50  # turns to choose a threshold on
FEWEST_TAUGHT = 20
FEWEST_CLASSES = 2

Int = NDArray[np.int64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """The turns that a classifier was trained on.

    Attributes:
        vectors: Float32[n, size], of the current turns, of unit length.
        labels: dimension -> Int64[n], places in the taxonomy, negative where there is none.
    """

    vectors: Vectors
    labels: Mapping[str, Int]


def fit_out_of_domain(
    logits: Mapping[str, Logits], vectors: Vectors, trained: Trained, false_alarms: float
) -> tuple[OutOfDomain, RefusalArrays] | None:
    """Fit all scores and their thresholds; None with too few turns for it.

    The threshold is that of split conformal prediction: of new turns of the domain at most the
    stated share is over it, on average over draws of the held-out turns.

    Args:
        logits: dimension -> Float32[n, n_labels] of held-out turns of the domain, divided by the
            temperatures; vectors: Float32[n, size] of the same.
        false_alarms: in (0, 1).
    """
    fewest = max(FEWEST_HELD, math.ceil(round(1 / false_alarms, 9)) - 1)
    dimension = _widest({name: some for name, some in trained.labels.items() if name in logits})
    if len(vectors) < fewest or len(trained.vectors) < FEWEST_TAUGHT or dimension is None:
        return None
    arrays = _arrays(trained.vectors, trained.labels[dimension])
    raw = raw_scores(logits, vectors, Distances(arrays), dimension)
    scales = {
        name: Scale(float(some.mean()), max(float(some.std()), SMALLEST_DEVIATION))
        for name, some in raw.items()
    }
    rank = math.ceil(round((len(vectors) + 1) * (1 - false_alarms), 9))
    thresholds = {
        name: float(np.sort(some)[rank - 1]) for name, some in combine(raw, scales).items()
    }
    return OutOfDomain(dimension, false_alarms, len(vectors), scales, thresholds), arrays


def _widest(labels: Mapping[str, Int]) -> str | None:
    """The dimension with most labels in the data: its classes are the narrowest."""
    classes = {name: len(np.unique(some[some >= 0])) for name, some in labels.items()}
    best = max(classes, key=lambda name: classes[name], default=None)
    return best if best is not None and classes[best] >= FEWEST_CLASSES else None


def _arrays(vectors: Vectors, labels: Int) -> RefusalArrays:
    there = labels >= 0
    classes, places = np.unique(labels[there], return_inverse=True)
    means, whitening = _means(vectors[there], places)
    everything, background = _means(vectors, np.zeros(len(vectors), np.int64))
    return RefusalArrays(
        neighbours=_neighbours(vectors),
        classes=classes.astype(np.int64),
        means=means.astype(np.float32),
        whitening=whitening.astype(np.float32),
        background_mean=everything.astype(np.float32),
        background=background.astype(np.float32),
    )


def _means(vectors: Vectors, classes: Int) -> tuple[Matrix, Matrix]:
    """The mean of each class, and what whitens the spread about the means that all share."""
    exact = vectors.astype(np.float64)
    sums = np.zeros((classes.max() + 1, exact.shape[1]))
    np.add.at(sums, classes, exact)
    means: Matrix = sums / np.bincount(classes)[:, None]
    apart = exact - means[classes]
    return means, _whitening(apart.T @ apart / len(apart))


def _whitening(covariance: Matrix) -> Matrix:
    """Float64[size, size]: W with W W' the inverse of the shrunk covariance."""
    size = len(covariance)
    # One turn a class has no spread at all; then distances count as they are.
    even = float(np.trace(covariance)) / size or 1.0
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * even * np.eye(size)
    spread, directions = np.linalg.eigh(shrunk)
    whitening: Matrix = directions / np.sqrt(spread)
    return whitening


def _neighbours(vectors: Vectors) -> NDArray[np.float16]:
    """At most 5,000 distinct vectors, those of lowest hash: the same whatever their order."""
    distinct = {row.tobytes(): row for row in vectors.astype(np.float16)}
    lowest = sorted(distinct, key=lambda row: sha256(row).digest())[:MOST_NEIGHBOURS]
    return np.stack([distinct[row] for row in lowest])
