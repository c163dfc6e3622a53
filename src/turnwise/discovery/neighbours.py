"""Who is near whom: the k nearest neighbours of every vector.

Exact up to 20,000 vectors, block by block; above that by an inverted file (faiss), which looks
only into the cells next to a vector, so that time grows little faster than their number.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Vectors
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent

EXACT_MOST = 20_000  # vectors; exact search of so many takes seconds
BLOCK = 1_024  # rows whose similarities are held at once
CELLS_PER_ROOT = 4  # cells = 4 * sqrt(n), the usual choice for an inverted file
PROBES = 16  # cells looked into
POINTS_PER_CELL = 40  # that cells are learnt from
ROUNDS = 4  # in which cells are learnt: they need not be good ones
DECIMALS = 5  # of a cosine; nearer than that two neighbours count as equally near


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest neighbours of n vectors, each vector itself left out.

    Attributes:
        ids: Int32[n, k], the nearest first; equally near ones in their order.
        near: Float32[n, k], their cosines, in [-1, 1].
    """

    ids: NDArray[np.int32]
    near: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, k: int) -> Neighbours:
        """The k nearest of them."""
        return Neighbours(self.ids[:, :k], self.near[:, :k])


def nearest(vectors: Vectors, k: int, progress: Progress = silent) -> Neighbours:
    """Return the k nearest neighbours of each vector, fewer where there are fewer.

    Args:
        vectors: Float32[n, size], rows of unit length.
        k: 1 or more; cut to n - 1.
        progress: told of vectors searched for.

    Raises:
        ConfigError: there are more vectors than are searched exactly, and faiss is missing.
    """
    k = min(k, len(vectors) - 1)
    if k < 1:
        empty = (len(vectors), 0)
        return Neighbours(np.empty(empty, np.int32), np.empty(empty, np.float32))
    vectors = np.ascontiguousarray(vectors, np.float32)
    if len(vectors) <= EXACT_MOST:
        return _exact(vectors, k, progress)
    return _by_cells(vectors, k, progress)


def _exact(vectors: Vectors, k: int, progress: Progress) -> Neighbours:
    n = len(vectors)
    ids, near = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        cosines = np.round(vectors[rows] @ vectors.T, DECIMALS)
        own = np.arange(rows.stop - start)
        cosines[own, own + start] = -2
        chosen = _largest(cosines, k)
        ids[rows], near[rows] = chosen, np.take_along_axis(cosines, chosen, axis=1)
        progress("neighbours", rows.stop, n)
    return Neighbours(ids, np.clip(near, -1, 1))


def _largest(cosines: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Columns of the k largest of each row, the largest first, equal ones in their order.

    One key orders both: the cosine as a whole number, and behind it the column.
    """
    n = cosines.shape[1]
    keys = np.rint(cosines * -(10**DECIMALS)).astype(np.int64) * n + np.arange(n)
    few = np.partition(keys, k - 1, axis=1)[:, :k]
    few.sort(axis=1)
    columns: NDArray[np.intp] = (few % n).astype(np.intp)
    return columns


def _by_cells(vectors: Vectors, k: int, progress: Progress) -> Neighbours:
    n = len(vectors)
    index = _index(vectors)
    ids, near = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        found_near, found = index.search(vectors[rows], k + 1)
        own = np.arange(start, rows.stop)[:, None]
        ids[rows], near[rows] = _without_self(found, found_near, own)
        progress("neighbours", rows.stop, n)
    return Neighbours(ids, np.clip(near, -1, 1))


def _index(vectors: Vectors) -> Any:  # faiss has no types
    faiss = _faiss()
    n, size = vectors.shape
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(size),
        size,
        int(CELLS_PER_ROOT * n**0.5),
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.max_points_per_centroid = POINTS_PER_CELL
    index.cp.min_points_per_centroid = 1
    index.cp.niter = ROUNDS
    index.nprobe = PROBES
    index.train(vectors)
    index.add(vectors)
    return index


def _without_self(
    found: NDArray[np.int64], near: NDArray[np.float32], own: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Drop one column of each row, itself or else the farthest, and order equal ones.

    Where fewer than k were found, -1 stands in the answer: the vector itself takes the place,
    at a cosine of 0.
    """
    near = np.where((found == own) | (found < 0), -2, np.round(near, DECIMALS))
    order = np.lexsort((found, -near), axis=1)[:, :-1]
    ids = np.take_along_axis(found, order, axis=1)
    cosines = np.take_along_axis(near, order, axis=1)
    missing = cosines < -1.5
    return (
        np.where(missing, own, ids).astype(np.int32),
        np.where(missing, 0, cosines).astype(np.float32),
    )


def _faiss() -> Any:
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        raise ConfigError(
            f"neighbours of more than {EXACT_MOST:,} utterances need faiss",
            hint="Run: pip install 'turnwise[discover]'",
        ) from error
