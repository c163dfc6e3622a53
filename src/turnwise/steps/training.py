"""Seed and pseudo-labels of a project -> a packed bundle."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.errors import BundleError
from turnwise.progress import Progress, silent
from turnwise.project import Project, key_of
from turnwise.steps.training_data import TrainingData, training_data
from turnwise.steps.ways import labels_in_use
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.training import pack, train


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training made.

    Attributes:
        bundle: its folder; id: its name in reports and decisions.
        fresh: False where an earlier run had made the same bundle of the same inputs.
        gold_turns, pseudo_turns, calibration_turns: what it learnt from. stale: labelled
            conversations that were left out, as their labels are out of date.
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
    stale: int = 0


def train_bundle(project: Project, progress: Progress = silent) -> TrainResult:
    """Train on the seed and the pseudo-labels, calibrate on seed conversations held apart, pack.

    The bundle becomes the project's current one. Where an earlier run made it of the same inputs
    and it is unharmed, nothing is done anew.

    Raises:
        TrainingError: no conversation is labelled by a person, or pseudo-labels are out of date.
    """
    taxonomy = project.taxonomy()
    split = project.split()
    key = _key(project, taxonomy)
    earlier = project.workspace.finished_run("train", key)
    if earlier is not None and earlier.result is not None:
        folder = project.bundles / str(earlier.result["id"])
        if _unharmed(folder):
            project.set_current_bundle(folder)
            return TrainResult(**{**earlier.result, "bundle": folder, "fresh": False})
    with project.recorded("train", key) as record:
        data = training_data(project, taxonomy, split)
        result = _train(project, taxonomy, data, progress)
        project.set_current_bundle(result.bundle)
        record.update(_plain(result))
    return result


def _train(
    project: Project, taxonomy: Taxonomy, data: TrainingData, progress: Progress
) -> TrainResult:
    encoder = project.encoder(progress)
    began = time.perf_counter()
    classifier = train(
        data.labelled, data.calibration, taxonomy, encoder, project.config.training, progress
    )
    seconds = time.perf_counter() - began
    bundle = pack(
        classifier,
        project.encoder_folder(),
        project.bundles,
        redacted=project.config.redact,
        progress=progress,
    )
    return TrainResult(
        bundle=bundle.folder,
        id=bundle.id,
        fresh=True,
        gold_turns=data.gold_turns,
        pseudo_turns=len(data.labelled) - data.gold_turns,
        calibration_turns=len(data.calibration),
        precision=bundle.manifest.precision,
        agreement=bundle.manifest.agreement,
        seconds=seconds,
        stale=data.stale,
    )


def _key(project: Project, taxonomy: Taxonomy) -> str:
    config = project.config
    used = labels_in_use(project)
    return key_of(
        "train",
        to_dict(taxonomy),
        config.encoder,
        config.redact,
        config.split.model_dump(),
        config.caps.training,
        used.way(project, taxonomy, project.split()).key if used else None,
        asdict(config.training),
        project.workspace.fingerprint(),
    )


def _unharmed(folder: Path) -> bool:
    """Whether a bundle is there and verifies; one that does not makes room for a new one."""
    if not folder.exists():
        return False
    try:
        Bundle.load(folder)
    except BundleError:
        shutil.rmtree(folder)
        return False
    return True


def _plain(result: TrainResult) -> dict[str, str | int | float]:
    """A result as the database keeps it: its bundle is found by the id."""
    return {k: v for k, v in asdict(result).items() if k not in ("bundle", "fresh")}
