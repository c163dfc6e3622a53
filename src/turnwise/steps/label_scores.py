"""Pseudo-labels held against gold that their annotator never saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, examples
from turnwise.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Pseudo-labels of one dimension against the gold that the annotator never saw.

    Attributes:
        turns: how many have gold; accuracy: over all of them, abstentions counting as wrong.
        surest_half: accuracy on the half of them with the highest confidence.
        abstained: share of them left without a label.
    """

    turns: int
    accuracy: float
    surest_half: float
    abstained: float


def label_scores(
    taxonomy: Taxonomy,
    conversations: Iterable[Conversation],
    by_turn: Mapping[tuple[str, int, str], Annotation],
) -> dict[str, LabelScore]:
    """Score annotations by (conversation, turn, dimension), for each dimension with gold."""
    outcomes: dict[str, list[tuple[bool, float, bool]]] = {}
    for conversation in conversations:
        for example in examples(conversation):
            for dimension, gold in example.gold.items():
                one = by_turn.get((*example.key, dimension))
                if one is not None:
                    row = (one.label in gold, one.confidence, one.label is None)
                    outcomes.setdefault(dimension, []).append(row)
    return {name: _score(outcomes[name]) for name in taxonomy.dimension_names if name in outcomes}


def _score(rows: Sequence[tuple[bool, float, bool]]) -> LabelScore:
    right, confidence, abstained = (np.array(column) for column in zip(*rows, strict=True))
    surest = np.argsort(-confidence, kind="stable")[: max(1, len(rows) // 2)]
    return LabelScore(
        turns=len(rows),
        accuracy=float(right.mean()),
        surest_half=float(right[surest].mean()),
        abstained=float(abstained.mean()),
    )
