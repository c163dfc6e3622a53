"""Seed and pseudo-labels of a project -> a packed bundle."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.conversations import Example, examples
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.project import Project, key_of
from turnwise.sampling import Split, cap_per_label, hold_apart
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.training import LabelledExample, pack, train

Key = tuple[str, int]  # conversation id, turn


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training made.

    Attributes:
        bundle: its folder; id: its name in reports and decisions.
        fresh: False where an earlier run had made the same bundle of the same inputs.
        gold_turns, pseudo_turns, calibration_turns: what it learnt from.
        precision: of the packed graph, `int8` or `fp32`.
        agreement: share of labels on which the packed graph and the float model agree.
        seconds: of the training, without the vectors and the export.
    """

    bundle: Path
    id: str
    fresh: bool
    gold_turns: int
    pseudo_turns: int
    calibration_turns: int
    precision: str
    agreement: float
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a classifier learns from: labelled turns, and gold held apart to calibrate on."""

    labelled: tuple[LabelledExample, ...]
    calibration: tuple[Example, ...]
    gold_turns: int


def train_bundle(project: Project, progress: Progress = silent) -> TrainResult:
    """Train on the seed and the pseudo-labels, calibrate on seed conversations held apart, pack.

    Raises:
        TrainingError: no conversation is labelled by a person.
    """
    taxonomy = project.taxonomy()
    split = project.split()
    settings = project.config.model_dump(mode="json")
    key = key_of("train", to_dict(taxonomy), settings, project.workspace.fingerprint())
    earlier = project.workspace.finished_run("train", key)
    if earlier is not None and earlier.result is not None:
        folder = project.folder / "bundles" / str(earlier.result["id"])
        if folder.exists():
            return TrainResult(**{**earlier.result, "bundle": folder, "fresh": False})
    run = project.workspace.begin_run("train", settings, key)
    data = training_data(project, taxonomy, split)
    encoder = project.encoder(progress)
    began = time.perf_counter()
    classifier = train(
        data.labelled, data.calibration, taxonomy, encoder, project.config.training, progress
    )
    seconds = time.perf_counter() - began
    bundle = pack(
        classifier,
        project.encoder_folder(),
        project.folder / "bundles",
        redacted=project.config.redact,
        progress=progress,
    )
    result = TrainResult(
        bundle=bundle.folder,
        id=bundle.id,
        fresh=True,
        gold_turns=data.gold_turns,
        pseudo_turns=len(data.labelled) - data.gold_turns,
        calibration_turns=len(data.calibration),
        precision=bundle.manifest.precision,
        agreement=bundle.manifest.agreement,
        seconds=seconds,
    )
    project.workspace.end_run(run, "finished", plain(result))
    return result


def training_data(project: Project, taxonomy: Taxonomy, split: Split) -> TrainingData:
    """The labelled turns to learn from, capped per label, and the gold to calibrate on.

    Raises:
        TrainingError: no conversation is labelled by a person.
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
        LabelledExample(one, labels, {name: pseudo[one.key][name][1] for name in labels})
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
    """What annotators other than people said, abstentions left out."""
    found: dict[Key, dict[str, tuple[str, float]]] = {}
    for one in project.workspace.annotations(ids):
        if one.source.kind != "person" and one.label is not None and one.dimension in taxonomy:
            found.setdefault(one.key, {})[one.dimension] = (one.label, one.confidence)
    return dict(found)


def plain(result: TrainResult) -> dict[str, str | int | float]:
    """A result as the database keeps it; folders are found by the bundle's id."""
    return {
        "id": result.id,
        "gold_turns": result.gold_turns,
        "pseudo_turns": result.pseudo_turns,
        "calibration_turns": result.calibration_turns,
        "precision": result.precision,
        "agreement": result.agreement,
        "seconds": result.seconds,
    }
