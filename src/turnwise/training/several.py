"""Several labels of one turn: the temperature under which each label's own probability holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits
from turnwise.training.calibrate import likeliest


def fit_several_temperature(logits: Logits, marks: NDArray[np.float32]) -> float:
    """Return the temperature in [0.05, 20] under which the marks are likeliest, label by label.

    Args:
        logits: Float32[n_turns, n_labels]; marks: of the same shape, 1 at each label of the turn.
    """
    return likeliest(lambda temperature: _mean_loss(logits, marks, temperature))


def _mean_loss(logits: Logits, marks: NDArray[np.float32], temperature: float) -> float:
    scaled = logits.astype(np.float64) / temperature
    return float((np.logaddexp(0, scaled) - marks * scaled).mean())
