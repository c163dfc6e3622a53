"""Seed and pseudo-labels of a project -> a packed bundle.

A bundle appears whole or not at all, and becomes the current one last: a training that fails
leaves the last good bundle as it was.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.errors import BundleError, ConfigError
from turnwise.progress import Progress, silent
from turnwise.project import Project, key_of
from turnwise.sampling import hold_apart
from turnwise.steps.generated_data import generated_examples, generated_key
from turnwise.steps.training_data import TrainingData, training_data
from turnwise.steps.ways import labels_in_use
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.training import (
    Classifier,
    LabelledExample,
    TrainingConfig,
    TrainingPlan,
    finetune,
    pack,
    plan_training,
    train,
)
from turnwise.training.config import decisive

PACKED = 2  # raised when bundles come to hold more, so that 'turnwise train' makes them anew
TRAINING = "training"  # folder of what a killed training of an encoder goes on from


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training made.

    Attributes:
        bundle: its folder; id: its name in reports and decisions.
        fresh: False where an earlier run had made the same bundle of the same inputs.
        gold_turns, pseudo_turns, generated_turns, calibration_turns: what it learnt from.
        judged_answers: pairs of a better and a worse answer among that.
        stale: labelled conversations that were left out, as their labels are out of date.
        precision: of the packed graph, `int8` or `fp32`.
        agreement: share of labels on which the packed graph and the float model agree.
        seconds: of the training; where the encoder is trained, its export included.
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
    stale: int = 0
    generated_turns: int = 0
    judged_answers: int = 0


def train_bundle(
    project: Project, progress: Progress = silent, *, dimensions: Collection[str] = ()
) -> TrainResult:
    """Train on the seed and the pseudo-labels, calibrate on seed conversations held apart, pack.

    The bundle becomes the project's current one. Where an earlier run made it of the same inputs
    and it is unharmed, nothing is done anew. A killed training of an encoder goes on from its
    last checkpoint.

    Args:
        dimensions: learn these alone, to compare a model for each with one for all; the bundle
            does not become the current one then. All where none is named.

    Raises:
        TrainingError: no conversation is labelled by a person, or pseudo-labels are out of date.
        ConfigError: a dimension that the taxonomy lacks.
    """
    taxonomy = only(project.taxonomy(), dimensions)
    key = _key(project, taxonomy)
    earlier = project.workspace.finished_run("train", key)
    if earlier is not None and earlier.result is not None:
        folder = project.bundles / str(earlier.result["id"])
        if _unharmed(folder):
            _make_current(project, folder, dimensions)
            return TrainResult(**{**earlier.result, "bundle": folder, "fresh": False})
    with project.recorded("train", key) as record:
        data = _data(project, taxonomy)
        result = _train(project, taxonomy, data, key, progress)
        _make_current(project, result.bundle, dimensions)
        record.update(_plain(result))
    return result


def _make_current(project: Project, bundle: Path, dimensions: Collection[str]) -> None:
    """Answer with a bundle from now on, unless it knows some dimensions only."""
    if not dimensions:
        project.set_current_bundle(bundle)


def plan_bundle(
    project: Project, progress: Progress = silent, *, dimensions: Collection[str] = ()
) -> TrainingPlan:
    """What `train_bundle` would take, told by a few steps; nothing is kept.

    Raises:
        TrainingError, ConfigError: as `train_bundle`; the encoder is not trained.
    """
    taxonomy = only(project.taxonomy(), dimensions)
    data = _data(project, taxonomy)
    config = _settings(project, taxonomy)
    encoder = (config.tune and config.tune.encoder) or project.config.encoder
    reads = config.tune is not None and config.tune.masked_epochs > 0
    return plan_training(
        data.labelled,
        data.calibration,
        taxonomy,
        encoder,
        config,
        progress,
        logs=_texts(project) if reads else (),
    )


def _settings(project: Project, taxonomy: Taxonomy) -> TrainingConfig:
    """The project's, without a word of dimensions that are left out of the taxonomy here."""
    config = project.config.training
    left_out = set(project.taxonomy().dimension_names) - set(taxonomy.dimension_names)
    return replace(config, several=tuple(one for one in config.several if one not in left_out))


def _data(project: Project, taxonomy: Taxonomy) -> TrainingData:
    """What there is to learn of the taxonomy's dimensions, which may be some of the project's."""
    data = training_data(project, project.taxonomy(), project.split())
    generated = generated_examples(project, project.taxonomy())
    gold, pseudo, made = (
        tuple(one for each in part if (one := _of(each, taxonomy)).labels)
        for part in (data.labelled[: data.gold_turns], data.labelled[data.gold_turns :], generated)
    )
    return replace(
        data,
        labelled=(*gold, *pseudo, *made),
        gold_turns=len(gold),
        generated_turns=len(made),
    )


def _of(one: LabelledExample, taxonomy: Taxonomy) -> LabelledExample:
    """An example with its labels of the taxonomy's dimensions alone."""
    labels = {name: label for name, label in one.labels.items() if name in taxonomy}
    return replace(one, labels=labels, weights={name: one.weights[name] for name in labels})


def only(taxonomy: Taxonomy, dimensions: Collection[str]) -> Taxonomy:
    """The taxonomy with some of its dimensions, and no action that asks for another.

    Raises:
        ConfigError: a dimension that it lacks.
    """
    for name in dimensions:
        if name not in taxonomy:
            known = ", ".join(taxonomy.dimension_names)
            reason = f"the taxonomy has no dimension {name!r}"
            raise ConfigError(reason, field="dimension", hint=f"It has {known}")
    if not dimensions:
        return taxonomy
    kept = tuple(one for one in taxonomy.dimensions if one.name in dimensions)
    actions = tuple(one for one in taxonomy.actions if set(one.when) <= set(dimensions))
    return replace(taxonomy, dimensions=kept, actions=actions)


def _train(
    project: Project, taxonomy: Taxonomy, data: TrainingData, key: str, progress: Progress
) -> TrainResult:
    began = time.perf_counter()
    unfinished = project.folder / TRAINING / key
    classifier, encoder = _learn(project, taxonomy, data, unfinished, progress)
    seconds = time.perf_counter() - began
    bundle = pack(
        classifier,
        encoder,
        project.bundles,
        redacted=project.config.redact,
        refusal=project.config.refusal,
        progress=progress,
    )
    shutil.rmtree(unfinished, ignore_errors=True)
    return TrainResult(
        bundle=bundle.folder,
        id=bundle.id,
        fresh=True,
        gold_turns=data.gold_turns,
        pseudo_turns=len(data.labelled) - data.gold_turns - data.generated_turns,
        generated_turns=data.generated_turns,
        judged_answers=sum(bool(one.answers) for one in data.labelled),
        calibration_turns=len(data.calibration),
        precision=bundle.manifest.precision,
        agreement=bundle.manifest.agreement,
        seconds=seconds,
        stale=data.stale,
    )


def _learn(
    project: Project,
    taxonomy: Taxonomy,
    data: TrainingData,
    unfinished: Path,
    progress: Progress,
) -> tuple[Classifier, Path]:
    """A classifier, and the folder of the exported encoder that it sits on."""
    config = _settings(project, taxonomy)
    if config.tune is None:
        encoder = project.encoder(progress)
        found = train(data.labelled, data.calibration, taxonomy, encoder, config, progress)
        return found, project.encoder_folder()
    tuned = finetune(
        data.labelled,
        data.calibration,
        taxonomy,
        config.tune.encoder or project.config.encoder,
        config,
        progress,
        folder=unfinished,
        precision=project.config.precision,
        logs=_texts(project) if config.tune.masked_epochs else (),
    )
    return tuned.classifier, tuned.encoder


def _texts(project: Project) -> list[str]:
    """What both sides said in all conversations but those of the test and of the calibration."""
    split = project.split()
    kept, _ = hold_apart(split.seed, project.config.split.calibration)
    return [
        turn.text
        for conversation in project.workspace.conversations((*kept, *split.unlabelled))
        for turn in conversation.turns
    ]


def _key(project: Project, taxonomy: Taxonomy) -> str:
    config = project.config
    used = labels_in_use(project)
    return key_of(
        "train",
        PACKED,
        to_dict(taxonomy),
        config.encoder,
        config.precision,
        config.redact,
        config.split.model_dump(),
        config.caps.training,
        used.way(project, project.taxonomy(), project.split()).key if used else None,
        decisive(_settings(project, taxonomy)),
        asdict(config.refusal),
        project.workspace.fingerprint(),
        *generated_key(project),
    )


def _unharmed(folder: Path) -> bool:
    """Whether a bundle is there and verifies."""
    try:
        Bundle.load(folder)
    except BundleError:
        return False
    return True


def _plain(result: TrainResult) -> dict[str, str | int | float]:
    """A result as the database keeps it: its bundle is found by the id."""
    return {k: v for k, v in asdict(result).items() if k not in ("bundle", "fresh")}
