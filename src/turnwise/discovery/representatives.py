"""Which utterances stand for a cluster before a judge or a namer that reads.

`convex` shows a cluster's extremes: the corners of its hull in few dimensions, where whatever
does not belong lies (S4). `nearest` shows what is typical, `farthest` what is not, `random` a
fair sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.discovery.config import DiscoveryConfig, Sampling
from turnwise.errors import ConfigError

HULL_OF = 2000  # members that a hull is laid around; of more, a draw

Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sampler:
    """How representatives are chosen.

    Attributes:
        sampling: see above. size: how many, fewer where the cluster has fewer.
        dimensions: in which the hull of `convex` is laid, 2 to 8.
        seed: of what is drawn.
    """

    sampling: Sampling = "convex"
    size: int = 20
    dimensions: int = 2
    seed: int = 0

    @classmethod
    def of(cls, config: DiscoveryConfig) -> Sampler:
        return cls(config.sampling, config.sample, config.dimensions, config.seed)

    def draw(self, vectors: Vectors, rows: Rows, repeat: int = 0) -> Rows:
        """Choose among the rows of a cluster.

        Args:
            vectors: Float32[n, size] of the whole space, unit length.
            rows: of the cluster, one or more.
            repeat: number of the draw. `nearest` and `farthest` are the same in each; of
                `convex`, corners that there are too many of and what fills up are drawn anew.

        Returns:
            `size` different ones of `rows` at most; all of them, in their order, where they are
            no more.

        Raises:
            ConfigError: `convex`, without scipy.
        """
        if len(rows) <= self.size:
            return rows
        members = vectors[rows]
        generator = np.random.default_rng([self.seed, repeat, len(rows), int(rows[0])])
        if self.sampling == "random":
            return rows[np.sort(generator.permutation(len(rows))[: self.size])]
        if self.sampling == "convex":
            return rows[self._corners(members, generator)]
        nearness = members @ members.mean(axis=0)
        order = np.argsort(nearness if self.sampling == "farthest" else -nearness, kind="stable")
        return rows[order[: self.size]]

    def _corners(self, members: Vectors, generator: Generator) -> Rows:
        """Corners of the hull, in a random order, then any others."""
        drawn = generator.permutation(len(members))
        corners = hull_corners(flatten(members[drawn[:HULL_OF]], self.dimensions))
        first = generator.permutation(drawn[corners])
        others = drawn[~np.isin(drawn, first)]
        return np.concatenate([first, others])[: self.size]


def flatten(members: Vectors, dimensions: int) -> NDArray[np.float64]:
    """Their principal components, Float64[n, d]; those in which they do not differ are left out.

    d is `dimensions` at most, and 0 where all members are the same.
    """
    centred = members.astype(np.float64) - members.mean(axis=0, dtype=np.float64)
    if len(members) < members.shape[1]:  # of few members, their own products are far fewer
        strengths, sides = np.linalg.eigh(centred @ centred.T)
        varied = _strongest(strengths, dimensions, len(members))
        few: NDArray[np.float64] = sides[:, varied] * np.sqrt(strengths[varied])
        return few
    strengths, axes = np.linalg.eigh(centred.T @ centred)
    flat: NDArray[np.float64] = centred @ axes[:, _strongest(strengths, dimensions, len(members))]
    return flat


def _strongest(strengths: NDArray[np.float64], dimensions: int, n: int) -> Rows:
    strongest = np.argsort(-strengths, kind="stable")[:dimensions]
    return strongest[strengths[strongest] > 1e-9 * n]


def hull_corners(points: NDArray[np.float64]) -> Rows:
    """The corners of the convex hull of points, Float64[n, d] -> Int[n_corners].

    In one dimension both ends; without any dimension the first point.
    """
    if points.shape[1] < 2 or len(points) <= points.shape[1]:
        ends = [points[:, 0].argmin(), points[:, 0].argmax()] if points.shape[1] else [0]
        return np.unique(np.array(ends, np.intp))
    try:
        spatial = import_module("scipy.spatial")
    except ImportError as error:
        raise ConfigError(
            "a convex hull needs scipy",
            field="discovery.sampling",
            hint="pip install 'turnwise[discover]', or choose another sampling",
        ) from error
    try:
        return np.sort(spatial.ConvexHull(points).vertices).astype(np.intp)
    except spatial.QhullError:  # points so near to a line that there is no hull to be told from it
        return hull_corners(points[:, :1])
