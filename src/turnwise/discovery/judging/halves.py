"""The two halves that a cluster falls into, if it does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Vectors

FEWEST = 4  # members, under which a cluster is not divided
TURNS = 8  # of the power iteration, and of the two means


def halve(vectors: Vectors) -> NDArray[np.bool_]:
    """Divide by 2-means, begun along the first principal axis.

    Args:
        vectors: Float32[n, size].

    Returns:
        Bool[n], the half of each; all alike where there are too few or nothing to divide.
    """
    n = len(vectors)
    centred = vectors - vectors.mean(axis=0)
    lengths = np.einsum("ij,ij->i", centred, centred)
    if n < FEWEST or lengths.max() < 1e-9:
        return np.zeros(n, bool)
    axis = centred[lengths.argmax()]
    for _ in range(TURNS):
        axis = centred.T @ (centred @ axis)
        axis /= max(float(np.linalg.norm(axis)), 1e-12)
    side: NDArray[np.bool_] = centred @ axis > 0
    for _ in range(TURNS):
        if side.all() or not side.any():
            break
        one, other = vectors[side].mean(axis=0), vectors[~side].mean(axis=0)
        moved = vectors @ (one - other) > (one @ one - other @ other) / 2
        if (moved == side).all():
            break
        side = moved
    return side
