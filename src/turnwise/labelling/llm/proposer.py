"""The trained single-turn classifier that names candidates for `lara` and `clara`.

In S1 a hierarchical text classifier does; here it is the kernel ridge regression that the
embedded `lara` proposes with too, on the seed's turns and the taxonomy's texts, each as a text
by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.demonstrations import Proposals, shelve, single_turn_examples
from turnwise.labelling.llm.retrieval import DEFAULTS, Retriever
from turnwise.labelling.reader import PENALTY
from turnwise.labelling.ridge import Lesson, Ridge, fit_ridge
from turnwise.labelling.similarity import Similarity
from turnwise.labelling.views import Ground
from turnwise.taxonomy import Dimension


@dataclass
class TrainedProposer:
    """A regression per dimension; implements `demonstrations.Proposer`."""

    ground: Ground
    ridges: Mapping[str, Ridge]
    # Dimensions are asked for one after another about the same texts.
    _last: tuple[Sequence[str], Similarity] | None = field(default=None, repr=False)

    def propose(self, texts: Sequence[str], dimension: str, count: int) -> list[Proposals]:
        """For each text the labels with the highest scores."""
        names = self.ground.taxonomy[dimension].names
        scores = self.ridges[dimension].scores(self._near(texts))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        return [
            tuple((names[at], float(row[at])) for at in best)
            for row, best in zip(scores, order, strict=True)
        ]

    def _near(self, texts: Sequence[str]) -> Similarity:
        last = self._last
        if last is None or last[0] is not texts:
            last = self._last = texts, self.ground.near_to(texts)
        return last[1]


def fit_proposer(ground: Ground) -> TrainedProposer:
    """Train it on a ground that the embedded strategies may share."""
    dimensions = ground.taxonomy.dimensions
    return TrainedProposer(ground, {one.name: _fit(one, ground) for one in dimensions})


def fit_retriever(ground: Ground, config: LabellingConfig = DEFAULTS) -> Retriever:
    """What `lara` and `clara` retrieve from: a ground's labelled single turns, and a classifier."""
    shelves = shelve(single_turn_examples(ground.taxonomy, ground.seed), ground.encoder)
    return Retriever(ground.taxonomy, shelves, fit_proposer(ground), config)


def _fit(dimension: Dimension, ground: Ground) -> Ridge:
    targets = ground.corpus.gold(dimension)
    weights = (targets.sum(axis=1) > 0).astype(np.float64)
    said = ground.corpus.said[dimension.name]
    targets[said.rows, said.labels] = 1.0
    weights[said.rows] = said.weights
    return fit_ridge(ground.near, Lesson(targets, weights, ground.corpus.groups), PENALTY)[0]
