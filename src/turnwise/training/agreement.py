"""Whether a packed graph may stand for the float model: labels of the same turns from both.

A few hundred turns can't tell three tenths of a point of F1: one label that differs among 200 moves
it by more, to either side. So a packed graph is refused for its labels where they differ, for which
no gold is needed, and for its F1 where it lost more than that beyond chance, by a paired bootstrap
over turns (Koehn, 2004).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Agreement, Logits
from turnwise.conversations import Example
from turnwise.encoders.int8 import processor_flags
from turnwise.training.classifier import Classifier
from turnwise.training.data import MISSING, targets
from turnwise.training.scores import macro_f1

COMPARED = 2000  # turns at most
LOWEST_AGREEMENT = 0.995
LARGEST_LOSS = 0.003  # of macro-F1
RESAMPLES, HIGH = 1000, 0.95  # of the bootstrap; its quantile that the loss must exceed

Labels = NDArray[np.int64]  # Int64[n_turns], places in the taxonomy


def to_compare(classifier: Classifier) -> list[Example]:
    """Up to 2,000 of the turns held apart: turns of the training agree more than unseen ones."""
    seen = [one.example for one in classifier.held or classifier.trained]
    return seen[:COMPARED]


def compare(
    exact: Mapping[str, Logits], packed: Sequence[Logits], classifier: Classifier
) -> Agreement:
    """Compare the logits of `to_compare`'s turns, per dimension, with and without packing."""
    held = classifier.held[:COMPARED]
    known = targets(held, classifier.taxonomy).labels
    same, change, at_best, apart = {}, {}, {}, 0.0
    for column, (name, logits) in enumerate(exact.items()):
        readout = classifier.readouts[name]
        before, after = map(readout.probabilities, (logits, packed[column]))
        labels = before.argmax(1), after.argmax(1)
        same[name] = float((labels[0] == labels[1]).mean())
        apart = max(apart, float(np.abs(before - after).max()))
        rows = np.flatnonzero(known[:, column] != MISSING)
        change[name], at_best[name] = _f1_change(
            known[rows, column], labels[0][rows], labels[1][rows]
        )
    return Agreement(
        turns=len(packed[0]),
        labels=same,
        largest_difference=apart,
        macro_f1_change=change,
        processor=tuple(sorted(processor_flags())),
        macro_f1_at_best=at_best,
    )


def passes(found: Agreement) -> bool:
    """Whether 99.5% of labels are the same, and macro-F1 lost at most 0.3 points beyond chance."""
    at_best = found.macro_f1_at_best or found.macro_f1_change
    return min(found.labels.values()) >= LOWEST_AGREEMENT and min(at_best.values()) >= -LARGEST_LOSS


def why_not(found: Agreement) -> str:
    """What a form that did not pass was refused for, for a person to read."""
    worst = min(found.labels, key=lambda name: found.labels[name])
    lost = min(found.macro_f1_change, key=lambda name: found.macro_f1_change[name])
    return (
        f"labels of {found.turns:,} turns agree {found.labels[worst]:.1%} ({worst}; needs "
        f"{LOWEST_AGREEMENT:.1%}), macro-F1 {100 * found.macro_f1_change[lost]:+.1f} points "
        f"({lost}; may lose {100 * LARGEST_LOSS:.1f} beyond chance)"
    )


def _f1_change(gold: Labels, before: Labels, after: Labels) -> tuple[float, float]:
    """Change of macro-F1, and the upper end of its 90% interval."""
    if len(gold) == 0:
        return 0.0, 0.0
    change = macro_f1(gold, after) - macro_f1(gold, before)
    if (before == after).all():
        return change, change
    draw = np.random.default_rng(0)
    counts = draw.multinomial(len(gold), np.full(len(gold), 1 / len(gold)), RESAMPLES)
    scores = [_macro_f1s(counts.astype(np.float32), gold, found) for found in (before, after)]
    return change, float(np.quantile(scores[1] - scores[0], HIGH))


def _macro_f1s(counts: NDArray[np.float32], gold: Labels, found: Labels) -> NDArray[np.float32]:
    """Float32[n_resamples]: macro-F1 of turns that each stand there so often.

    Args:
        counts: Float32[n_resamples, n_turns].
    """
    size = 1 + max(int(gold.max()), int(found.max()))
    given, said = np.eye(size, dtype=np.float32)[gold], np.eye(size, dtype=np.float32)[found]
    both, there = counts @ (given * said), counts @ (given + said)
    f1s = 2 * both / np.maximum(there, 1)
    averages: NDArray[np.float32] = f1s.sum(1) / np.maximum((there > 0).sum(1), 1)
    return averages
