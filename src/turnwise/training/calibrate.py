"""Temperature scaling: a number per level of a dimension that makes confidence mean something.

From Guo et al., On Calibration of Modern Neural Networks (2017): the logits are divided by the
temperature that gives held-out gold the highest likelihood. With one level the order of labels
stays. With several, a label's score is the sum over levels of its ancestor's logit, each level
divided by its own temperature (`bundle.levels`): the temperatures then also weigh the levels
against each other, and are fitted together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits
from turnwise.bundle.levels import Levels, level_logits, path_scores

LOWEST, HIGHEST = 0.05, 20.0
FEWEST = 10  # turns; with fewer a temperature says more of chance than of the model
STEPS = 40  # golden-section steps: the bracket shrinks by 0.618 each
NEWTON_STEPS = 50  # a dozen suffice
SWEEPS = 200  # over the levels, of which there are few
FLAT = 1e-7  # nats: a step that would gain less isn't taken
ENOUGH = 1e-4  # of the gain that the slope promises; with less, half the step is tried
CELLS_AT_ONCE = 2_000_000  # turns times labels: bounds memory at some 100 MB


def fit_temperature(logits: Logits, labels: NDArray[np.int64]) -> float:
    """Return the temperature in [0.05, 20] under which the labels are likeliest.

    Args:
        logits: Float32[n_turns, n_labels]; labels: Int64[n_turns], places in 0..n_labels-1.
    """
    return likeliest(lambda temperature: mean_loss(logits, labels, temperature))


def likeliest(loss: Callable[[float], float]) -> float:
    """Return the temperature in [0.05, 20] of the least loss, found by golden section.

    Args:
        loss: of a temperature, a likelihood's: it has one minimum in the inverse temperature,
            hence in its logarithm too.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(LOWEST), np.log(HIGHEST)
    for _ in range(STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(np.exp(left)) < loss(np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def mean_loss(logits: Logits, labels: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood of the labels, in nats."""
    total, rows = 0.0, max(1, CELLS_AT_ONCE // logits.shape[1])
    for start in range(0, len(labels), rows):
        true = labels[start : start + rows]
        scaled = logits[start : start + rows].astype(np.float64) / temperature
        scaled -= scaled.max(1, keepdims=True)
        total += float((scaled[np.arange(len(true)), true] - np.log(np.exp(scaled).sum(1))).sum())
    return -total / len(labels)


def fit_temperatures(
    logits: Logits, labels: NDArray[np.int64], levels: Levels
) -> tuple[float, ...]:
    """Return the temperature of each level, in [0.05, 20], under which the labels are likeliest.

    The loss is convex in the inverse temperatures. Newton steps within the bounds start at the
    best temperature that all levels can share, and only ever improve on it. A level that
    doesn't help ends at 20, where it hardly counts.

    Args:
        logits: Float32[n_turns, levels.width]; labels: Int64[n_turns], places among the labels.
    """
    each = [1.0] * len(levels.sizes)
    shared = fit_temperature(path_scores(logits, levels, each), labels)
    if len(each) == 1:
        return (shared,)
    parts = level_logits(logits, levels)
    cold = np.full(len(each), 1 / shared)
    loss, slope, curve = _moments(parts, labels, levels, cold)
    for _ in range(NEWTON_STEPS):
        found = _newton_step(cold, slope, curve)
        while (gain := float(slope @ (cold - found))) > FLAT:
            tried = _moments(parts, labels, levels, found)
            if tried[0] <= loss - gain * ENOUGH:
                break
            found = (cold + found) / 2
        if gain <= FLAT:
            break
        cold, (loss, slope, curve) = found, tried
    return tuple(float(one) for one in np.clip(1 / cold, LOWEST, HIGHEST))


def _newton_step(
    cold: NDArray[np.float64], slope: NDArray[np.float64], curve: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where in the bounds the loss would be least, were it the parabola that it looks like.

    Level by level, which bounds make simple; a level without curvature goes to its bound.
    """
    low, high = 1 / HIGHEST, 1 / LOWEST
    found = cold.copy()
    for _ in range(SWEEPS):
        before = found.copy()
        for level in range(len(found)):
            uphill = slope[level] + curve[level] @ (found - cold)
            steep = max(curve[level, level], 1e-12)
            found[level] = np.clip(found[level] - uphill / steep, low, high)
        if np.abs(found - before).max() < 1e-9:
            break
    return found


def _moments(
    parts: list[Logits], labels: NDArray[np.int64], levels: Levels, cold: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Mean loss, its gradient [levels] and its Hessian [levels, levels] in inverse temperatures.

    The Hessian is the mean covariance, under the model, of what the levels say of a label.
    """
    size = len(cold)
    loss, slope, curve = 0.0, np.zeros(size), np.zeros((size, size))
    rows = max(1, CELLS_AT_ONCE // (size * levels.sizes[-1]))
    for start in range(0, len(labels), rows):
        chunk = zip(parts, levels.ancestors, strict=True)
        said = np.stack([part[start : start + rows, list(up)] for part, up in chunk]).astype(float)
        true = labels[start : start + rows]
        mixed = np.tensordot(cold, said, 1)
        mixed -= mixed.max(1, keepdims=True)
        share = np.exp(mixed)
        total = share.sum(1, keepdims=True)
        share /= total
        at = np.arange(len(true))
        loss += float((np.log(total[:, 0]) - mixed[at, true]).sum())
        mean = (said * share).sum(2)
        slope += (mean - said[:, at, true]).sum(1)
        apart = said - mean[:, :, None]
        flat = apart.reshape(size, -1)
        curve += (flat * share.reshape(1, -1)) @ flat.T
    turns = len(labels)
    return loss / turns, slope / turns, curve / turns
