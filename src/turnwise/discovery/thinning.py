"""Large logs are thinned out before clusters are looked for, and filled up again behind it.

The more utterances there are, the nearer each one's neighbours: clusters of neighbours shrink to
pieces of an intent, and their number tells how much was logged instead of what was said. Among a
sample of one size it does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turnwise.clusters import Rows, Space, Vectors
from turnwise.discovery.adaptation import NEIGHBOURS, smooth
from turnwise.discovery.neighbours import nearest
from turnwise.discovery.settling import homes

WHOLE = 4_500  # utterances up to which all are clustered
SAMPLE = 2_500  # of more; where a set's intents were found again, whatever its size


def looked_at(n: int, seed: int) -> Rows:
    """The rows of n that clusters are looked for among, ascending: all, or a sample by lot."""
    if n <= WHOLE:
        return np.arange(n, dtype=np.intp)
    drawn: Rows = np.sort(np.random.default_rng(seed).permutation(n)[:SAMPLE])
    return drawn


def thinned(space: Space, rows: Rows, *, adapted: bool) -> Space:
    """The space of some rows, drawn to the neighbours that are left where it was adapted."""
    found = space.take(rows)
    if not adapted:
        return found
    vectors = smooth(found.vectors, nearest(found.vectors, NEIGHBOURS))
    return Space(found.utterances, vectors, found.plain)


def fill_up(vectors: Vectors, clusters: Sequence[Rows], seen: Rows) -> tuple[list[Rows], Rows]:
    """Let the rows that were not looked at join the clusters that are nearest to them.

    Args:
        vectors: Float32[n, size], rows of unit length, of all.
        clusters: rows, no row in two. seen: the rows that were looked at, ascending.

    Returns:
        The clusters in their order, rows ascending, and those of the others that are not about
        as near to any as its members are.
    """
    others = np.setdiff1d(np.arange(len(vectors), dtype=np.intp), seen)
    if not clusters:
        return [], others
    home = homes(vectors, clusters, others, clearly=1.0)
    joined = [np.union1d(rows, others[home == place]) for place, rows in enumerate(clusters)]
    return joined, others[home < 0]
