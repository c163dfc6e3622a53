"""Clusters whose names say the same become one.

As in S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for Customer Service
Dialogues) the *names* are compared, as the encoder reads them, and not the centroids: two clusters
that word one intent differently lie apart, and have one name all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from turnwise.clusters import ClusterName, Merge, Rows, Vectors
from turnwise.encoders import Encoder

BEYOND = 0.15  # cosine distance beyond theta up to which two names are worth a person's look
TO_DECIDE = 30  # merges at most that a person is asked about


@dataclass(frozen=True, slots=True)
class Merged:
    """Clusters after merging.

    Attributes:
        clusters: rows of the space, ascending, no row in two. names: of each, all different.
        parts: for each the positions of the clusters that it was made of.
        merges: those done, without what followed from them; then those to decide, between
            clusters as they are now; the nearest first.
    """

    clusters: tuple[Rows, ...]
    names: tuple[ClusterName, ...]
    parts: tuple[tuple[int, ...], ...]
    merges: tuple[Merge, ...]


def merge_clusters(
    clusters: Sequence[Rows], names: Sequence[ClusterName], encoder: Encoder, theta: float
) -> Merged:
    """Merge clusters whose names are nearer than `theta`, also along chains of such names.

    A merged cluster has the name of its largest part.

    Args:
        clusters: no row in two. names: of each.
        theta: cosine distance of two names, in [0, 1]; at 0 nothing is merged.

    Returns:
        The clusters in the order of their first parts.
    """
    distances = _distances(names, encoder)
    group = list(range(len(clusters)))  # of each cluster, the first of those it is merged with
    done = []
    for one, other in _nearer(distances, theta):
        low, high = sorted((group[one], group[other]))
        if low != high:
            group = [low if first == high else first for first in group]
            done.append(_merge(names, one, other, distances, done=True))
    parts = [[at for at, own in enumerate(group) if own == first] for first in sorted(set(group))]
    largest = [max(some, key=lambda at: (len(clusters[at]), -at)) for some in parts]
    kept = tuple(names[at] for at in largest)
    apart = distances[np.ix_(largest, largest)]
    near = [_merge(kept, *pair, apart, done=False) for pair in _nearer(apart, theta + BEYOND)]
    return Merged(
        clusters=tuple(np.sort(np.concatenate([clusters[at] for at in some])) for some in parts),
        names=kept,
        parts=tuple(map(tuple, parts)),
        merges=(*done, *near[:TO_DECIDE]),
    )


def name_vectors(names: Sequence[ClusterName], encoder: Encoder) -> Vectors:
    """Names -> Float32[n_names, size], rows of unit length: a name read as words."""
    return encoder.encode([" ".join(one.name.split("-")) for one in names])


def _distances(names: Sequence[ClusterName], encoder: Encoder) -> Vectors:
    """Cosine distances of names, Float32[n_names, n_names]."""
    vectors = name_vectors(names, encoder)
    distances: Vectors = np.clip(1.0 - vectors @ vectors.T, 0.0, 2.0)
    words = np.array([one.name for one in names])
    distances[words[:, None] == words] = 0.0  # whatever rounding says
    return distances


def _nearer(distances: Vectors, limit: float) -> list[tuple[int, int]]:
    """The pairs that are nearer than a limit, the nearest first."""
    pairs = np.argwhere(np.triu(distances < limit, 1)).tolist()
    return sorted(((one, other) for one, other in pairs), key=lambda pair: distances[pair])


def _merge(
    names: Sequence[ClusterName], one: int, other: int, distances: Vectors, *, done: bool
) -> Merge:
    return Merge(names[one].name, names[other].name, 1.0 - float(distances[one, other]), done)
