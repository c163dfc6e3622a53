"""The candidate set N: how many clusters, or which resolutions, a round tries.

Where nobody names candidates, a wide ladder of them is clustered, which costs little beside
judging, and those go before the judge whose clusters stand apart best: their silhouette is near
the best of the ladder. A judge alone accepts clusters that are too small, which would make many
of them. The silhouette is measured on vectors adapted to each other; on an encoder's own ones it
grows with the number of clusters far beyond that of the intents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.discovery.clusterings import chosen_method
from turnwise.discovery.config import Method

STEP = 1.25  # from one candidate to the next: no number of clusters is far from all of them
MOST = 20  # candidates, for which the step grows
FEWEST = 2.0  # clusters
LOWEST = 0.5  # resolution
ROWS = 80  # utterances for which the highest resolution grows by one
MEMBERS = 10  # utterances of a mean cluster at the largest count
MOST_CLUSTERS = 500  # at that; k-means and mixtures take rows times clusters
NEAR_BEST = 0.99  # of the best silhouette: where the intents of public sets were found again
MOST_JUDGED = 8
SAMPLED = 10_000  # rows at most that a silhouette is the mean of, evenly spread
BLOCK = 4_096  # rows compared with all centroids at once


def lay_out(method: Method, n: int) -> tuple[float, ...]:
    """A ladder of candidates for n utterances, evenly by ratio, ascending.

    Args:
        n: 2 or more.

    Returns:
        Numbers of clusters; resolutions where the method is communities of a graph.
    """
    if chosen_method(method) == "graph":
        return _ladder(LOWEST, max(2.0, n / ROWS))
    counts = _ladder(FEWEST, max(FEWEST + 1, min(n / MEMBERS, MOST_CLUSTERS)))
    return tuple(dict.fromkeys(float(round(one)) for one in counts))


def screen(vectors: Vectors, clusterings: Sequence[Sequence[Rows]]) -> list[int]:
    """Choose the clusterings that are worth a judge's time.

    Args:
        vectors: Float32[n, size], rows of unit length, adapted to each other.
        clusterings: of these rows, one or more, by rising candidate.

    Returns:
        Positions, ascending: from the first whose silhouette is near the best up to the best.
    """
    found = np.array([silhouette(vectors, clusters) for clusters in clusterings])
    best = int(found.argmax())
    first = int(np.flatnonzero(found >= best_share(found[best]))[0])
    inside = [place for place in range(first, best + 1) if found[place] > -1.0]
    if len(inside) <= MOST_JUDGED:
        return inside or [best]
    return sorted({inside[round(one)] for one in np.linspace(0, len(inside) - 1, MOST_JUDGED)})


def silhouette(vectors: Vectors, clusters: Sequence[Rows]) -> float:
    """Mean simplified silhouette: the own centroid against the nearest other one.

    Hruschka, de Castro and Campello (ICDM 2004). Rows without a cluster do not count;
    of many rows every few are looked at, against the centroids of all.

    Returns:
        In [-1, 1]; -1 where there are fewer than two clusters.
    """
    if len(clusters) < 2:
        return -1.0
    sums = np.stack([vectors[rows].sum(axis=0) for rows in clusters])
    centroids = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    own = np.repeat(np.arange(len(clusters)), [len(rows) for rows in clusters])
    every = np.concatenate(list(clusters))
    step = math.ceil(len(every) / SAMPLED)
    every, own = every[::step], own[::step]
    total = 0.0
    for start in range(0, len(every), BLOCK):
        rows, mine = every[start : start + BLOCK], own[start : start + BLOCK]
        total += float(_silhouettes(vectors[rows] @ centroids.T, mine).sum())
    return total / len(every)


def best_share(best: float) -> float:
    """The silhouette from which on one is near the best."""
    return best - (1 - NEAR_BEST) * abs(best)


def _silhouettes(cosines: NDArray[np.float32], own: NDArray[np.intp]) -> NDArray[np.float32]:
    here = np.arange(len(own))
    inner = 1 - cosines[here, own]
    cosines[here, own] = -np.inf
    outer = 1 - cosines.max(axis=1)
    found: NDArray[np.float32] = (outer - inner) / np.maximum(np.maximum(outer, inner), 1e-9)
    return found


def _ladder(lowest: float, highest: float) -> tuple[float, ...]:
    steps = min(MOST - 1, max(1, math.ceil(math.log(highest / lowest, STEP))))
    ratio = (highest / lowest) ** (1 / steps)
    return tuple(round(lowest * ratio**step, 4) for step in range(steps + 1))
