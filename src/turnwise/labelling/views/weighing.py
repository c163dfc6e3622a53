"""Weights of evidence and trust in answers, learnt from the seed without fooling oneself.

Both are a conditional logit (`labelling.choice`) with a pull towards what is taken without a
seed, so that an empty seed needs no code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.beliefs import Scale
from turnwise.labelling.choice import Chances, Evidence, Weights, chances, fit_choice
from turnwise.labelling.ridge import Targets

FOLDS = 5
TRUST_START = np.array([0.0, 1.0])  # confidences as they are
TRUST_PULL = 1.0
SOME_SCALE = Scale(0.5, 0.2)  # of undecided turns, where there is no seed to tell
SURE = 1e-3  # nothing is taken to be sure


def centred(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores less their mean over the labels: what a choice can tell apart."""
    less_mean: NDArray[np.float64] = scores - scores.mean(axis=1, keepdims=True)
    return less_mean


def scale_of(undecided: NDArray[np.float64]) -> Scale:
    """Mean and spread of how undecided the seed's turns leave us, Float64[n_turns]."""
    if not len(undecided):
        return SOME_SCALE
    return Scale(float(undecided.mean()), max(float(undecided.std()), 0.02))


def cross_fit(
    evidence: Evidence, targets: Targets, groups: NDArray[np.intp], start: Weights, pull: float
) -> tuple[Weights, Chances]:
    """Learn to weigh evidence from turns that have a target.

    Args:
        evidence: Float64[n_turns, n_labels, n_kinds], made without each turn's conversation.
        targets: Float64[n_turns, n_labels]; groups: the conversation of each turn.
        start, pull: the weights without any turn, and how strongly learning is drawn to them.

    Returns:
        Weights from all turns, and chances of each fold's turns by weights of the others.
    """
    left_out = np.zeros(targets.shape)
    folds = groups % FOLDS
    for fold in np.unique(folds):
        away = folds == fold
        weights = fit_choice(evidence[~away], targets[~away], start, pull)
        left_out[away] = chances(evidence[away], weights)
    return fit_choice(evidence, targets, start, pull), left_out


@dataclass(frozen=True, slots=True)
class Trust:
    """How far an answer's confidence is to be trusted: a logistic of its log-odds.

    Attributes:
        weights: constant and slope, Float64[2].
    """

    weights: Weights

    def __call__(self, confidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Confidences, Float64[n] in [0, 1] -> calibrated ones."""
        trusted: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-_features(confidence) @ self.weights))
        return trusted


def fit_trust(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Trust:
    """Learn from answers about left-out turns how far to trust confidences, Float64[n]."""
    features = _features(confidence)
    evidence = np.stack([np.zeros_like(features), features], axis=1)
    targets = np.stack([~right, right], axis=1).astype(np.float64)
    return Trust(fit_choice(evidence, targets, TRUST_START, TRUST_PULL))


def _features(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    sure = np.clip(confidence, SURE, 1.0 - SURE)
    return np.stack([np.ones_like(sure), np.log(sure / (1.0 - sure))], axis=1)
