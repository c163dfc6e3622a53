"""Utterances laid out in two dimensions, to be looked at and for nothing else.

UMAP (McInnes et al., 2018) on the exact nearest neighbours by cosine, begun from the principal
components. The same vectors give the same map on one machine, not on another: clusters are made
and kept elsewhere, and are never read off a map. Without umap-learn, or for a few utterances, the
two principal components are the map.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.progress import Progress, silent

MOST_POINTS = 20_000  # more neither fit into a picture nor into a minute
FEWEST_FOR_UMAP = 100  # under these there is no neighbourhood to keep
_LEAST_OF_A_CLUSTER = 5
_NEIGHBOURS = 15  # umap-learn's own choice
_BLOCK = 1_000  # rows compared with all others at a time
_OUTSIDE = 0.2  # percent at either end that may not stretch an axis

Points = NDArray[np.float32]  # Float32[n_points, 2], in [0, 1]
_Near = tuple[NDArray[np.int64], NDArray[np.float32]]  # neighbours and distances, [n, k] each


@dataclass(frozen=True, slots=True)
class Layout:
    """Where utterances are on the map.

    Attributes:
        rows: positions of the utterances laid out, in rising order.
        points: theirs, Float32[n_points, 2] in [0, 1].
        method: `UMAP` or `PCA`.
    """

    rows: Rows
    points: Points
    method: Literal["UMAP", "PCA"]


def lay_out(
    vectors: Vectors, clusters: Sequence[Rows], *, seed: int = 0, progress: Progress = silent
) -> Layout:
    """Lay utterances out so that near ones are near each other.

    Of more than 20,000 a sample is taken that holds of each cluster the same share, and a few of
    a small one; what is in no cluster counts as one.

    Args:
        vectors: Float32[n, size], rows of unit length.
        clusters: positions of each cluster's utterances.
        seed: of the sample and of UMAP.
        progress: is told the utterances whose neighbours are known.
    """
    rows = _sample(len(vectors), clusters, seed)
    taken = vectors[rows]
    plain = _principal(taken)
    spread = len(rows) >= FEWEST_FOR_UMAP and bool(np.ptp(plain, axis=0).all())
    drawn = _umap(taken, plain, seed, progress) if spread else None
    if drawn is None:
        return Layout(rows, _fitted(plain), "PCA")
    return Layout(rows, np.float32(0.5) * (_fitted(drawn) + _ranked(drawn)), "UMAP")


def _sample(count: int, clusters: Sequence[Rows], seed: int) -> Rows:
    everything = np.arange(count, dtype=np.intp)
    if count <= MOST_POINTS:
        return everything
    generator = np.random.default_rng(seed)
    clustered = [np.asarray(rows, dtype=np.intp) for rows in clusters]
    rest = np.setdiff1d(everything, np.concatenate([everything[:0], *clustered]))
    taken = []
    for rows in (*clustered, rest):
        wanted = max(_LEAST_OF_A_CLUSTER, len(rows) * MOST_POINTS // count)
        taken.append(generator.permutation(rows)[:wanted])
    return np.sort(np.concatenate(taken))


def _principal(vectors: Vectors) -> Points:
    """The two principal components, each turned so that its largest part is positive."""
    centred = vectors.astype(np.float64) - (vectors.mean(axis=0) if len(vectors) else 0.0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    chosen = axes[:, ::-1][:, :2]
    largest = chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])]
    points = centred @ (chosen * np.where(largest < 0, -1.0, 1.0))
    flat = np.zeros((len(points), 2 - points.shape[1]))  # vectors of one number have one component
    return np.concatenate([points, flat], axis=1).astype(np.float32)


def _umap(vectors: Vectors, start: Points, seed: int, progress: Progress) -> Points | None:
    """UMAP's map; None without umap-learn. It brings numba along: nothing else may import it."""
    with warnings.catch_warnings():  # that tensorflow is missing, and that nothing can be added
        warnings.simplefilter("ignore")
        try:
            from threadpoolctl import threadpool_limits
            from umap import UMAP
        except ImportError:
            return None
        near = _neighbours(vectors, min(_NEIGHBOURS, len(vectors) - 1), progress)
        method = UMAP(
            n_neighbors=near[0].shape[1],
            metric="cosine",
            precomputed_knn=near,
            init=start,
            random_state=seed,
            n_jobs=1,  # several threads would make another map each time
        )
        # numba gives every library of the process that shares its OpenMP as many threads as there
        # are cores; leaving the limit gives each its own again.
        with threadpool_limits(1):
            return np.asarray(method.fit_transform(vectors), dtype=np.float32)


def _neighbours(vectors: Vectors, count: int, progress: Progress) -> _Near:
    """Nearest of each row, itself the first, with their cosine distances.

    Exact, and still half the time of umap-learn's own approximate search with its compilation.
    """
    found = np.empty((len(vectors), count), dtype=np.int64)
    distances = np.empty((len(vectors), count), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        progress("map", start, len(vectors))
        block = slice(start, start + _BLOCK)
        away = 1.0 - vectors[block] @ vectors.T
        own = np.arange(len(away))
        away[own, own + start] = -1.0  # first, also before one that says the same
        nearest = np.argpartition(away, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(away, nearest, axis=1).argsort(axis=1, kind="stable")
        found[block] = np.take_along_axis(nearest, order, axis=1)
        distances[block] = np.maximum(np.take_along_axis(away, found[block], axis=1), 0.0)
    progress("map", len(vectors), len(vectors))
    return found, distances


def _fitted(points: Points) -> Points:
    """Both axes stretched to [0, 1]; the few farthest points lie on the edge."""
    if not len(points):
        return points
    low, high = np.percentile(points, [_OUTSIDE, 100 - _OUTSIDE], axis=0)
    width = np.where(high > low, high - low, 1.0)
    middle = np.where(high > low, 0.0, 0.5)
    stretched: Points = np.clip((points - low) / width + middle, 0, 1).astype(np.float32)
    return stretched


def _ranked(points: Points) -> Points:
    """The order along each axis, in [0, 1]; half of it gives crowded places more room.

    What UMAP keeps, who is beside whom, stays; its distances mean nothing to begin with.
    """
    order = points.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return (order / max(len(points) - 1, 1)).astype(np.float32)
