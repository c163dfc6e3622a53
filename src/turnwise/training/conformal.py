"""Split conformal prediction: from which probability on a label stays in the set.

With n held-out turns, the threshold is the probability that the true label of all but
n - ceil((n + 1) coverage) of them reaches. A new turn, exchangeable with these, then has its true
label in the set with at least the probability asked for, and where no two probabilities are equal
at most 1 / (n + 1) more (Papadopoulos et al., ECML 2002; Sadinle et al., JASA 2019).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Probabilities
from turnwise.bundle.refusal import Conformal


def fewest_turns(coverage: float) -> int:
    """How many turns a threshold takes: with fewer, only the set of all labels is sure."""
    return math.ceil(round(1 / (1 - coverage), 9)) - 1


def fit_conformal(
    probabilities: Probabilities, labels: NDArray[np.int64], coverage: float
) -> Conformal | None:
    """Fit the thresholds of one dimension; None with too few turns for the coverage.

    A label with too few turns of its own takes the threshold over all turns: its own coverage is
    promised by nothing then. To keep it in every set instead would hold the promise and make the
    sets of a large taxonomy, where many labels are rare, useless.

    Args:
        probabilities: Float32[n, n_labels] of turns that nothing was trained on; the temperature
            may be fitted on them, one number moves the thresholds too little to matter.
        labels: Int64[n], places among the labels.
        coverage: in (0, 1).
    """
    fewest = fewest_turns(coverage)
    if len(labels) < fewest:
        return None
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    least = _least(true, coverage)
    by_label = [true[labels == label] for label in range(probabilities.shape[1])]
    enough = [len(some) >= fewest for some in by_label]
    return Conformal(
        coverage=coverage,
        turns=len(labels),
        least=least,
        least_by_label=tuple(
            _least(some, coverage) if own else least
            for some, own in zip(by_label, enough, strict=True)
        ),
        own=sum(enough),
    )


def _least(true: NDArray[np.float64], coverage: float) -> float:
    """The probability that the true label of enough turns reaches; one of theirs."""
    rank = math.ceil(round((len(true) + 1) * coverage, 9))  # of 1 - p, the lowest first
    return float(np.sort(true)[len(true) - rank])
