"""Which labels are taken for which, and on what turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turnwise.conversations import Example
from turnwise.evaluation import metrics
from turnwise.evaluation.figures import Confusion, ConfusionMatrix, Sample
from turnwise.evaluation.gold import Answers, Gold
from turnwise.evaluation.metrics import Int
from turnwise.taxonomy import Dimension

CONFUSIONS = 15
MATRIX_LABELS = 12  # more do not fit a page legibly
SAMPLE_CHARACTERS = 160


def confusions(
    gold: Gold, answers: Answers, counts: Int, examples: Sequence[Example], samples: int
) -> tuple[Confusion, ...]:
    """The most frequent confusions, with up to `samples` turns of each."""
    names = gold.dimension.names
    return tuple(
        Confusion(
            names[truth],
            names[predicted],
            int(counts[truth, predicted]),
            float(counts[truth, predicted] / counts[truth].sum()),
            _samples(gold, answers, (truth, predicted), examples, samples),
        )
        for truth, predicted in metrics.most_confused(counts, CONFUSIONS)
    )


def _samples(
    gold: Gold, answers: Answers, pair: tuple[int, int], examples: Sequence[Example], limit: int
) -> tuple[Sample, ...]:
    """The turns of a confusion that the predictor was surest of, each text once."""
    places = np.flatnonzero((answers.truth == pair[0]) & (answers.predicted == pair[1]))
    found: dict[str, Sample] = {}
    for place in places[np.argsort(-answers.confidence[places], kind="stable")]:
        if len(found) == limit:
            break
        example, text = examples[gold.rows[place]], _cut(examples[gold.rows[place]].text)
        confidence = float(answers.confidence[place])
        sample = Sample(example.conversation.id, example.index, text, confidence)
        found.setdefault(text.lower(), sample)
    return tuple(found.values())


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= SAMPLE_CHARACTERS else words[: SAMPLE_CHARACTERS - 1] + "…"


def confusion_matrix(dimension: Dimension, counts: Int) -> ConfusionMatrix:
    """Turns by gold and predicted label, for the labels that are most often confused."""
    chosen = metrics.labels_most_confused(counts, MATRIX_LABELS)
    cells = counts[np.ix_(chosen, chosen)]
    return ConfusionMatrix(
        tuple(dimension.names[place] for place in chosen),
        tuple(tuple(row) for row in cells.tolist()),
    )
