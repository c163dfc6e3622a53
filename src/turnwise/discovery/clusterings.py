"""Base clusterings: vectors -> clusters, for a number of clusters or a resolution.

    cut = clusterer_for("auto")(vectors, seed)
    clusters = cut(50)

What does not depend on the candidate, such as a tree of merges or a graph of neighbours, is made
once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.discovery.config import Method
from turnwise.discovery.graph import communities, neighbour_graph
from turnwise.discovery.libraries import library

STARTS = 5  # of k-means, the best of which counts
VARIANCE_FLOOR = 1e-4  # added to each variance of a mixture; one of unit rows is about 1 / size

Cut = Callable[[float], list[Rows]]


class Clusterer(Protocol):
    """Makes clusters of vectors."""

    def __call__(self, vectors: Vectors, seed: int, /) -> Cut:
        """Prepare to cluster.

        Args:
            vectors: Float32[n, size], rows of unit length; n is 2 or more.
            seed: of whatever is drawn.

        Returns:
            candidate -> clusters: each its rows, ascending; no row is in two, and one that
            belongs nowhere is in none. The candidate is a number of clusters, for `by_graph` a
            resolution.
        """
        ...


def clusterer_for(method: Method) -> Clusterer:
    """The clustering of that name."""
    return _CLUSTERERS[chosen_method(method)]


def chosen_method(method: Method) -> Method:
    """What `auto` stands for: communities were better than the others at every size."""
    return "graph" if method == "auto" else method


def by_kmeans(vectors: Vectors, seed: int) -> Cut:
    """k-means on the unit sphere."""
    cluster = library("sklearn.cluster")

    def cut(candidate: float) -> list[Rows]:
        count = _count(candidate, len(vectors))
        method = cluster.KMeans(count, n_init=STARTS, random_state=seed)
        return groups(method.fit_predict(vectors))

    return cut


def by_mixture(vectors: Vectors, seed: int) -> Cut:
    """A mixture of Gaussians with diagonal covariances."""
    mixture = library("sklearn.mixture")

    def cut(candidate: float) -> list[Rows]:
        count = _count(candidate, len(vectors))
        method = mixture.GaussianMixture(
            count, covariance_type="diag", reg_covar=VARIANCE_FLOOR, random_state=seed
        )
        return groups(method.fit_predict(vectors.astype(np.float64)))

    return cut


def by_ward(vectors: Vectors, seed: int) -> Cut:
    """Agglomeration by least variance (Ward)."""
    return _by_tree(vectors, "ward", "euclidean")


def by_average(vectors: Vectors, seed: int) -> Cut:
    """Agglomeration by mean cosine distance."""
    return _by_tree(vectors, "average", "cosine")


def by_density(vectors: Vectors, seed: int) -> Cut:
    """HDBSCAN, which leaves noise out.

    It takes no number of clusters: a candidate says how small one may be, half of the mean size
    that so many would have.
    """
    cluster = library("sklearn.cluster")

    def cut(candidate: float) -> list[Rows]:
        smallest = max(2, round(len(vectors) / _count(candidate, len(vectors)) / 2))
        method = cluster.HDBSCAN(min_cluster_size=smallest, min_samples=2, copy=True)
        return groups(method.fit_predict(vectors))

    return cut


def by_graph(vectors: Vectors, seed: int) -> Cut:
    """Communities of the graph of nearest neighbours; a candidate is a resolution."""
    graph = neighbour_graph(vectors)
    return lambda candidate: groups(communities(graph, candidate, seed))


def groups(labels: NDArray[np.intp]) -> list[Rows]:
    """The rows of each label, by label; rows of a label under 0 are left out."""
    order = np.argsort(labels, kind="stable").astype(np.intp)
    order = order[labels[order] >= 0]
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _by_tree(vectors: Vectors, method: str, metric: str) -> Cut:
    hierarchy = library("scipy.cluster.hierarchy")
    tree = hierarchy.linkage(vectors.astype(np.float64), method, metric=metric)

    def cut(candidate: float) -> list[Rows]:
        count = _count(candidate, len(vectors))
        return groups(hierarchy.fcluster(tree, count, criterion="maxclust"))

    return cut


def _count(candidate: float, n: int) -> int:
    return max(1, min(round(candidate), n))


_CLUSTERERS: dict[Method, Clusterer] = {
    "kmeans": by_kmeans,
    "gmm": by_mixture,
    "ward": by_ward,
    "average": by_average,
    "hdbscan": by_density,
    "graph": by_graph,
}
