"""Expected calibration error: how far confidence is from how often it is right.

The mean distance between the two over bins of turns (Naeini et al., AAAI 2015), here of equal mass
rather than equal width, for few turns are unsure in a good model and equal widths would leave bins
nearly empty (Nguyen and O'Connor, EMNLP 2015).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 15

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Int = NDArray[np.int64]


def equal_mass_bins(confidence: Float, bins: int = BINS) -> Int:
    """Give each turn its bin, from the least confident on: Int[n_turns] in [0, bins).

    Turns of one confidence share a bin, so that their order can't matter; bins may be empty.
    """
    first_rank = np.searchsorted(np.sort(confidence), confidence, side="left")
    return (first_rank * bins) // len(confidence)


def expected_error(confidence: Float, right: Bool, bins: int = BINS) -> float:
    """Expected calibration error in [0, 1]."""
    bin_of = equal_mass_bins(confidence, bins)
    gaps = np.bincount(bin_of, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))
