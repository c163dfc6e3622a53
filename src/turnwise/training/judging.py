"""How well a model that is being trained does on the conversations held apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from turnwise.bundle import Levels, Logits, path_scores, softmax
from turnwise.training.calibrate import fit_temperature
from turnwise.training.data import MISSING
from turnwise.training.losses import LabelLoss, Wanted


def held_loss(logits: Sequence[Logits], wanted: Wanted, levels: Sequence[Levels]) -> float:
    """Return the Brier score at the temperature that suits it best, summed over dimensions.

    A trained encoder grows surer than it is right long before it stops getting better, and the
    calibration that follows takes that back: hence the temperature. A likelihood would be ruled
    by the few turns that the model is sure of and wrong; the Brier score (Brier 1950) is as
    proper and has an end. Dimensions of several labels count by their cross-entropy.

    Args:
        logits: per dimension Float32[n, width].
    """
    total = 0.0
    for place, one in enumerate(levels):
        labels = wanted.labels[:, place].numpy()
        there = labels != MISSING
        if not there.any():
            continue
        if place in wanted.several:
            loss = LabelLoss(levels).each([torch.from_numpy(each) for each in logits], wanted, 0.0)
            total += float(loss[:, place].sum()) / int(there.sum())
        else:
            scores = path_scores(logits[place][there], one, [1.0] * len(one.sizes))
            total += _brier(scores, labels[there])
    return total


def _brier(scores: Logits, labels: NDArray[np.int64]) -> float:
    """In [0, 2]."""
    shares = softmax(scores, fit_temperature(scores, labels)).astype(np.float64)
    own = shares[np.arange(len(labels)), labels]
    return float(((shares**2).sum(1) - 2 * own + 1).mean())
