"""Labels of several dimensions that go together speak for each other.

Fitted on beliefs about conversations that were left out, this last step is also the calibration:
it learns how far those beliefs can be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.choice import Chances, Evidence, Weights, chances, fit_choice
from turnwise.labelling.ridge import Scores, Targets

PULL = 3.0  # towards beliefs as they are, without the others
PRIOR = 1.0  # turns, per label, that are taken to show no dependence
FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Companions:
    """How one dimension's labels go with those of the others.

    Attributes:
        weights: of the dimension's own belief and of each other dimension's, in order.
        together: other dimension -> how much more often than usual labels occur together,
            Float64[n_other_labels, n_labels], as ratios.
    """

    weights: Weights
    together: Mapping[str, Scores]

    def beliefs(self, own: Chances, others: Mapping[str, Chances]) -> Chances:
        """Beliefs of the dimension in the light of those of the others."""
        return chances(
            _company(own, [others[name] @ ratio for name, ratio in self.together.items()]),
            self.weights,
        )


def fit_companions(
    name: str,
    believed: Mapping[str, Chances],
    targets: Mapping[str, Targets],
    groups: NDArray[np.intp],
) -> Companions:
    """Learn from beliefs about left-out conversations how far to trust them and each other.

    Args:
        name: the dimension; the others are the remaining keys of `believed`.
        believed: dimension -> Float64[n_turns, n_labels], of turns that were left out.
        targets: dimension -> Float64[n_turns, n_labels].
        groups: conversations, Int[n_turns]: what occurs together is counted in the others.
    """
    others = [one for one in believed if one != name]
    start = np.array([1.0, *(0.0 for _ in others)])
    expected = []
    for other in others:
        rows = np.zeros_like(targets[name])
        for group in np.unique(groups):
            of_group = groups == group
            ratio = _together(targets[other][~of_group], targets[name][~of_group])
            rows[of_group] = believed[other][of_group] @ ratio
        expected.append(rows)
    evidence = _company(believed[name], expected)
    weights = fit_choice(evidence, targets[name], start, PULL)
    return Companions(
        weights, {other: _together(targets[other], targets[name]) for other in others}
    )


def _company(own: Chances, expected: Sequence[Scores]) -> Evidence:
    return np.stack([np.log(own + FLOOR), *(np.log(one) for one in expected)], axis=2)


def _together(other: Targets, own: Targets) -> Scores:
    """P(label | other label) / P(label), smoothed towards 1: Float64[n_other, n_labels]."""
    counts = other.T @ own
    usual = own.sum(axis=0) + 0.5
    usual = usual / usual.sum()
    smooth = counts + PRIOR * own.shape[1] * usual
    ratio: Scores = smooth / smooth.sum(axis=1, keepdims=True) / usual
    return ratio
