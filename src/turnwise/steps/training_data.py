"""What a project has to learn from: gold of the seed, and pseudo-labels of the logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from turnwise.conversations import Example, examples
from turnwise.errors import TrainingError
from turnwise.project import Project
from turnwise.sampling import Split, cap_per_label, hold_apart
from turnwise.steps.labelling import labelling_keys
from turnwise.taxonomy import Taxonomy
from turnwise.training import LabelledExample

Key = tuple[str, int]  # conversation id, turn
MOST = 0.999  # weight of a pseudo-label: 1 is what tells gold


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a classifier learns from: labelled turns, and gold held apart to calibrate on."""

    labelled: tuple[LabelledExample, ...]
    calibration: tuple[Example, ...]
    gold_turns: int


def training_data(project: Project, taxonomy: Taxonomy, split: Split) -> TrainingData:
    """The labelled turns to learn from, capped per label, and the gold to calibrate on.

    The calibration conversations train no classifier; the annotator of the logs did read their
    gold, as part of the seed, so that it reaches the classifier through other conversations' labels
    alone.

    Raises:
        TrainingError: no conversation is labelled by a person, or the pseudo-labels are older
            than the taxonomy, the seed or the settings.
    """
    if not split.seed:
        raise TrainingError(
            "no conversation has labels by a person. Import a labelled seed first: a few dozen "
            "conversations whose customer turns carry gold"
        )
    kept, held = hold_apart(split.seed, project.config.split.calibration)
    gold = [
        one
        for conversation in project.workspace.conversations(kept)
        for one in examples(conversation)
        if one.gold
    ]
    pseudo = _pseudo_labels(project, taxonomy, split.unlabelled)
    logs = [
        one
        for conversation in project.workspace.conversations(split.unlabelled)
        for one in examples(conversation)
        if one.key in pseudo
    ]
    cap = project.config.caps.training
    labelled = [
        LabelledExample(one, labels, dict.fromkeys(labels, 1.0))
        for one, labels in cap_per_label(gold, lambda one: first_gold(one, taxonomy), cap)
    ]
    gold_turns = len(labelled)
    labelled.extend(
        LabelledExample(one, labels, {name: min(pseudo[one.key][name][1], MOST) for name in labels})
        for one, labels in cap_per_label(logs, lambda one: _names(pseudo[one.key]), cap)
    )
    calibration = tuple(
        one
        for conversation in project.workspace.conversations(held)
        for one in examples(conversation)
        if one.gold
    )
    return TrainingData(tuple(labelled), calibration, gold_turns)


def first_gold(example: Example, taxonomy: Taxonomy) -> Mapping[str, str]:
    """The first gold label of each dimension: this version learns one label a dimension."""
    return {name: labels[0] for name, labels in example.gold.items() if name in taxonomy}


Pseudo = Mapping[str, tuple[str, float]]  # dimension -> label, confidence


def _names(pseudo: Pseudo) -> Mapping[str, str]:
    return {name: label for name, (label, _) in pseudo.items()}


def _pseudo_labels(project: Project, taxonomy: Taxonomy, ids: Sequence[str]) -> dict[Key, Pseudo]:
    """What annotators other than people said, abstentions left out.

    Raises:
        TrainingError: some of it was said of another state of the project.
    """
    found: dict[Key, dict[str, tuple[str, float]]] = {}
    for one in project.workspace.annotations(ids):
        if one.source.kind != "person" and one.label is not None and one.dimension in taxonomy:
            found.setdefault(one.key, {})[one.dimension] = (one.label, one.confidence)
    keys = labelling_keys(project, taxonomy, project.split()) if found else {}
    stale = len(set(keys.values()) - project.workspace.done(keys.values()))
    if stale:
        raise TrainingError(
            f"{stale:,} of {len(keys):,} logs are not labelled with the taxonomy, the seed and "
            "the settings as they are now. Run 'turnwise label' first"
        )
    return dict(found)
