"""Which objective suits a cluster best: near its centroid, far from its neighbours', often said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Space, Utterance, Vectors
from turnwise.discovery.naming.actions import GENERAL
from turnwise.discovery.naming.phrases import Phrase, Telling, objectives, telling_phrases
from turnwise.encoders import Encoder

READ = 300  # utterances of a cluster, the nearest to its centroid
# Set on gold clusters of banking77 and clinc150; whatever is near them does about as well.
NEIGHBOURS = 3  # clusters that a name is held against
CONTRAST = 0.7  # what their mean cosine takes off
COVERAGE = 0.1  # what the share of utterances with its words adds
LENGTH = 0.02  # what each of its words takes off


@dataclass(frozen=True, slots=True)
class Typical:
    """Clusters as a namer reads them.

    Attributes:
        utterances: of each cluster those nearest to its centroid, the nearest first.
        telling: the phrases that tell the clusters apart.
        centroids: Float32[n_clusters, size], of unit length, in the encoder's own space.
    """

    utterances: tuple[tuple[Utterance, ...], ...]
    telling: Telling
    centroids: Vectors

    @property
    def texts(self) -> list[list[str]]:
        return [[one.text for one in some] for some in self.utterances]

    def nearest(self, cluster: int) -> int:
        """The other cluster with the nearest centroid; itself where it is the only one."""
        nearness = self.centroids @ self.centroids[cluster]
        nearness[cluster] = -2.0
        return int(np.argmax(nearness))


def read_clusters(space: Space, clusters: Sequence[Rows]) -> Typical:
    """Read clusters of one row or more."""
    utterances = tuple(_typical(space, rows) for rows in clusters)
    means = np.stack([space.plain[rows].mean(axis=0) for rows in clusters])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return Typical(
        utterances=utterances,
        telling=telling_phrases([[one.text for one in some] for some in utterances]),
        centroids=means / np.maximum(lengths, 1e-9),
    )


def rank_objectives(
    typical: Typical, actions: Sequence[str], encoder: Encoder
) -> list[dict[Phrase, float]]:
    """The objectives of each cluster with their scores, best first; one at least.

    Args:
        actions: of each cluster; one that any cluster could have says nothing of the matter, any
            other is read along with the objective.
        encoder: the one that made `Space.plain`.
    """
    offered = [
        objectives(typical.telling, cluster, texts, actions[cluster])
        for cluster, texts in enumerate(typical.texts)
    ]
    said = [
        _said(actions[cluster], phrase)
        for cluster, phrases in enumerate(offered)
        for phrase in phrases
    ]
    vectors = encoder.encode(said)
    ends = np.cumsum([len(phrases) for phrases in offered])
    return [
        _ranked(typical, cluster, phrases, vectors[ends[cluster] - len(phrases) : ends[cluster]])
        for cluster, phrases in enumerate(offered)
    ]


def _typical(space: Space, rows: Rows) -> tuple[Utterance, ...]:
    vectors = space.plain[rows]
    order = np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")[:READ]
    return tuple(space.utterances[row] for row in rows[order])


def _said(action: str, phrase: Phrase) -> str:
    words = phrase if action in GENERAL else (action, *phrase)
    return " ".join(words).replace("-", " ")


def _ranked(
    typical: Typical, cluster: int, phrases: Sequence[Phrase], vectors: Vectors
) -> dict[Phrase, float]:
    nearness = vectors @ typical.centroids.T
    scores = nearness[:, cluster] - CONTRAST * _against(nearness, cluster)
    shares = typical.telling.shares[cluster]
    covered = [np.mean([shares.get((word,), 0.0) for word in one]) for one in phrases]
    scores = scores + COVERAGE * np.array(covered) - LENGTH * np.array(list(map(len, phrases)))
    # Rounded, so that the last digits of a product do not decide on a name.
    order = sorted(range(len(phrases)), key=lambda at: (-round(float(scores[at]), 4), phrases[at]))
    return {phrases[at]: float(scores[at]) for at in order}


def _against(nearness: Vectors, cluster: int) -> NDArray[np.float32]:
    """Mean cosine of each phrase to the clusters besides its own that it is nearest to."""
    others = np.delete(nearness, cluster, axis=1)
    if not others.shape[1]:
        return np.zeros(len(nearness), np.float32)
    mean: NDArray[np.float32] = np.sort(others, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    return mean
