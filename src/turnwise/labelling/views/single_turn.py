"""A classifier of single turns, and the labelled single turns nearest to a text.

What LARA retrieves with (S1, METHODS.md): trained on the seed's customer turns and on the
taxonomy's utterances, each as a text by itself. It knows nothing of conversations; a strategy
gives it other texts to read, with more or less of the history in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.choice import softmax
from turnwise.labelling.reader import PENALTY, SHARPNESS
from turnwise.labelling.ridge import Lesson, Ridge, Scores, fit_ridge
from turnwise.labelling.similarity import Similarity
from turnwise.labelling.views.ground import Ground
from turnwise.taxonomy import Dimension

NOWHERE = -1  # the group of a text that belongs to no conversation of the seed


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard in some texts, each Float64[n_texts, n_labels].

    Attributes:
        scores: of the classifier.
        votes: mean similarity to the label's nearest demonstrations.
    """

    scores: Scores
    votes: Scores

    def undecided(self) -> NDArray[np.float64]:
        """How little each text tells by itself: entropy from 0 to 1, Float64[n_texts]."""
        said = softmax(self.scores / SHARPNESS)
        labels = max(said.shape[1], 2)
        entropy: NDArray[np.float64] = -(said * np.log(said + 1e-12)).sum(axis=1) / np.log(labels)
        return entropy


@dataclass(frozen=True, slots=True)
class SingleTurn:
    """The classifier and the demonstrations of one dimension.

    Attributes:
        ridge: the classifier.
        groups: conversation of each text of the corpus, Int[n_corpus].
        carriers: label -> texts of the corpus that carry it, Int[...] each.
        count: how many demonstrations of each label vote; 0: none.
    """

    ridge: Ridge
    groups: NDArray[np.intp]
    carriers: tuple[NDArray[np.intp], ...]
    count: int

    def hear(self, near: Similarity) -> Heard:
        """Read texts, given their similarity to the corpus, Float32[n_texts, n_corpus]."""
        nobody = np.full(len(near), NOWHERE)
        return Heard(self.ridge.scores(near), self.votes(near, nobody))

    def votes(self, near: Similarity, groups: NDArray[np.intp]) -> Scores:
        """Votes of the nearest demonstrations, those of a text's own group left out."""
        votes = np.zeros((len(near), len(self.carriers)))
        for label, rows in enumerate(self.carriers):
            if len(rows) and self.count:
                likeness = near[:, rows]
                own = self.groups[rows][None, :] == groups[:, None]
                votes[:, label] = _mean_of_best(np.where(own, 0.0, likeness), self.count)
        return votes

    def demonstrations(self, near: Similarity, label: int) -> list[int]:
        """Rows of the corpus: the nearest demonstrations of a label to one text, best first.

        Args:
            near: similarity of the text to the corpus, Float32[n_corpus].
        """
        rows = self.carriers[label]
        order = np.argsort(-near[rows], kind="stable")[: self.count]
        return [int(rows[at]) for at in order]


def _mean_of_best(likeness: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Mean of each row's `count` best, fewer where a label has fewer."""
    count = min(count, likeness.shape[1])
    best = np.partition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]
    mean: NDArray[np.float64] = best.mean(axis=1)
    return mean


def fit_single_turn(
    dimension: Dimension,
    ground: Ground,
    unseen: Sequence[Similarity],
    count: int,
    kept: NDArray[np.bool_] | None = None,
) -> tuple[SingleTurn, list[Heard]]:
    """Learn a dimension from single turns.

    Args:
        unseen: texts made from the seed's customer turns, one for each turn: their similarity
            to the corpus, Float32[n_seed_turns, n_corpus].
        count: demonstrations of each label that vote.
        kept: texts of the corpus that may be learnt from, Bool[n_corpus]; none: all.

    Returns:
        The classifier with its demonstrations, and what is heard in each of `unseen` when the
        text's conversation is left out.
    """
    corpus = ground.corpus
    targets = corpus.gold(dimension)
    weights = (targets.sum(axis=1) > 0).astype(np.float64)
    said = corpus.said[dimension.name]
    targets[said.rows, said.labels] = 1.0
    weights[said.rows] = said.weights
    if kept is not None:
        weights = np.where(kept, weights, 0.0)
    carriers = tuple(np.flatnonzero((column > 0) & (weights > 0)) for column in targets.T)
    # Rows that follow the corpus have neither weight nor target: they are only scored.
    more = len(unseen) * len(ground.groups)
    lesson = Lesson(
        np.vstack([targets, np.zeros((more, targets.shape[1]))]),
        np.concatenate([weights, np.zeros(more)]),
        np.concatenate([corpus.groups, *(ground.groups for _ in unseen)]),
    )
    fitted, scores = fit_ridge(np.vstack([ground.near, *unseen]), lesson, PENALTY)
    ridge = Ridge(fitted.coefficients[: len(targets)])
    made = SingleTurn(ridge, corpus.groups, carriers, count)
    parts = scores[len(targets) :].reshape(len(unseen), len(ground.groups), targets.shape[1])
    heard = [
        Heard(part, made.votes(near, ground.groups))
        for part, near in zip(parts, unseen, strict=True)
    ]
    return made, heard
