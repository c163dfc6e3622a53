"""Communities of the graph of nearest neighbours: clusters at a cost that grows near linearly.

Each utterance is tied to its nearest neighbours by their cosine; Leiden (Traag, Waltman and van
Eck, Scientific Reports 9, 2019) finds the communities of greatest modularity at a resolution: the
higher it is, the more communities there are.
"""

from __future__ import annotations

import ctypes
import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Vectors
from turnwise.discovery.libraries import library
from turnwise.discovery.neighbours import nearest

NEIGHBOURS = 15  # of 10, 15 and 25 the best on most sets; at few utterances fewer
SMALLEST_GAIN = 1e-5  # of modularity, for which Leiden goes on


def neighbour_graph(vectors: Vectors) -> Any:  # scipy has no types
    """Tie each of n rows to its nearest ones.

    Args:
        vectors: Float32[n, size], rows of unit length; n is 2 or more.

    Returns:
        A sparse Float[n, n], symmetric: the cosine of rows one of which is among the nearest of
        the other.
    """
    n = len(vectors)
    count = min(NEIGHBOURS, n - 1, 1 + math.isqrt(n))
    found = nearest(vectors, count)
    weights = np.maximum(found.near.ravel().astype(np.float64), 0.0)
    starts = np.arange(0, n * count + 1, count)
    directed = library("scipy.sparse").csr_matrix(
        (weights, found.ids.ravel(), starts), shape=(n, n)
    )
    return directed.maximum(directed.T).tocsr()


def communities(graph: Any, resolution: float, seed: int) -> NDArray[np.intp]:
    """Find the communities of a graph.

    Args:
        graph: as `neighbour_graph` makes it.
        resolution: over 0; 1 is modularity as it was first defined.
        seed: of the order in which the rows are visited.

    Returns:
        Int[n]: the community of each row, from 0, by size.
    """
    if not graph.nnz:
        return np.arange(graph.shape[0], dtype=np.intp)
    _seed_c_library(seed)
    method = library("sknetwork.clustering").Leiden(
        resolution=resolution, tol_aggregation=SMALLEST_GAIN, shuffle_nodes=True, random_state=seed
    )
    return np.asarray(method.fit_predict(graph), dtype=np.intp)


def _seed_c_library(seed: int) -> None:
    """Seed `rand` of C: scikit-network's Leiden draws from it where it refines communities."""
    name = "msvcrt" if sys.platform == "win32" else None
    ctypes.CDLL(name).srand(seed)
