"""The last step of the loop: left-overs that clearly belong to a kept cluster join it.

Most of what is left stood in a cluster that mixed two intents, one of which was kept elsewhere.
A row joins the cluster whose centroid is nearest where every other one is clearly farther, and
where it is about as near as the members are; the rest stays unclustered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors

CLEARLY = 0.9  # of the distance to the second nearest centroid
AS_NEAR = 0.5  # of the members' mean cosine to their centroid
BLOCK = 4_096  # rows compared with all centroids at once


def settle(vectors: Vectors, clusters: Sequence[Rows], left: Rows) -> tuple[list[Rows], Rows]:
    """Let left-over rows join clusters.

    Args:
        vectors: Float32[n, size], rows of unit length.
        clusters: no row in two. left: rows in none of them, ascending.

    Returns:
        The clusters in their order, rows ascending, and the rows that are still in none.
    """
    if len(clusters) < 2 or not len(left):
        return list(clusters), left
    home = homes(vectors, clusters, left, CLEARLY)
    joined = [np.union1d(rows, left[home == place]) for place, rows in enumerate(clusters)]
    return joined, left[home < 0]


def homes(vectors: Vectors, clusters: Sequence[Rows], rows: Rows, clearly: float) -> Rows:
    """The cluster that each of some rows belongs to, Int[n_rows], or -1.

    Args:
        clusters: one or more. clearly: share of the distance to the second nearest centroid that
            the one to the nearest is under; 1 takes any.
    """
    sums = np.stack([vectors[one].sum(axis=0) for one in clusters])
    lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
    inner = lengths / np.array([len(one) for one in clusters])
    centroids = (sums / lengths[:, None]).T
    found = [
        _home(vectors[rows[start : start + BLOCK]] @ centroids, inner, clearly)
        for start in range(0, len(rows), BLOCK)
    ]
    return np.concatenate([np.empty(0, np.intp), *found])


def _home(cosines: NDArray[np.float32], inner: NDArray[np.float32], clearly: float) -> Rows:
    """The same for one block.

    Args:
        cosines: Float32[rows, clusters]. inner: the members' mean cosine, by cluster.
    """
    home = cosines.argmax(axis=1)
    best = cosines[np.arange(len(cosines)), home]
    near = best >= AS_NEAR * inner[home]
    if clearly < 1 and cosines.shape[1] > 1:
        second = np.partition(cosines, -2, axis=1)[:, -2]
        near &= 1 - best < clearly * (1 - second)
    return np.where(near, home, -1)
