"""Does confidence mean something: calibration error and reliability diagrams.

Expected calibration error (`calibration_error`) is biased upwards on few turns: accuracy within a
bin is noisy, and distance counts noise as error. Below 3,000 turns it therefore stands beside what
a perfectly calibrated model of the same confidences would show, which also gives each bin the
range to expect (consistency bars: Broecker and Smith, Weather and Forecasting 2007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turnwise.calibration_error import equal_mass_bins
from turnwise.evaluation.figures import Calibration, ReliabilityBin
from turnwise.evaluation.metrics import Bool, Float, Int

ENOUGH_TURNS = 3_000
SIMULATIONS = 1_000
_CELLS_AT_ONCE = 1_000_000  # of simulated outcomes: 8 MB


def calibration(confidence: Float, right: Bool, seed: int = 0) -> Calibration:
    """Measure calibration.

    Args:
        confidence: Float[n_turns] in [0, 1], of the predicted label; n_turns > 0.
        right: Bool[n_turns].
        seed: of the simulated models.
    """
    _, bin_of = np.unique(equal_mass_bins(confidence), return_inverse=True)
    turns = np.bincount(bin_of)
    expected: Float = np.bincount(bin_of, weights=confidence).astype(np.float64)
    hits: Float = np.bincount(bin_of, weights=right).astype(np.float64)
    error = float(np.abs(expected - hits).sum() / len(right))
    if len(right) >= ENOUGH_TURNS:
        return Calibration(error, None, None, _bins(turns, expected, hits))
    simulated = _simulated_hits(confidence, bin_of, seed)
    errors = np.abs(simulated - expected).sum(axis=1) / len(right)
    ranges = np.quantile(simulated / turns, (0.025, 0.975), axis=0)
    return Calibration(
        error,
        float(errors.mean()),
        float(np.quantile(errors, 0.95)),
        _bins(turns, expected, hits, ranges.T.tolist()),
    )


def _simulated_hits(confidence: Float, bin_of: Int, seed: int) -> Float:
    """Right turns per bin where each is right as often as its confidence says.

    Returns:
        Float[SIMULATIONS, n_bins].
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(bin_of, kind="stable")
    starts = np.flatnonzero(np.diff(bin_of[order], prepend=-1))
    chances = confidence[order]
    block = max(1, _CELLS_AT_ONCE // len(confidence))
    return np.concatenate(
        [
            np.add.reduceat(
                (rng.random((min(block, SIMULATIONS - done), len(chances))) < chances).astype(
                    float
                ),
                starts,
                axis=1,
            )
            for done in range(0, SIMULATIONS, block)
        ]
    )


def _bins(
    turns: Int, expected: Float, hits: Float, ranges: Sequence[Sequence[float]] | None = None
) -> tuple[ReliabilityBin, ...]:
    return tuple(
        ReliabilityBin(
            int(count),
            min(float(expected[place] / count), 1.0),
            float(hits[place] / count),
            *(ranges[place] if ranges else ()),
        )
        for place, count in enumerate(turns)
    )
