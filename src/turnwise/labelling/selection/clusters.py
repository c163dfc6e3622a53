"""Spherical k-means that a million turns do not slow: fitted on a sample, then one pass.

Time grows with turns x clusters x size of a vector, and the number of clusters has a bound;
memory beside the vectors is that of one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.encoders import Vectors

Rows = NDArray[np.intp]

LARGEST = 1024  # clusters at most
TURNS_EACH = 8  # as many per cluster at least, on the average
SAMPLE_EACH = 20  # turns per cluster that centroids are fitted on
ITERATIONS = 5
BLOCK = 4096  # rows compared at once


@dataclass(frozen=True, slots=True)
class Clusters:
    """Where each turn belongs.

    Attributes:
        of: cluster of each turn, Int[n_turns]; typical: cosine to its centroid, Float32[n_turns].
        sizes: turns of each cluster, Int[n_clusters].
    """

    of: Rows
    typical: NDArray[np.float32]
    sizes: Rows


def cluster(vectors: NDArray[np.float16], order: Rows) -> Clusters:
    """Group vectors of unit length.

    Args:
        order: all rows, in the order in which they are drawn for the sample; its first rows
            are the first centroids.
    """
    count = max(1, min(LARGEST, len(vectors) // TURNS_EACH))
    sample = vectors[order[: count * SAMPLE_EACH]].astype(np.float32)
    centroids = _first(sample, count)
    for _ in range(ITERATIONS):
        of = np.concatenate([near.argmax(axis=1) for near in _compare(sample, centroids)])
        centroids = _means(sample, of, centroids)
    of = np.empty(len(vectors), np.intp)
    typical = np.empty(len(vectors), np.float32)
    start = 0
    for near in _compare(vectors, centroids):
        rows = slice(start, start + len(near))
        of[rows], typical[rows] = near.argmax(axis=1), near.max(axis=1)
        start = rows.stop
    return Clusters(of, typical, np.bincount(of, minlength=len(centroids)))


def _first(sample: Vectors, count: int) -> Vectors:
    """The first distinct rows: of two equal centroids one would stay empty."""
    _, rows = np.unique(sample, axis=0, return_index=True)
    return sample[np.sort(rows)[:count]]


def _compare(
    vectors: NDArray[np.float16] | Vectors, centroids: Vectors
) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(vectors), BLOCK):
        yield vectors[start : start + BLOCK].astype(np.float32) @ centroids.T


def _means(sample: Vectors, of: Rows, before: Vectors) -> Vectors:
    """The direction of each cluster's sum; an empty cluster keeps its centroid."""
    order = np.argsort(of, kind="stable")
    there, starts = np.unique(of[order], return_index=True)
    means = before.copy()
    means[there] = np.add.reduceat(sample[order], starts, axis=0)
    unit: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return unit
