"""Which utterances a person is shown of a cluster: typical ones, each in other words."""

from __future__ import annotations

import numpy as np

from turnwise.clusters import Rows, Vectors

EXAMPLES = 10  # of a cluster, to show and to write down
NEAREST = 200  # members that examples are chosen of
SAME = 0.9  # cosine of two examples from which on one of them is enough


def typical_rows(vectors: Vectors, members: Rows) -> list[int]:
    """The members nearest to their cluster's centre, without those that say what another one says.

    Where too few differ, the nearest of the others follow.

    Args:
        vectors: Float32[n, size] of the whole space, rows of unit length.
        members: of the cluster, those that belong to it most clearly first.
    """
    own = vectors[members[:NEAREST]]
    order = [int(at) for at in np.argsort(-(own @ own.mean(axis=0)), kind="stable")]
    taken: list[int] = []
    for at in order:
        if not taken or float((own[taken] @ own[at]).max()) < SAME:
            taken.append(at)
        if len(taken) == EXAMPLES:
            break
    others = [at for at in order if at not in taken]
    return [int(members[at]) for at in (*taken, *others)[:EXAMPLES]]
