"""What a project has to learn from: gold of the seed, and pseudo-labels of the logs."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace

from turnwise.conversations import Example, examples
from turnwise.errors import TrainingError
from turnwise.project import Project
from turnwise.sampling import Split, cap_per_label, hold_apart
from turnwise.steps.reviewing import reviewed
from turnwise.steps.ways import InUse, Way, labels_in_use
from turnwise.taxonomy import Taxonomy
from turnwise.training import LabelledExample
from turnwise.training.data import gold_labels

Key = tuple[str, int]  # conversation id, turn
MOST = 0.999  # weight of a pseudo-label: 1 is what tells gold


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a classifier learns from: labelled turns, and gold held apart to calibrate on.

    Attributes:
        generated_turns: of those to learn from, how many nobody said; they come last.
        stale: conversations whose labels are older than taxonomy, seed or settings, and that it
            does not learn from.
    """

    labelled: tuple[LabelledExample, ...]
    calibration: tuple[Example, ...]
    gold_turns: int
    stale: int = 0
    generated_turns: int = 0


def training_data(
    project: Project,
    taxonomy: Taxonomy,
    split: Split,
    used: InUse | None = None,
    turns: Container[Key] | None = None,
) -> TrainingData:
    """The labelled turns to learn from, capped per label, and the gold to calibrate on.

    Args:
        used: which pseudo-labels; None: those of the labelling that ran last.
        turns: of the logs, where only these are to be learnt from.

    The calibration conversations train no classifier; the annotator of the logs did read their
    gold, as part of the seed, so that it reaches the classifier through other conversations' labels
    alone.

    Raises:
        TrainingError: no conversation is labelled by a person, or all pseudo-labels are older than
            the taxonomy, the seed or the settings.
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
    pseudo, stale = pseudo_labels(project, taxonomy, split, used or labels_in_use(project))
    if stale and not pseudo and turns is None:
        raise TrainingError(
            f"the {stale:,} labelled logs are not labelled with the taxonomy, the seed and the "
            "settings as they are now. Run 'turnwise label' first"
        )
    decided = reviewed(project.workspace, split.unlabelled)
    for key, said in decided.items():  # people win over models
        given = {name: (label, 1.0) for name, label in said.items() if is_of(taxonomy, name, label)}
        pseudo[key] = {**pseudo.get(key, {}), **given}
    logs = [
        one
        for conversation in project.workspace.conversations(split.unlabelled)
        for one in examples(conversation)
        if one.key in pseudo and (turns is None or one.key in turns or one.key in decided)
    ]
    cap = project.config.caps.training
    labelled = [
        LabelledExample(one, labels, dict.fromkeys(labels, 1.0), gold_labels(one, taxonomy).also)
        for one, labels in cap_per_label(gold, lambda one: first_gold(one, taxonomy), cap)
    ]
    gold_turns = len(labelled)
    labelled.extend(
        LabelledExample(one, labels, {name: pseudo[one.key][name][1] for name in labels})
        for one, labels in cap_per_label(logs, lambda one: _names(pseudo[one.key]), cap)
    )
    calibration = tuple(
        one
        for conversation in project.workspace.conversations(held)
        for one in examples(conversation)
        if one.gold
    )
    return TrainingData(tuple(labelled), calibration, gold_turns, stale)


def first_gold(example: Example, taxonomy: Taxonomy) -> Mapping[str, str]:
    """The first gold label of each dimension: what caps and single labels go by."""
    return {name: labels[0] for name, labels in example.gold.items() if name in taxonomy}


Pseudo = Mapping[str, tuple[str, float]]  # dimension -> label, weight


def _names(pseudo: Pseudo) -> Mapping[str, str]:
    return {name: label for name, (label, _) in pseudo.items()}


def pseudo_labels(
    project: Project, taxonomy: Taxonomy, split: Split, used: InUse | None
) -> tuple[dict[Key, Pseudo], int]:
    """What an annotator said of the logs, abstentions left out; conversations that are passed over.

    Labels of another state of the project are passed over.
    """
    if used is None:
        return {}, 0
    found: dict[str, dict[int, dict[str, tuple[str, float]]]] = {}
    of_any_version = replace(used.source, version="")
    for one in project.workspace.annotations(split.unlabelled, of_any_version):
        said = found.setdefault(one.conversation_id, {}).setdefault(one.turn, {})
        if one.label is not None and one.dimension in taxonomy:
            said[one.dimension] = (one.label, min(one.confidence, MOST))
    stale = _stale(project, used.way(project, taxonomy, split), found)
    fresh = {
        (id, turn): said
        for id, turns in found.items()
        if id not in stale
        for turn, said in turns.items()
        if said
    }
    return dict(fresh), len(stale)


def is_of(taxonomy: Taxonomy, dimension: str, label: str) -> bool:
    return dimension in taxonomy and label in taxonomy[dimension].index


def _stale(project: Project, way: Way, turns: Mapping[str, Collection[int]]) -> set[str]:
    """Conversations whose labels are not of this way as it is now."""
    keys = {one: (way.whole(one), way.part(one, some)) for one, some in turns.items()}
    done = project.workspace.done(key for pair in keys.values() for key in pair)
    return {one for one, pair in keys.items() if not done.intersection(pair)}
