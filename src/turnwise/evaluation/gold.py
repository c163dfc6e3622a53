"""Gold and predictions side by side, turn by turn, checked before anything is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example
from turnwise.errors import EvaluationError
from turnwise.evaluation import metrics
from turnwise.evaluation.baselines import Probabilities
from turnwise.evaluation.metrics import Bool, Float, Int
from turnwise.taxonomy import Dimension

TOP = 5


@dataclass(frozen=True)
class Gold:
    """The turns that carry gold for a dimension.

    Attributes:
        n_examples: how many examples there are in all.
        rows: Int[n], the places of these turns among them.
        gold: Bool[n, n_labels]; first: Int[n], the first gold label of each.
        conversation: Int[n]; later: Bool[n], not the first customer turn of its conversation.
    """

    dimension: Dimension
    n_examples: int
    rows: Int
    gold: Bool
    first: Int
    conversation: Int
    later: Bool


@dataclass(frozen=True)
class Answers:
    """What a predictor says to the turns of a `Gold`: labels, confidence, and what is right."""

    ranked: Int
    predicted: Int
    truth: Int
    confidence: Float
    right: Bool


def number_conversations(examples: Sequence[Example]) -> Int:
    """Give each conversation a number: Int[n_examples]."""
    numbers: dict[str, int] = {}
    ids = (example.conversation.id for example in examples)
    return np.array([numbers.setdefault(id_, len(numbers)) for id_ in ids], np.int64)


def gather_gold(examples: Sequence[Example], conversation: Int, dimension: Dimension) -> Gold:
    """Find the turns with gold for a dimension.

    Raises:
        EvaluationError: naming the labels that the taxonomy does not have, and where they stand.
    """
    rows = [row for row, example in enumerate(examples) if example.gold.get(dimension.name)]
    gold = np.zeros((len(rows), len(dimension.names)), np.bool_)
    first = np.zeros(len(rows), np.int64)
    unknown: dict[str, Example] = {}
    for place, row in enumerate(rows):
        labels = examples[row].gold[dimension.name]
        for label in reversed(labels):
            if label in dimension.index:
                first[place] = dimension.index[label]
                gold[place, first[place]] = True
            else:
                unknown.setdefault(label, examples[row])
    if unknown:
        raise _unknown_labels(unknown, dimension)
    later = [any(turn.role == "customer" for turn in examples[row].history) for row in rows]
    places = np.array(rows, np.int64)
    return Gold(
        dimension=dimension,
        n_examples=len(examples),
        rows=places,
        gold=gold,
        first=first,
        conversation=conversation[places],
        later=np.array(later, np.bool_),
    )


def _unknown_labels(unknown: Mapping[str, Example], dimension: Dimension) -> EvaluationError:
    named = [
        f"{label!r} (conversation {example.conversation.id}, turn {example.index})"
        for label, example in list(unknown.items())[:5]
    ]
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    return EvaluationError(
        f"gold labels outside the taxonomy, dimension {dimension.name}: {', '.join(named)}{more}; "
        "add them to the taxonomy, mend the gold, or leave these turns out"
    )


def gather_answers(gold: Gold, name: str, probabilities: Probabilities) -> Answers:
    """Read a predictor's probabilities for the turns with gold.

    Raises:
        EvaluationError: the dimension is missing, the shape does not fit, or the rows are no
            probabilities.
    """
    dimension = gold.dimension
    if dimension.name not in probabilities:
        raise EvaluationError(
            f"{name} predicts nothing for {dimension.name}, which has gold; predict it, or "
            "evaluate with a taxonomy without it"
        )
    chances = probabilities[dimension.name]
    wanted = (gold.n_examples, len(dimension.names))
    if chances.shape != wanted:
        raise EvaluationError(
            f"{name}, {dimension.name}: probabilities of shape {chances.shape} where {wanted} "
            "(turns, labels) was expected; predict the same turns with the same taxonomy"
        )
    chances = chances[gold.rows]
    _check_chances(chances, f"{name}, {dimension.name}")
    ranked = metrics.rank(chances, TOP)
    predicted = ranked[:, 0]
    confidence = chances[np.arange(len(chances)), predicted].astype(np.float64)
    truth = metrics.settle(gold.gold, predicted, gold.first)
    return Answers(ranked, predicted, truth, np.clip(confidence, 0, 1), truth == predicted)


def _check_chances(chances: NDArray[np.float32], where: str) -> None:
    sums_to_one = np.abs(chances.sum(axis=1) - 1) < 1e-3
    if not (np.isfinite(chances).all() and (chances >= 0).all() and sums_to_one.all()):
        raise EvaluationError(
            f"{where}: the rows are no probabilities (each in [0, 1], a sum of 1); "
            "hand in calibrated probabilities, not scores"
        )
