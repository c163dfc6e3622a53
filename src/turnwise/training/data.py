"""Labelled examples -> arrays: what a classifier is trained on, and what stops its training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import TrainingError
from turnwise.generated import is_generated
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy

# An example utterance of the taxonomy counts as half a turn of the logs: it speaks for its own
# dimension only, and no customer wrote it.
UTTERANCE_WEIGHT = 0.5
FEWEST_TURNS = 20
MISSING = -1

Answers = tuple[str, str] | tuple[()]  # a better and a worse one to a turn; empty: none were judged


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """One customer turn as training sees it.

    Attributes:
        labels: dimension -> label name; dimensions may be missing.
        weights: dimension -> how much the label counts, in (0, 1]: 1 for gold, the confidence
            for a pseudo-label.
        also: dimension -> further labels of the turn, learnt where the dimension takes several.
        answers: that a judge told apart, for `TrainingConfig.ranking`.
    """

    example: Example
    labels: Mapping[str, str]
    weights: Mapping[str, float]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers: Answers = ()

    @property
    def is_gold(self) -> bool:
        return all(weight == 1 for weight in self.weights.values())


@dataclass(frozen=True, slots=True)
class Targets:
    """The labels of some examples.

    Attributes:
        labels: Int64[n_examples, n_dimensions], places in the taxonomy, MISSING where not
            labelled; weights: Float32 of the same shape.
        several: place of a dimension -> Float32[n_examples, n_labels], 1 at each label of the
            turn, for the dimensions that take several.
    """

    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    several: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)


def targets(
    labelled: Sequence[LabelledExample], taxonomy: Taxonomy, several: Collection[str] = ()
) -> Targets:
    """Lay out labels.

    Args:
        several: dimensions of which a turn may carry several labels.

    Raises:
        TrainingError: a label or a dimension is not in the taxonomy.
    """
    names = taxonomy.dimension_names
    labels = np.full((len(labelled), len(names)), MISSING, np.int64)
    weights = np.zeros((len(labelled), len(names)), np.float32)
    for row, one in enumerate(labelled):
        for name, label in one.labels.items():
            _check_label(one.example, name, label, taxonomy)
            column = names.index(name)
            labels[row, column] = taxonomy[name].index[label]
            weights[row, column] = one.weights.get(name, 1.0)
    marks = {names.index(name): _marks(labelled, name, taxonomy) for name in sorted(several)}
    return Targets(labels, weights, marks)


def _marks(
    labelled: Sequence[LabelledExample], name: str, taxonomy: Taxonomy
) -> NDArray[np.float32]:
    """Float32[n_examples, n_labels]: 1 at each label that a turn has of a dimension."""
    marks = np.zeros((len(labelled), len(taxonomy[name].labels)), np.float32)
    for row, one in enumerate(labelled):
        first = (one.labels[name],) if name in one.labels else ()
        for label in (*first, *one.also.get(name, ())):
            _check_label(one.example, name, label, taxonomy)
            marks[row, taxonomy[name].index[label]] = 1.0
    return marks


def _check_label(example: Example, dimension: str, label: str, taxonomy: Taxonomy) -> None:
    if dimension not in taxonomy or label not in taxonomy[dimension].index:
        conversation, turn = example.key
        raise TrainingError(
            f"conversation {conversation}, turn {turn}: {dimension} {label!r} is not in the "
            f"taxonomy {taxonomy.name}. Add it there, or correct the annotation"
        )


def learnable(found: Targets, taught: Targets) -> Targets:
    """Labels that are taught; others count as missing."""
    labels, weights = found.labels.copy(), found.weights.copy()
    for column in range(labels.shape[1]):
        unknown = ~np.isin(labels[:, column], taught.labels[:, column])
        labels[unknown, column], weights[unknown, column] = MISSING, 0.0
    return Targets(labels, weights, found.several)


def gold_labels(example: Example, taxonomy: Taxonomy) -> LabelledExample:
    """An example with its gold of each dimension that the taxonomy has, the first label first."""
    gold = {name: found for name, found in example.gold.items() if name in taxonomy and found}
    labels = {name: found[0] for name, found in gold.items()}
    also = {name: found[1:] for name, found in gold.items() if len(found) > 1}
    return LabelledExample(example, labels, dict.fromkeys(labels, 1.0), also)


def utterances(taxonomy: Taxonomy) -> Iterator[LabelledExample]:
    """The taxonomy's example utterances, each a conversation of one turn."""
    for dimension in taxonomy.dimensions:
        for label in dimension.labels:
            for text in label.examples:
                turn = Turn("customer", text)
                example = Example(Conversation(f"taxonomy {label.name}", (turn,)), 0)
                weight = {dimension.name: UTTERANCE_WEIGHT}
                yield LabelledExample(example, {dimension.name: label.name}, weight)


def split_to_stop(
    labelled: Sequence[LabelledExample],
) -> tuple[list[LabelledExample], list[LabelledExample]]:
    """Divide by conversation into what is trained on and what stops the training.

    What stops it is about a tenth of the pseudo-labelled conversations where there are any (S1),
    else of all. A tenth has one residue of h mod 10: the lowest that holds at least half of
    what a tenth should. Residue 0 is missing where it was taken for a test before.

    Raises:
        TrainingError: all examples are of one conversation.
    """
    ids = {one.example.key[0] for one in labelled}
    if len(ids) < 2:
        raise TrainingError(
            "only one conversation is labelled: training needs others to tell when to stop. "
            "Label a few dozen conversations"
        )
    held = tenths(labelled)[0]
    if held == ids:
        held = {min(ids, key=stable_hash)}
    kept = [one for one in labelled if one.example.key[0] not in held]
    return kept, [one for one in labelled if one.example.key[0] in held]


def tenths(labelled: Sequence[LabelledExample]) -> list[set[str]]:
    """The conversations that may stop a training, in tenths, but for those much too small.

    None of them is generated: they repeat what is learnt.
    """
    held = [one for one in labelled if not is_generated(one.example.conversation)] or labelled
    gold = {one.example.key[0] for one in held if one.is_gold}
    ids = {one.example.key[0] for one in held}
    ids = ids - gold or ids
    found = ({one for one in ids if stable_hash(one) % 10 == residue} for residue in range(10))
    return [tenth for tenth in found if len(tenth) >= len(ids) / 20]


def check_enough(labelled: Sequence[LabelledExample], taxonomy: Taxonomy) -> None:
    """Raise TrainingError where there is too little to learn from, saying what is missing."""
    if len(labelled) < FEWEST_TURNS:
        raise TrainingError(
            f"{len(labelled)} labelled turns are too few to train on: at least {FEWEST_TURNS} are "
            "needed, a few hundred are useful. Import a labelled seed, or run the labelling"
        )
    for name in taxonomy.dimension_names:
        found = {one.labels[name] for one in labelled if name in one.labels}
        if len(found) < 2:
            seen = f"only {found.pop()!r}" if found else "no label"
            raise TrainingError(
                f"dimension {name}: {seen} stands in the labelled turns, and telling labels "
                "apart takes two. Label more turns, or leave the dimension out of the taxonomy"
            )


def turns_per_dimension(labelled: Sequence[LabelledExample]) -> dict[str, int]:
    """How many of the examples carry a label of each dimension."""
    return dict(Counter(name for one in labelled for name in one.labels))
