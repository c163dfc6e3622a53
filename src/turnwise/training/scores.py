"""How well a classifier does on turns whose labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits, Score, softmax
from turnwise.bundle.readout import Readout
from turnwise.calibration_error import expected_error
from turnwise.training.calibrate import mean_loss
from turnwise.training.data import MISSING

if TYPE_CHECKING:
    from turnwise.training.fit import Dataset
    from turnwise.training.model import TurnClassifier


def score(
    model: TurnClassifier, data: Dataset, readouts: Mapping[str, Readout]
) -> dict[str, Score]:
    """Score each dimension that has labels; dimensions are named in the order of `readouts`."""
    scores: dict[str, Score] = {}
    logits = data.logits(model)
    for column, (name, readout) in enumerate(readouts.items()):
        labels = data.labels[:, column].numpy()
        there = labels != MISSING
        if there.any():
            scores[name] = _score(logits[column][there], labels[there], readout)
    return scores


def _score(logits: Logits, labels: NDArray[np.int64], readout: Readout) -> Score:
    """Of a dimension of several labels, the first of a turn counts, and its own softmax."""
    scaled = readout.scores(logits)
    plain = replace(readout, temperatures=(1.0,) * len(readout.temperatures)).scores(logits)
    found = scaled.argmax(1)
    confidence = softmax(scaled).max(1).astype(np.float64)
    return Score(
        turns=len(labels),
        accuracy=float((found == labels).mean()),
        macro_f1=macro_f1(labels, found),
        loss=mean_loss(scaled, labels, 1.0),
        loss_uncalibrated=mean_loss(plain, labels, 1.0),
        calibration_error=expected_error(confidence, found == labels),
    )


def macro_f1(labels: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """The mean F1 of all labels that are either given or found."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, found, average="macro", zero_division=0.0))
