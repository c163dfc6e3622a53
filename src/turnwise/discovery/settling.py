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
    sums = np.stack([vectors[rows].sum(axis=0) for rows in clusters])
    lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
    sizes = np.array([len(rows) for rows in clusters])
    home = np.concatenate(
        [
            _home(
                vectors[left[start : start + BLOCK]] @ (sums / lengths[:, None]).T, lengths / sizes
            )
            for start in range(0, len(left), BLOCK)
        ]
    )
    joined = [np.union1d(rows, left[home == place]) for place, rows in enumerate(clusters)]
    return joined, left[home < 0]


def _home(cosines: NDArray[np.float32], inner: NDArray[np.float32]) -> Rows:
    """The cluster that each row clearly belongs to, or -1.

    Args:
        cosines: Float32[rows, clusters]. inner: the members' mean cosine, by cluster.
    """
    nearest = cosines.argmax(axis=1)
    two = np.partition(cosines, -2, axis=1)[:, -2:]
    clearly = (1 - two[:, 1]) < CLEARLY * (1 - two[:, 0])
    return np.where(clearly & (two[:, 1] >= AS_NEAR * inner[nearest]), nearest, -1)
