"""Whether a packed graph may stand for the float model: labels of the same turns from both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from turnwise.bundle import Agreement, Logits
from turnwise.conversations import Example
from turnwise.encoders.int8 import processor_flags
from turnwise.training.classifier import Classifier
from turnwise.training.data import MISSING, targets
from turnwise.training.scores import macro_f1

COMPARED = 2000  # turns at most
LOWEST_AGREEMENT = 0.995
LARGEST_LOSS = 0.003  # of macro-F1


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
    same, change, apart = {}, {}, 0.0
    for column, (name, logits) in enumerate(exact.items()):
        readout = classifier.readouts[name]
        before, after = map(readout.probabilities, (logits, packed[column]))
        labels = before.argmax(1), after.argmax(1)
        same[name] = float((labels[0] == labels[1]).mean())
        apart = max(apart, float(np.abs(before - after).max()))
        rows = np.flatnonzero(known[:, column] != MISSING)
        scores = [macro_f1(known[rows, column], found[rows]) for found in labels]
        change[name] = scores[1] - scores[0] if len(rows) else 0.0
    return Agreement(
        turns=len(packed[0]),
        labels=same,
        largest_difference=apart,
        macro_f1_change=change,
        processor=tuple(sorted(processor_flags())),
    )


def passes(found: Agreement) -> bool:
    """Whether 99.5% of labels are the same, and macro-F1 lost at most 0.3 points."""
    lost = -min(found.macro_f1_change.values())
    return min(found.labels.values()) >= LOWEST_AGREEMENT and lost <= LARGEST_LOSS


def why_not(found: Agreement) -> str:
    """What a form that did not pass was refused for, for a person to read."""
    worst = min(found.labels, key=lambda name: found.labels[name])
    lost = min(found.macro_f1_change, key=lambda name: found.macro_f1_change[name])
    return (
        f"labels of {found.turns:,} turns agree {found.labels[worst]:.1%} ({worst}; needs "
        f"{LOWEST_AGREEMENT:.1%}), macro-F1 {100 * found.macro_f1_change[lost]:+.1f} points "
        f"({lost}; may lose {100 * LARGEST_LOSS:.1f})"
    )
