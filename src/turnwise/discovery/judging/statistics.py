"""Clusters -> what geometry says of them: spread, separation, neighbours, whether they fall in two.

All is relative to the space, so that it means much the same for another encoder, language or
adaptation: a similarity is 0 where it is that of two utterances drawn at random, and 1 where it
is that of an utterance and its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.discovery.judging.halves import halve
from turnwise.discovery.neighbours import nearest

Column = NDArray[np.float64]  # Float64[n_clusters], or of members
Matrix = NDArray[np.float64]
Statistics = NDArray[np.float64]  # Float64[n_clusters, n_statistics]

NEIGHBOURS = 10
SHOWN = 150  # members, evenly spread over its rows, by which a larger cluster is described
NOWHERE = -1  # the cluster of an utterance that is in none
LEAST = 0.05  # of a similarity that others are divided by

GEOMETRY = (
    "size",  # logarithm
    "relative size",  # to the median cluster, logarithm
    "cohesion",  # mean similarity of its members
    "loosest cohesion",  # of their pairs, the tenth that is least similar
    "linkage",  # similarity to the nearest other cluster, to its own
    "linkage of nearest",  # the same, to that of the other
    "spread",  # members' distance to their centroid, to that to the nearest other centroid
    "widest spread",  # of the tenth that is farthest
    "misplaced",  # share of members that are nearer to another centroid
    "agreement",  # share of neighbours within, of as many as there are members at most
    "filling",  # share of all neighbours within
    "return",  # of those whose neighbours its members are, the share within
    "pull",  # share of neighbours outside that are in one other cluster
    "strongest pull",  # share of all neighbours that are in one other cluster
    "bridge",  # neighbours shared with that one, to those within both
    "density",  # similarity of members to their neighbours, wherever these are
    "halves",  # similarity of its two halves to each other, to that within them
    "balance",  # share of members in the smaller half
    "crossing",  # neighbours in the other half, to as many as chance would give
)


@dataclass(frozen=True)
class Surroundings:
    """What of a space does not depend on clusters, found once.

    Attributes:
        vectors: Float32[n, size].
        neighbours: of each row, Int[n, k]; nearness: its mean cosine to them, Float64[n].
        far, near: mean cosine of two utterances, and of an utterance and its neighbours.
    """

    vectors: Vectors
    neighbours: Rows = field(repr=False)
    nearness: Column = field(repr=False)
    far: float
    near: float

    @classmethod
    def of(cls, vectors: Vectors) -> Surroundings:
        """Look at a space of two utterances or more.

        Raises:
            ConfigError: it is large, and faiss is missing.
        """
        found = nearest(vectors, NEIGHBOURS)
        n = len(vectors)
        total = vectors.sum(axis=0, dtype=np.float64)
        far = float((total @ total - n) / max(n * (n - 1), 1))
        nearness = found.near.astype(np.float64).mean(axis=1) if n > 1 else np.ones(n)
        return cls(vectors, found.ids.astype(np.intp), nearness, far, float(nearness.mean()))

    def scaled(self, cosine: Matrix) -> Matrix:
        """0: as two drawn at random. 1: as neighbours."""
        scaled: Matrix = (cosine - self.far) / max(self.near - self.far, 1e-3)
        return scaled


@dataclass(frozen=True)
class Described:
    """Clusters in figures.

    Attributes:
        statistics: Float64[n_clusters, len(GEOMETRY)]. nearest: of each cluster, the position
            of the one that its members' neighbours are in most, its own where there is none.
    """

    statistics: Statistics
    nearest: Rows


def describe(around: Surroundings, clusters: Sequence[Rows]) -> Described:
    """Describe clusters that share no row; each has one or more."""
    sizes = np.array([len(rows) for rows in clusters], np.float64)
    sums = np.stack([around.vectors[rows].sum(axis=0, dtype=np.float64) for rows in clusters])
    columns = {"size": np.log(sizes), "relative size": np.log(sizes / np.median(sizes))}
    columns |= _linkage(around, sums, sizes)
    edges = _Edges.of(around, clusters)
    columns |= edges.columns()
    units = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    parts = [
        _members(around, rows, place, sums, units) | _within(around, edges, place, rows)
        for place, rows in enumerate(clusters)
    ]
    columns |= {name: np.array([part[name] for part in parts]) for name in parts[0]}
    return Described(np.stack([columns[name] for name in GEOMETRY], axis=1), edges.strongest)


def _linkage(around: Surroundings, sums: Matrix, sizes: Column) -> dict[str, Column]:
    """Similarity within each cluster, and to the one that is most similar."""
    products = sums @ sums.T
    pairs = np.maximum(sizes * (sizes - 1), 1)
    cosines = np.where(sizes > 1, (np.diag(products) - sizes) / pairs, around.near)
    within = around.scaled(cosines)
    if len(sizes) == 1:
        return {"cohesion": within, "linkage": np.zeros(1), "linkage of nearest": np.zeros(1)}
    between = around.scaled(products / np.outer(sizes, sizes))
    np.fill_diagonal(between, -np.inf)
    other = between.argmax(axis=1)
    best = between.max(axis=1)
    return {
        "cohesion": within,
        "linkage": np.clip(best / np.maximum(within, LEAST), -1, 3),
        "linkage of nearest": np.clip(best / np.maximum(within[other], LEAST), -1, 3),
    }


@dataclass(frozen=True)
class _Edges:
    """Which cluster the neighbours of every row are in.

    Attributes:
        found: Int[n, k], positions of clusters or NOWHERE.
        counts: Float64[n_clusters, n_clusters], neighbours in the second of members of the first.
        received: Float64[n_clusters], of how many rows its members are neighbours.
    """

    around: Surroundings
    found: Rows
    counts: Matrix
    received: Column
    sizes: Column

    @classmethod
    def of(cls, around: Surroundings, clusters: Sequence[Rows]) -> _Edges:
        n_clusters = len(clusters)
        owner = np.full(len(around.vectors), NOWHERE, np.intp)
        for place, rows in enumerate(clusters):
            owner[rows] = place
        found = owner[around.neighbours]
        mine = np.broadcast_to(owner[:, None], found.shape)
        both = (mine != NOWHERE) & (found != NOWHERE)
        flat = mine[both] * n_clusters + found[both]
        counts = np.bincount(flat, minlength=n_clusters**2).reshape(n_clusters, n_clusters)
        received = np.bincount(found[found != NOWHERE], minlength=n_clusters)
        sizes = np.array([len(rows) for rows in clusters], np.float64)
        return cls(around, found, counts.astype(np.float64), received.astype(np.float64), sizes)

    @property
    def strongest(self) -> Rows:
        """Of each cluster, the other one that most neighbours are in; itself where none is."""
        others = self.counts.copy()
        np.fill_diagonal(others, 0)
        found = others.argmax(axis=1)
        return np.where(others.max(axis=1) > 0, found, np.arange(len(found)))

    def columns(self) -> dict[str, Column]:
        places, other = np.arange(len(self.sizes)), self.strongest
        within = np.diag(self.counts)
        outgoing = np.where(other == places, 0.0, self.counts[places, other])
        incoming = np.where(other == places, 0.0, self.counts[other, places])
        every = np.maximum(self.found.shape[1] * self.sizes, 1)
        inner = np.sqrt(np.maximum(within, 1) * np.maximum(within[other], 1))
        return {
            "filling": within / every,
            "return": within / np.maximum(self.received, 1),
            "pull": outgoing / np.maximum(every - within, 1),
            "strongest pull": outgoing / every,
            "bridge": np.clip((outgoing + incoming) / (2 * inner), 0, 3),
        }

    def agreement(self, place: int, rows: Rows) -> float:
        k = max(min(self.found.shape[1], len(rows) - 1), 1)
        return float((self.found[rows, :k] == place).mean())


def _members(
    around: Surroundings, rows: Rows, place: int, sums: Matrix, units: Matrix
) -> dict[str, float]:
    """How far members are from their centroid, each itself left out, and from another one."""
    shown = _shown(rows)
    vectors = around.vectors[shown]
    total = sums[place]
    own = (vectors @ total.astype(np.float32)).astype(np.float64)
    length = np.sqrt(np.maximum(total @ total - 2 * own + 1, 1e-9))
    to_own = 1 - (own - 1) / length if len(rows) > 1 else np.zeros(len(rows))
    cosines = vectors @ units.T.astype(np.float32)
    cosines[:, place] = -1
    ratios = to_own / np.maximum(1 - cosines.max(axis=1), 0.02)
    cosines_within = (vectors @ vectors.T)[np.triu_indices(len(shown), 1)]
    pairs = around.scaled(cosines_within.astype(np.float64))
    return {
        "loosest cohesion": float(np.percentile(pairs, 10)) if len(pairs) else 1.0,
        "spread": float(np.clip(ratios.mean(), 0, 3)),
        "widest spread": float(np.clip(np.percentile(ratios, 90), 0, 3)),
        "misplaced": float((ratios >= 1).mean()),
        "density": float(around.scaled(around.nearness[rows].mean())),
    }


def _within(around: Surroundings, edges: _Edges, place: int, rows: Rows) -> dict[str, float]:
    """Whether neighbours are members, and whether members fall in two."""
    shown = _shown(rows)
    vectors = around.vectors[shown]
    found = {"agreement": edges.agreement(place, rows)}
    side = halve(vectors)
    first, second = int(side.sum()), int((~side).sum())
    if not first or not second:
        return found | {"halves": 1.0, "balance": 0.0, "crossing": 1.0}
    one, other = (vectors[half].sum(axis=0, dtype=np.float64) for half in (side, ~side))
    inner = [
        around.scaled((half @ half - n) / (n * (n - 1))) if n > 1 else np.ones(())
        for half, n in ((one, first), (other, second))
    ]
    mean = (first * inner[0] + second * inner[1]) / len(shown)
    between = around.scaled(one @ other / (first * second))
    return found | {
        "halves": float(np.clip(between / np.maximum(mean, LEAST), -1, 2)),
        "balance": min(first, second) / len(shown),
        "crossing": _crossing(around, shown, side),
    }


def _crossing(around: Surroundings, shown: Rows, side: NDArray[np.bool_]) -> float:
    order = np.argsort(shown, kind="stable")
    found = around.neighbours[shown]
    at = np.minimum(np.searchsorted(shown, found, sorter=order), len(shown) - 1)
    inside = shown[order[at]] == found
    crosses = (side[order[at]] != side[:, None]) & inside
    share = side.mean()
    by_chance = max(2 * share * (1 - share), 0.02)
    return float(crosses.sum() / max(inside.sum(), 1) / by_chance)


def _shown(rows: Rows) -> Rows:
    if len(rows) <= SHOWN:
        return rows
    return rows[np.linspace(0, len(rows) - 1, SHOWN).astype(np.intp)]
