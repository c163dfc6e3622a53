"""Temperature scaling: one number per dimension that makes confidence mean something.

From Guo et al., On Calibration of Modern Neural Networks (2017): the logits are divided by the
temperature that gives held-out gold the highest likelihood. The order of labels stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits

LOWEST, HIGHEST = 0.05, 20.0
FEWEST = 10  # turns; with fewer a temperature says more of chance than of the model
STEPS = 40  # golden-section steps: the bracket shrinks by 0.618 each


def fit_temperature(logits: Logits, labels: NDArray[np.int64]) -> float:
    """Return the temperature in [0.05, 20] under which the labels are likeliest.

    Args:
        logits: Float32[n_turns, n_labels]; labels: Int64[n_turns], places in 0..n_labels-1.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(LOWEST), np.log(HIGHEST)
    # The loss has one minimum in the inverse temperature, hence in its logarithm too.
    for _ in range(STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if mean_loss(logits, labels, np.exp(left)) < mean_loss(logits, labels, np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def mean_loss(logits: Logits, labels: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood of the labels, in nats."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(1, keepdims=True)
    likelihood = scaled[np.arange(len(labels)), labels] - np.log(np.exp(scaled).sum(1))
    return float(-likelihood.mean())
