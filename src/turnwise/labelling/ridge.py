"""Kernel ridge regression onto labels, and what it would have said had it not seen a group.

The regression of a one-hot target on a kernel classifies about as well as logistic regression
and has a closed form, from which follows, without refitting, what it would say of a
conversation that it never saw. What is stacked on top is fitted on those answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.similarity import Similarity

Scores = NDArray[np.float64]  # Float64[n_texts, n_labels], about 0 where nothing speaks for one
Targets = NDArray[np.float64]  # Float64[n_texts, n_labels], rows sum to 1, or to 0 without gold


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a regression is fitted on.

    Attributes:
        targets: of every text of the corpus, Float64[n_corpus, n_labels].
        weights: how much each counts, Float64[n_corpus]; 0 leaves it out.
        groups: which texts are left out together, Int[n_corpus].
    """

    targets: Targets
    weights: NDArray[np.float64]
    groups: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ridge:
    """A fitted regression.

    Attributes:
        coefficients: what each text of the corpus says per label, Float32[n_corpus, n_labels];
            0 for texts that it was not fitted on.
    """

    coefficients: NDArray[np.float32]

    def scores(self, similarity: Similarity) -> Scores:
        """Similarity to every text of the corpus, Float32[n, n_corpus] -> Float64[n, n_labels]."""
        return (similarity @ self.coefficients).astype(np.float64)


def fit_ridge(similarity: Similarity, lesson: Lesson, penalty: float) -> tuple[Ridge, Scores]:
    """Fit on the texts of a corpus that have a weight and a target.

    Args:
        similarity: of the corpus with itself, Float32[n_corpus, n_corpus].
        lesson: targets, weights and groups.
        penalty: of the coefficients; a text of half the weight is penalised twice as much.

    Returns:
        The regression, and its scores of every text of the corpus when the text's group is left
        out, Float64[n_corpus, n_labels].
    """
    rows = np.flatnonzero((lesson.weights > 0) & (lesson.targets.sum(axis=1) > 0))
    targets = lesson.targets[rows] - 1.0 / lesson.targets.shape[1]
    system = similarity[np.ix_(rows, rows)].astype(np.float64)
    system[np.diag_indices(len(rows))] += penalty / lesson.weights[rows]
    inverse = np.linalg.inv(system)
    coefficients = inverse @ targets
    known = similarity[:, rows]
    left_out = known @ coefficients
    place = np.full(len(similarity), -1)
    place[rows] = np.arange(len(rows))
    for texts in _groups(lesson.groups):
        members = place[texts][place[texts] >= 0]
        if len(members):
            block = inverse[np.ix_(members, members)]
            lost = inverse[:, members] @ np.linalg.solve(block, coefficients[members])
            left_out[texts] -= known[texts] @ lost
    spread = np.zeros(lesson.targets.shape, np.float32)
    spread[rows] = coefficients
    return Ridge(spread), left_out


def _groups(groups: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    return [part for part in np.split(order, starts) if len(part)]
