"""How much an example counts: shares of the data mix, and rare labels raised.

Both only change weights. Every example is still seen once a pass, so that nothing is thrown away
to meet a share and nothing is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.generated import is_generated
from turnwise.training.config import ExampleKind
from turnwise.training.data import MISSING, LabelledExample, Targets

# Of the effective number of turns (Cui et al., Class-Balanced Loss, 2019): beyond some 1/(1 - B)
# turns a label counts as seen enough.
BETA = 0.999


def kind_of(one: LabelledExample) -> ExampleKind:
    """What an example is to the data mix."""
    if is_generated(one.example.conversation):
        return "generated"
    if not one.is_gold:
        return "pseudo"
    return "multi" if one.example.history else "single"


def mixed(
    found: Targets, labelled: Sequence[LabelledExample], shares: Mapping[ExampleKind, float]
) -> Targets:
    """Scale weights so that each kind has its share of their sum; the sum stays.

    A share of a kind that has no example goes to the others, in proportion.

    Args:
        labelled: the first rows of `found`; those beyond, the taxonomy's utterances, are no part
            of the mix and stay as they are.
    """
    if not shares or not labelled:
        return found
    kinds = np.array([kind_of(one) for one in labelled])
    weights = found.weights[: len(kinds)]
    each = {str(kind): float(weights[kinds == kind].sum()) for kind in np.unique(kinds)}
    sums = {kind: value for kind, value in each.items() if value > 0}  # some have no label at all
    total = sum(sums.values())
    wanted = _shares({kind: value / total for kind, value in sums.items()}, shares)
    factors = np.array(
        [wanted[kind] * total / sums[kind] if kind in sums else 1.0 for kind in kinds]
    )
    scaled = (weights * factors[:, None]).astype(np.float32)
    rest = found.weights[len(kinds) :]
    return Targets(found.labels, np.concatenate([scaled, rest]), found.several)


def _shares(there: Mapping[str, float], wanted: Mapping[ExampleKind, float]) -> Mapping[str, float]:
    """The share of each kind that is there: those stated, and the rest as it comes."""
    stated: dict[str, float] = {kind: share for kind, share in wanted.items() if kind in there}
    rest = {kind: share for kind, share in there.items() if kind not in stated}
    left = max(0.0, 1 - sum(stated.values())) if rest else 0.0
    found = stated | {kind: left * share / sum(rest.values()) for kind, share in rest.items()}
    return {kind: share / sum(found.values()) for kind, share in found.items()}


def balanced(found: Targets) -> Targets:
    """Raise rare labels: each by the inverse effective number of its turns; the sum stays."""
    weights = found.weights.copy()
    for column in range(found.labels.shape[1]):
        there = found.labels[:, column] != MISSING
        if weights[there, column].any():
            weights[there, column] *= _factors(found.labels[there, column], weights[there, column])
    return Targets(found.labels, weights, found.several)


def _factors(labels: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    counts = np.bincount(labels)
    raised = (1 - BETA) / (1 - BETA ** np.maximum(counts, 1))
    factors = raised[labels]
    scaled: NDArray[np.float32] = (factors * weights.sum() / (factors * weights).sum()).astype(
        np.float32
    )
    return scaled
