"""A choice between labels from evidence: the conditional logit (McFadden 1974).

Each label is described by the same few kinds of evidence, and a kind has one weight for all
labels. A dozen weights can be learnt from a few hundred turns where a weight per label cannot,
and they hold for labels that no turn showed. With a pull towards weights that were set
beforehand, no turns at all leave those.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.ridge import Targets

Evidence = NDArray[np.float64]  # Float64[n_turns, n_labels, n_kinds]
Weights = NDArray[np.float64]  # Float64[n_kinds]
Chances = NDArray[np.float64]  # Float64[n_turns, n_labels], rows sum to 1

_STEPS, _NEAR_ENOUGH, _SHORTEST = 50, 1e-7, 1e-4  # of Newton's method, on a convex loss


def chances(evidence: Evidence, weights: Weights) -> Chances:
    """Evidence weighed, as a probability of each label."""
    return softmax(evidence @ weights)


def softmax(scores: NDArray[np.float64]) -> Chances:
    """Scores, Float64[n_turns, n_labels] -> probabilities per row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Chances = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit_choice(evidence: Evidence, targets: Targets, start: Weights, pull: float) -> Weights:
    """Learn weights by Newton's method from the turns that have a target.

    Args:
        evidence: Float64[n_turns, n_labels, n_kinds].
        targets: Float64[n_turns, n_labels]; rows of 0 are passed over.
        start: the weights without any turn, to which learning is pulled.
        pull: how strongly: the penalty on squared distance from `start`, halved.
    """
    known = targets.sum(axis=1) > 0
    evidence, targets = evidence[known], targets[known]
    weights = start.copy()
    loss, said = _loss(evidence, targets, weights, start, pull)
    for _ in range(_STEPS):
        step = _newton_step(evidence, targets, said, pull * (weights - start), pull)
        length = 1.0
        while length > _SHORTEST:
            loss_there, said_there = _loss(evidence, targets, weights - length * step, start, pull)
            if loss_there <= loss:
                break
            length /= 2
        else:
            break
        weights, said, gain = weights - length * step, said_there, loss - loss_there
        loss = loss_there
        if gain < _NEAR_ENOUGH:
            break
    return weights


def _loss(
    evidence: Evidence, targets: Targets, weights: Weights, start: Weights, pull: float
) -> tuple[float, Chances]:
    said = chances(evidence, weights)
    surprise = -(targets * np.log(said + 1e-300)).sum()
    return float(surprise + pull / 2 * ((weights - start) ** 2).sum()), said


def _newton_step(
    evidence: Evidence, targets: Targets, said: Chances, drawn: Weights, pull: float
) -> Weights:
    gradient = np.einsum("nl,nlk->k", said - targets, evidence) + drawn
    mean = np.einsum("nl,nlk->nk", said, evidence)
    spread = (evidence - mean[:, None]) * np.sqrt(said)[:, :, None]
    flat = spread.reshape(-1, spread.shape[2])
    step: Weights = np.linalg.solve(flat.T @ flat + pull * np.eye(len(drawn)), gradient)
    return step
