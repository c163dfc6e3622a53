"""Precision against share kept, counted as the labels come by.

Confidences are counted in steps of a thousandth, so that memory does not grow with the turns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from turnwise.evaluation.labelling.figures import KeptPoint
from turnwise.evaluation.metrics import Int

STEPS = 1_000  # of confidence
POINTS = 10


def _empty() -> Int:
    return np.zeros((2, STEPS + 1), np.int64)


@dataclass
class Curve:
    """Labels with gold by confidence: Int[2, STEPS + 1], all of them and the right ones."""

    counts: Int = field(default_factory=_empty)

    def add(self, confidence: float, right: bool) -> None:
        step = round(min(max(confidence, 0.0), 1.0) * STEPS)
        self.counts[0, step] += 1
        self.counts[1, step] += right

    def points(self, turns: int) -> tuple[KeptPoint, ...]:
        """The surest labels on each tenth of the turns, as far as there are labels, then on all.

        Labels of one confidence can't be told apart: at a threshold among them each counts in
        proportion.

        Args:
            turns: with gold, those without a label among them.
        """
        given, right = self.counts[:, ::-1].cumsum(axis=1)
        labelled = int(given[-1])
        if not labelled:
            return ()
        tenths = np.ceil(np.arange(1, POINTS + 1) * turns / POINTS).astype(np.int64)
        taken = np.unique(np.append(tenths[tenths < labelled], labelled))
        hits = np.interp(taken, np.append(0, given), np.append(0, right))
        places = np.searchsorted(given, taken)
        return tuple(
            KeptPoint(count / turns, count, min(hit / count, 1.0), (STEPS - place) / STEPS)
            for count, hit, place in zip(
                taken.tolist(), hits.tolist(), places.tolist(), strict=True
            )
        )
