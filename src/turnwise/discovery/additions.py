"""New intents: what a taxonomy lacks.

    turns --known--> explained, which are left out | the others --discover--> clusters -> additions

Two ways of telling which turns a taxonomy explains: `known_by_model` asks a trained classifier,
and takes out-of-domain and uncertain turns for unexplained; `KnownByLabels` has no classifier, and
takes those that are far from what every label says of itself. The first is much the better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Discovery
from turnwise.conversations import Example
from turnwise.encoders import Encoder, Vectors
from turnwise.errors import ConfigError
from turnwise.taxonomy import Dimension, Label

MEMBERS = 200  # of a cluster, the nearest to its centre, that its centroid is made of
LEFT_OUT = 0.25  # share of the examples of labels that count as far
WITHOUT_EXAMPLES = 0.5  # cosine from which a turn is near a label that only describes itself
ENOUGH_EXAMPLES = 20  # with one more of their label, to tell how near examples are


@dataclass(frozen=True, slots=True)
class Readings:
    """What a classifier says of n turns.

    Attributes:
        confidence: Float[n], of the likeliest label, calibrated, in [0, 1].
        strangeness: Float[n], how far out of domain, higher is farther; None where it can't tell.
    """

    confidence: NDArray[np.float64]
    strangeness: NDArray[np.float64] | None = None


class Classifier(Protocol):
    """A trained classifier, as far as it is needed here."""

    def __call__(self, examples: Sequence[Example]) -> Readings: ...


@dataclass(frozen=True)
class KnownByModel:
    """Turns that a classifier is sure of, and that are not out of domain (`utterances.Known`).

    Attributes:
        least_confidence: under it a turn is uncertain, in [0, 1].
        most_strangeness: over it a turn is out of domain.
    """

    classifier: Classifier
    least_confidence: float
    most_strangeness: float = np.inf

    def __call__(self, examples: Sequence[Example]) -> Sequence[bool]:
        said = self.classifier(examples)
        explained = said.confidence >= self.least_confidence
        if said.strangeness is not None:
            explained &= said.strangeness <= self.most_strangeness
        return [bool(one) for one in explained]


class KnownByLabels:
    """Turns near what a label says of itself (`utterances.Known`).

    How near is learnt from the labels' examples: three quarters of them are that near another
    example of their label. With too few examples it is a cosine of 0.5, a guess.

    Args:
        dimension: whose labels; encoder: of their texts and of turns.
    """

    def __init__(self, dimension: Dimension, encoder: Encoder) -> None:
        self._encoder = encoder
        said = [(text, place) for place, one in enumerate(dimension.labels) for text in says(one)]
        self._vectors = encoder.encode([text for text, _ in said])
        self.least = _least(self._vectors, np.array([place for _, place in said]))

    def __call__(self, examples: Sequence[Example]) -> Sequence[bool]:
        vectors = self._encoder.encode([one.text for one in examples])
        return [bool(one) for one in (vectors @ self._vectors.T).max(axis=1) >= self.least]


@dataclass(frozen=True, slots=True)
class Addition:
    """A cluster as an addition to a taxonomy.

    Attributes:
        name: of the cluster. turns: that say it; share: of all of the customers' turns.
        nearest: the label that is there already and nearest to it; nearness: cosine of both.
    """

    name: str
    turns: int
    share: float
    nearest: str
    nearness: float


def find_additions(
    found: Discovery, dimension: Dimension, encoder: Encoder, turns: int
) -> tuple[Addition, ...]:
    """Put each cluster beside the label that is nearest to it, in the order of the clusters.

    A label's vector is the mean of all that it says of itself, a cluster's that of its members.

    Args:
        turns: of the customers in all logs, explained or not; 1 or more.
    """
    texts = [says(one) for one in dimension.labels]
    labels = _means([encoder.encode(some) for some in texts])
    members = [
        [found.utterances[row].whole for row in one.members[:MEMBERS]] for one in found.clusters
    ]
    if not members:
        return ()
    cosines = _means([encoder.encode(some) for some in members]) @ labels.T
    return tuple(
        Addition(
            cluster.name.name,
            cluster.turns,
            cluster.turns / turns,
            dimension.names[int(row.argmax())],
            float(row.max()),
        )
        for cluster, row in zip(found.clusters, cosines, strict=True)
    )


def says(label: Label) -> list[str]:
    """All that a label says of itself: title with description, and examples."""
    return [label.about, *label.examples]


def _means(parts: Sequence[Vectors]) -> Vectors:
    means = np.stack([one.mean(axis=0) for one in parts])
    found: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return found


def _least(vectors: Vectors, owner: NDArray[np.intp]) -> float:
    """The cosine over which a text is near a label."""
    near = []
    for label in np.unique(owner):
        own = vectors[owner == label][1:]  # the first is what it says of itself, not an example
        if len(own) > 1:
            cosines = own @ own.T
            np.fill_diagonal(cosines, -1.0)
            near.extend(cosines.max(axis=1))
    if len(near) < ENOUGH_EXAMPLES:
        return WITHOUT_EXAMPLES
    return float(np.quantile(near, LEFT_OUT))


def check_labels(dimension: Dimension) -> None:
    """Refuse a dimension that turns can't be compared with.

    Raises:
        ConfigError: no label has a description or an example.
    """
    if not any(one.description or one.examples for one in dimension.labels):
        raise ConfigError(
            f"no label of {dimension.name} has a description or an example, so that nothing tells "
            "which turns it explains",
            field="against",
            hint="Write some, or train a bundle and give --bundle",
        )
