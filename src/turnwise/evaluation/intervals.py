"""Confidence intervals by conversation: the bootstrap, with whole conversations redrawn.

Turns of one conversation share their customer and their topic, so redrawing turns would make
intervals too narrow. What is redrawn here are sums per conversation: a resample is then one row
of counts times a matrix, and any figure that is made from sums can have an interval.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), percentile intervals;
clusters redrawn whole: Davison and Hinkley, Bootstrap Methods (1997), section 3.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from turnwise.evaluation.figures import Estimate
from turnwise.evaluation.metrics import Bool, Float, Int

LEVEL = 0.95
RESAMPLES = 1_000
_CELLS_AT_ONCE = 4_000_000  # of the matrix of draws: some 50 MB with its indices

Statistics = Callable[[Float], Float]  # [m, ...] sums -> [m, n_figures]


def bootstrap(
    sums: NDArray[np.float32], statistics: Statistics, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Estimate, ...]:
    """Estimate figures that are made from sums over conversations.

    Args:
        sums: Float32[n_conversations, ...], each conversation's part of the sums.
        statistics: makes the figures of m samples from their sums; NaN where a sample has none.
        resamples: how many times as many conversations are drawn with replacement.
        seed: of the draws; one seed gives the same draws to every figure of the same
            conversations, so that differences between predictors are paired.

    Returns:
        One estimate per figure. The percentile interval of a figure that is biased in small
        samples (macro F1 is) may miss the figure itself: it is widened to hold it.
    """
    total = sums.sum(axis=0, dtype=np.float64)
    values = statistics(total[None])[0]
    if len(sums) < 2:
        return tuple(Estimate(float(value)) for value in values)
    flat = sums.reshape(len(sums), -1)
    drawn = np.concatenate(
        [
            statistics((weights @ flat).astype(np.float64).reshape(-1, *sums.shape[1:]))
            for weights in _draws(len(sums), resamples, seed)
        ]
    )
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail), axis=0)
    return tuple(
        Estimate(float(value), float(min(value, below)), float(max(value, above)))
        for value, below, above in zip(values, low, high, strict=True)
    )


def _draws(n_conversations: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each conversation is drawn, in blocks: Float32[m, n_conversations]."""
    rng = np.random.default_rng(seed)
    block = max(1, min(resamples, _CELLS_AT_ONCE // n_conversations))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        picks = rng.integers(n_conversations, size=(rows, n_conversations))
        picks += np.arange(rows)[:, None] * n_conversations
        counts = np.bincount(picks.ravel(), minlength=rows * n_conversations)
        yield counts.reshape(rows, n_conversations).astype(np.float32)


def mean_estimate(
    values: Float | Bool, conversation: Int, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Estimate the mean of a value over turns, with its interval by conversation.

    Args:
        values: [n_turns], n_turns > 0.
        conversation: Int[n_turns], which conversation each turn is of.
    """
    _, group = np.unique(conversation, return_inverse=True)
    sums = np.stack((np.bincount(group, weights=values), np.bincount(group)), axis=1)
    (estimate,) = bootstrap(
        sums.astype(np.float32), lambda sums: sums[:, :1] / sums[:, 1:], resamples, seed
    )
    return estimate
