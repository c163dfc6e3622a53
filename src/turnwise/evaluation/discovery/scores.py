"""A clustering scored against gold, the number of clusters never having been given.

What is in no cluster counts as wrong for accuracy, and as one cluster more for NMI and ARI: it
can't be left out to look better. NMI takes the arithmetic mean of both entropies; ARI is Hubert
and Arabie's (1985). Semantic diversity is that of Casanueva et al. (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Vectors
from turnwise.errors import ConfigError, EvaluationError

_Counts = NDArray[np.int64]  # Int64[n_clusters, n_labels]: sentences of a label in a cluster


@dataclass(frozen=True, slots=True)
class ClusterScores:
    """How a clustering agrees with gold.

    Attributes:
        nmi: normalised mutual information, in [0, 1].
        ari: adjusted Rand index, 0 by chance and 1 at best; a little under 0 is possible.
        accuracy: share of all sentences that are right under the best one-to-one mapping of
            clusters to labels, in [0, 1].
        clusters: how many there are, without what is unclustered. labels: of gold.
        unclustered: share of sentences in no cluster, in [0, 1].
        diversity: mean cosine distance of clustered sentences to their cluster's centroid, in
            [0, 2]; 0 without a cluster.
    """

    nmi: float
    ari: float
    accuracy: float
    clusters: int
    labels: int
    unclustered: float
    diversity: float


def score_clusters(
    gold: Sequence[str], clusters: Sequence[Rows], vectors: Vectors
) -> ClusterScores:
    """Score clusters of sentences against the labels that people gave them.

    Args:
        gold: the label of each sentence.
        clusters: the positions of each cluster's sentences; none is in two.
        vectors: Float32[n_sentences, size], rows of unit length.

    Raises:
        EvaluationError: there is no sentence, gold and vectors differ in number, or a cluster
            holds a position that is another's too or none at all.
        ConfigError: scipy is not installed; says how to.
    """
    if len(gold) != len(vectors):
        raise EvaluationError(f"{len(gold)} labels and {len(vectors)} vectors do not fit together")
    counts = _counts(gold, clusters)
    clustered = counts[:-1]
    rows, columns = _assign(clustered)
    everyone = counts if counts[-1].any() else clustered
    return ClusterScores(
        nmi=_nmi(everyone),
        ari=_ari(everyone),
        accuracy=float(clustered[rows, columns].sum()) / len(gold),
        clusters=len(clustered),
        labels=counts.shape[1],
        unclustered=float(counts[-1].sum()) / len(gold),
        diversity=diversity(clusters, vectors),
    )


def best_mapping(gold: Sequence[str], clusters: Sequence[Rows]) -> list[str | None]:
    """For each cluster the label it stands for, no label for two, so that most are right.

    Returns:
        A label per cluster; None where there are more clusters than labels, or where the cluster
        holds no sentence of the label left for it.

    Raises: as `score_clusters`.
    """
    clustered = _counts(gold, clusters)[:-1]
    names = sorted(set(gold))
    mapped: list[str | None] = [None] * len(clusters)
    filled = np.flatnonzero(np.array([len(one) for one in clusters], dtype=np.intp))
    for row, column in zip(*_assign(clustered), strict=True):
        if clustered[row, column]:
            mapped[filled[row]] = names[column]
    return mapped


def diversity(clusters: Sequence[Rows], vectors: Vectors) -> float:
    """Mean cosine distance of clustered sentences to their cluster's centroid, in [0, 2]."""
    total, sentences = 0.0, 0
    for rows in clusters:
        if len(rows):
            inside = vectors[rows].astype(np.float64)
            centre = inside.mean(axis=0)
            length = float(np.linalg.norm(centre))
            # Rows of unit length: the sum of their cosines with the centre is n times its length.
            total += len(rows) * (1.0 - length)
            sentences += len(rows)
    return max(total / sentences, 0.0) if sentences else 0.0


def _counts(gold: Sequence[str], clusters: Sequence[Rows]) -> _Counts:
    """Sentences of each label, sorted, in each cluster that has one; the last row: unclustered."""
    if not gold:
        raise EvaluationError("there is no sentence to score")
    filled = [np.asarray(rows, dtype=np.intp) for rows in clusters if len(rows)]
    taken = np.concatenate(filled) if filled else np.zeros(0, dtype=np.intp)
    if len(taken) and (taken.min() < 0 or taken.max() >= len(gold)):
        raise EvaluationError(f"a cluster holds a position that none of {len(gold)} sentences has")
    if len(np.unique(taken)) != len(taken):
        raise EvaluationError("a sentence is in two clusters, or twice in one")
    assigned = np.full(len(gold), len(filled), dtype=np.intp)
    for place, rows in enumerate(filled):
        assigned[rows] = place
    names, labels = np.unique(np.asarray(gold, dtype=object), return_inverse=True)
    counts = np.zeros((len(filled) + 1, len(names)), dtype=np.int64)
    np.add.at(counts, (assigned, labels), 1)
    return counts


def _assign(counts: _Counts) -> tuple[Rows, Rows]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        hint = "Install it with: pip install 'turnwise[discover]'"
        raise ConfigError("the mapping of clusters to labels needs scipy", hint=hint) from error
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return rows, columns


def _nmi(counts: _Counts) -> float:
    joint = counts / counts.sum()
    one, other = joint.sum(axis=1), joint.sum(axis=0)
    if len(one) == len(other) == 1:
        return 1.0  # one cluster of one label says nothing, and nothing wrong
    shared = joint[joint > 0]
    information = float(np.sum(shared * np.log(shared / np.outer(one, other)[joint > 0])))
    mean = (_entropy(one) + _entropy(other)) / 2
    return min(max(information, 0.0) / mean, 1.0)


def _entropy(shares: NDArray[np.float64]) -> float:
    return float(-np.sum(shares * np.log(shares)))


def _ari(counts: _Counts) -> float:
    together = _pairs(counts)
    one, other = _pairs(counts.sum(axis=1)), _pairs(counts.sum(axis=0))
    chance = one * other / max(_pairs(counts.sum(keepdims=True)), 1.0)
    most = (one + other) / 2
    # Every sentence alone, or all in one, on both sides: nothing is left to chance.
    return 1.0 if most == chance else (together - chance) / (most - chance)


def _pairs(sizes: _Counts) -> float:
    """Pairs of sentences that fall into the same cell."""
    large = sizes.astype(np.float64)
    return float(np.sum(large * (large - 1) / 2))
