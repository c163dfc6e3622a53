"""Who speaks, where the log does not tell: read off the names of clusters.

As in S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for Customer Service
Dialogues): a cluster is the customers' if its action is one of theirs (inquire, request, complain,
report, ...), else the agents'. Each side is then clustered again by itself, which keeps a question
and the answer to it apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from turnwise.clusters import ClusterName, Rows, Space, Vectors
from turnwise.conversations import Role
from turnwise.discovery.loop import FEWEST, Found, in_whole
from turnwise.discovery.naming.actions import is_customers

SIDES: tuple[Role, Role] = ("customer", "agent")


@dataclass(frozen=True, slots=True)
class Sides:
    """The utterances of each side: rows of the space, ascending; together all of them."""

    customer: Rows
    agent: Rows


def tells_roles(space: Space) -> bool:
    """Whether the log says of most utterances who speaks."""
    return 2 * sum(one.role is not None for one in space.utterances) > len(space)


def split_by_names(space: Space, clusters: Sequence[Rows], names: Sequence[ClusterName]) -> Sides:
    """Split utterances by who speaks.

    An utterance with a role keeps it (a bot is on the agents' side). One of a cluster has the
    cluster's side by its name, one of none the side of the cluster with the nearest centroid; the
    customers', where there is no cluster.

    Args:
        clusters: no row in two. names: of each.
    """
    customers = np.ones(len(space), bool)
    if clusters:
        theirs = np.array([is_customers(name.action) for name in names])
        customers = theirs[_nearest(space, clusters)]
        for rows, is_theirs in zip(clusters, theirs, strict=True):
            customers[rows] = is_theirs
    for row, utterance in enumerate(space.utterances):
        if utterance.role is not None:
            customers[row] = utterance.role == "customer"
    return Sides(np.flatnonzero(customers), np.flatnonzero(~customers))


def with_roles(space: Space, sides: Sides) -> Space:
    """The space with a role for every utterance that has none."""
    spoken: dict[int, Role] = {}
    for role, rows in zip(SIDES, (sides.customer, sides.agent), strict=True):
        spoken.update(dict.fromkeys(map(int, rows), role))
    utterances = tuple(
        one if one.role is not None else replace(one, role=spoken[row])
        for row, one in enumerate(space.utterances)
    )
    return replace(space, utterances=utterances)


def cluster_sides(space: Space, sides: Sides, cluster: Callable[[Role, Space], Found]) -> Found:
    """Cluster each side by itself, and put what was found together again.

    A side with fewer utterances than can be clustered is left as it is.

    Args:
        cluster: finds the clusters of one side: given whose it is, and its space.
    """
    found: list[Found] = []
    for role, rows in zip(SIDES, (sides.customer, sides.agent), strict=True):
        if len(rows) < FEWEST:
            found.append(Found((), (), (), rows, ()))
        else:
            found.append(
                in_whole(
                    cluster(role, space.take(rows)), rows, sum(len(one.rounds) for one in found)
                )
            )
    return Found(
        clusters=tuple(rows for one in found for rows in one.clusters),
        scores=tuple(score for one in found for score in one.scores),
        rounds=tuple(log for one in found for log in one.rounds),
        left=np.sort(np.concatenate([one.left for one in found])),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
    )


def _nearest(space: Space, clusters: Sequence[Rows]) -> Rows:
    """The position of the cluster with the nearest centroid, for every row of the space."""
    means = np.stack([space.vectors[rows].mean(axis=0) for rows in clusters])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    centroids: Vectors = means / np.maximum(lengths, 1e-9)
    nearest: Rows = np.argmax(space.vectors @ centroids.T, axis=1)
    return nearest
