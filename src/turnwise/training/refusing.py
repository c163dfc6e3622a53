"""When a packed model is not to be trusted, told by gold that nothing else learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import PackedModel
from turnwise.bundle.refusal import Refusal, RefusalArrays
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash
from turnwise.training.classifier import Classifier
from turnwise.training.data import LabelledExample, targets
from turnwise.training.operating import DEFAULT, HeldOut, RefusalConfig, fit_refusal
from turnwise.training.out_of_domain import Trained

Labels = NDArray[np.int64]

MOST_TRAINED = 20_000  # turns that the spread of each class is measured on


def refusal_of(
    classifier: Classifier,
    model: PackedModel,
    config: RefusalConfig = DEFAULT,
    progress: Progress = silent,
) -> tuple[Refusal, RefusalArrays | None]:
    """Fit refusal on what the packed graph says of the turns that calibrated the classifier."""
    gold = classifier.held[: classifier.calibrating]
    trained = sorted(classifier.trained, key=lambda one: stable_hash(one.example.key[0]))
    trained = trained[:MOST_TRAINED]
    vectors, logits = model.outputs([one.example for one in gold], progress)
    scores = {
        name: readout.scores(rows)
        for (name, readout), rows in zip(classifier.readouts.items(), logits, strict=True)
        if not readout.several
    }
    vectors_of_trained, _ = model.outputs([one.example for one in trained], progress)
    labels, labels_of_trained = (_columns(some, classifier) for some in (gold, trained))
    held = HeldOut(scores, {name: labels[name] for name in scores}, vectors)
    return fit_refusal(held, Trained(vectors_of_trained, labels_of_trained), config)


def _columns(labelled: Sequence[LabelledExample], classifier: Classifier) -> dict[str, Labels]:
    """Dimension -> Int64[n], places of labels."""
    found = targets(labelled, classifier.taxonomy).labels
    return {name: found[:, at] for at, name in enumerate(classifier.taxonomy.dimension_names)}
