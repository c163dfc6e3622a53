"""The judge of what was found in the end: another one than the loop's.

What the loop was steered by cannot say how well it did. This judge shares neither features nor
training data with the loop's: it reads wording alone, where that one looks at vectors alone, and
it learnt from other sets. It judges coherence only (the goodness of S4): a piece of an intent is
good here, as all of it is about one thing; the number of clusters shows what was cut in pieces.

It knows no synonyms. What it misses is a cluster held together by meaning without a word in common.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows, Space, Verdict
from turnwise.discovery.judging.classifier import Coefficients, certainty, learnt
from turnwise.discovery.judging.wording import WORDING, Worded, describe_wording


class WordingJudge:
    """Judges clusters by their wording; implements `Judge`.

    Args:
        coefficients: of a regression over `WORDING`; those that the package keeps if None.
    """

    def __init__(self, coefficients: Coefficients | None = None) -> None:
        self._coefficients = coefficients or learnt().final

    @property
    def source_name(self) -> str:
        return "embedded judge (wording)"

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Return a verdict per cluster.

        Raises:
            ConfigError: scikit-learn is missing.
        """
        if not clusters:
            return []
        worded = Worded.of([one.whole for one in space.utterances])
        statistics = describe_wording(worded, clusters)
        odds = self._coefficients.odds(self._coefficients.contributions(statistics))
        return [
            Verdict(bool(one > 0), certainty(one), _reason(row))
            for one, row in zip(odds, statistics, strict=True)
        ]


def _reason(row: NDArray[np.float64]) -> str:
    told = dict(zip(WORDING, map(float, row), strict=True))
    return (
        f"{told['cover']:.0%} of its members hold one of its leading words; "
        f"{told['misplaced']:.0%} are worded more like another cluster"
    )
