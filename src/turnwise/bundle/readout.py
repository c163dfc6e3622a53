"""From a model's scores of one dimension to probabilities of its labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from turnwise.bundle.levels import Levels, leaves_only, levels_of, path_scores
from turnwise.bundle.model import Logits, Probabilities, softmax
from turnwise.taxonomy import Dimension


@dataclass(frozen=True, slots=True)
class Readout:
    """How the scores of one dimension are read.

    Attributes:
        levels: of the label tree that the model scores.
        temperatures: one per level, above 0.
        several: whether a turn may carry several labels; each has a probability of its own then,
            and they do not sum to 1.
    """

    levels: Levels
    temperatures: tuple[float, ...]
    several: bool = False

    def scores(self, logits: Logits) -> Logits:
        """Return Float32[n, n_labels] of Float32[n, width]: what the probabilities are made of."""
        return path_scores(logits, self.levels, self.temperatures)

    def probabilities(self, logits: Logits) -> Probabilities:
        """Return Float32[n, n_labels] of Float32[n, width]."""
        return self.of_scores(self.scores(logits))

    def of_scores(self, scores: Logits) -> Probabilities:
        """Return Float32[n, n_labels], the probabilities of what `scores` returned."""
        return _sigmoid(scores) if self.several else softmax(scores)


def readout(dimension: Dimension, temperatures: tuple[float, ...], several: bool) -> Readout:
    """Read a dimension: all levels where there is a temperature for each, else the labels alone."""
    levels = levels_of(dimension)
    if len(temperatures) != len(levels.sizes):
        levels = leaves_only(dimension)
    return Readout(levels, temperatures, several)


def _sigmoid(scores: Logits) -> Probabilities:
    half = np.float32(0.5)
    shares: Probabilities = half * (1 + np.tanh(half * scores))  # which no score overflows
    return shares
