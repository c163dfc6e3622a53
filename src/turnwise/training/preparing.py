"""What a training is given, checked and divided: to learn from, to stop by, to calibrate on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Levels, leaves_only, levels_of
from turnwise.context_arrays import ContextArrays, context_arrays
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError, TrainingError
from turnwise.taxonomy import Taxonomy
from turnwise.training.config import TrainingConfig
from turnwise.training.data import (
    LabelledExample,
    Targets,
    check_enough,
    gold_labels,
    learnable,
    split_to_stop,
    targets,
    tenths,
    utterances,
)
from turnwise.training.weights import balanced, mixed

if TYPE_CHECKING:
    from turnwise.context_selection import Selector

FEW = 5_000  # examples up to which heads are trained several times
FOLDS = 5
SPECIAL_TOKENS = 2  # that an encoder puts around a text


@dataclass(frozen=True, slots=True)
class Prepared:
    """The examples of a training by what they are for.

    Attributes:
        taxonomy, config: whose labels are learnt, and how.
        kept: labelled examples to learn from; taught: these and the taxonomy's utterances.
        held: what stops the training; gold: what calibrates it.
        notes: what a reader should know of how they came about.
    """

    taxonomy: Taxonomy
    config: TrainingConfig
    kept: list[LabelledExample]
    taught: list[LabelledExample]
    held: list[LabelledExample]
    gold: list[LabelledExample]
    notes: tuple[str, ...]

    def folds(self) -> list[NDArray[np.bool_]]:
        """Which rows of what is taught and held, together, stop each of several trainings.

        Bool[n_taught + n_held] each, a tenth of the conversations; none where one training will
        do: there is much to learn from, it can't be divided, or a history is read, where the
        mean of several was no better than one.
        """
        ids = np.array([one.example.key[0] for one in (*self.taught, *self.held)], object)
        alone = self.config.context.kind == "single"
        if not alone or len(ids) > FEW or self.kept is self.held:
            return []
        parts = tenths([*self.kept, *self.held])[:FOLDS]
        masks = [np.isin(ids, list(part)) for part in parts]
        return masks if len(masks) > 1 else []

    @property
    def groups(self) -> tuple[list[LabelledExample], ...]:
        return self.taught, self.held, self.gold


def prepare(
    labelled: Sequence[LabelledExample],
    calibration: Sequence[Example],
    taxonomy: Taxonomy,
    config: TrainingConfig,
) -> Prepared:
    """Divide examples by conversation.

    Raises:
        TrainingError: too little to learn from, or a conversation both to train and to calibrate
            on. ConfigError: a dimension of several labels that the taxonomy lacks.
    """
    unknown = [name for name in config.several if name not in taxonomy]
    if unknown:
        raise ConfigError(
            f"the taxonomy has no dimension {unknown[0]!r}",
            field="training.several",
            hint=f"It has {', '.join(taxonomy.dimension_names)}",
        )
    gold = [one for one in (gold_labels(each, taxonomy) for each in calibration) if one.labels]
    _check_apart(labelled, gold)
    settled, notes = _settled(labelled)
    check_enough(settled, taxonomy)
    kept, held = split_to_stop(settled)
    spoken = list(utterances(taxonomy))
    if not _pairs(held) & _pairs([*kept, *spoken]):
        kept = held = settled
        notes = (
            *notes,
            "no label of what was held apart is taught: training stops by what it "
            "learns from, which says little; give more turns of each label",
        )
    return Prepared(taxonomy, config, kept, [*kept, *spoken], held, gold, notes)


def _pairs(labelled: Sequence[LabelledExample]) -> set[tuple[str, str]]:
    """The labels that some examples carry, with their dimensions."""
    return {pair for one in labelled for pair in one.labels.items()}


def _check_apart(labelled: Sequence[LabelledExample], gold: Sequence[LabelledExample]) -> None:
    both = sorted(ids_of(gold) & ids_of(labelled))
    if both:
        raise TrainingError(
            f"{len(both)} conversations are given both to train and to calibrate on, {both[0]} "
            "among them. Give each to one of the two"
        )


def ids_of(*groups: Sequence[LabelledExample]) -> set[str]:
    """Conversations of some examples."""
    return {one.example.key[0] for group in groups for one in group}


def _settled(
    labelled: Sequence[LabelledExample],
) -> tuple[list[LabelledExample], tuple[str, ...]]:
    """Each turn once: where a person and a model labelled the same, the person's labels hold."""
    found: dict[tuple[str, int], LabelledExample] = {}
    contradicted = 0
    for one in labelled:
        other = found.setdefault(one.example.key, one)
        if other is one:
            continue
        contradicted += any(other.labels.get(k, v) != v for k, v in one.labels.items())
        found[one.example.key] = _joined(other, one)
    if not contradicted:
        return list(found.values()), ()
    turns = "1 turn was" if contradicted == 1 else f"{contradicted} turns were"
    return list(found.values()), (
        f"{turns} labelled twice, not alike: a person's label holds, else the first given",
    )


def _joined(first: LabelledExample, second: LabelledExample) -> LabelledExample:
    """One turn, labelled twice: dimension by dimension a person's label, else the first."""

    def is_gold(one: LabelledExample, name: str) -> bool:
        return one.weights.get(name, 1.0) == 1

    owners = {**dict.fromkeys(second.labels, second), **dict.fromkeys(first.labels, first)}
    for name in second.labels:
        if is_gold(second, name) and not is_gold(first, name):
            owners[name] = second
    return LabelledExample(
        first.example,
        {name: one.labels[name] for name, one in owners.items()},
        {name: one.weights.get(name, 1.0) for name, one in owners.items()},
        {name: one.also[name] for name, one in owners.items() if name in one.also},
        first.answers or second.answers,
    )


def window_for(config: TrainingConfig, encoder: Encoder) -> ContextWindow:
    """The context as this encoder can read it: joined texts are kept within its tokens."""
    window = config.context
    if window.join == "apart":
        return window
    most = encoder.max_tokens - SPECIAL_TOKENS
    return replace(window, max_tokens=max(1, min(window.max_tokens, most)))


def levels_for(taxonomy: Taxonomy, config: TrainingConfig) -> tuple[Levels, ...]:
    """The levels that are scored: of the whole label tree where it is used, else the labels."""
    whole = config.label_attention or config.tree
    return tuple(
        levels_of(one) if whole and one.name not in config.several else leaves_only(one)
        for one in taxonomy.dimensions
    )


def lay_out(
    prepared: Prepared, encoder: Encoder, selector: Selector | None = None
) -> tuple[list[ContextArrays], list[Targets]]:
    """Contexts, which share their texts, and labels of what is taught, held and gold.

    Labels of held and gold that nothing teaches are left out: no training can get them right, and
    by their likelihood the one that is the least sure of anything would be the best.

    Raises:
        TrainingError: a label or a dimension is not in the taxonomy.
    """
    taxonomy, config = prepared.taxonomy, prepared.config
    examples = [one.example for group in prepared.groups for one in group]
    window = window_for(config, encoder)
    whole = context_arrays(examples, window, encoder.count_tokens, selector)
    ends = [0, *accumulate(map(len, prepared.groups))]
    contexts = [
        ContextArrays(whole.texts, whole.turns[start:end], whole.roles[start:end])
        for start, end in pairwise(ends)
    ]
    taught, *rest = (targets(group, taxonomy, config.several) for group in prepared.groups)
    judging = [learnable(one, taught) for one in rest]
    taught = mixed(taught, prepared.kept, config.shares)
    return contexts, [balanced(taught) if config.balanced else taught, *judging]
