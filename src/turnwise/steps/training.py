"""Seed and pseudo-labels of a workspace -> a packed bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.conversations import Example, examples
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.sampling import cap_per_label, hold_apart
from turnwise.steps.resources import current_split, key_of, open_encoder, required_taxonomy
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.training import LabelledExample, pack, train
from turnwise.workspace import Workspace

Labels = Mapping[str, str]
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training made.

    Attributes:
        bundle: its folder; id: its name in reports and decisions.
        fresh: False where an earlier run had made the same bundle from the same inputs.
        gold_turns, pseudo_turns, calibration_turns: what it learnt from.
        precision: of the packed graph, `int8` or `fp32`; agreement: share of labels on which
            the packed graph and the float model agree.
        seconds: of the training, without export.
    """

    bundle: Path
    id: str
    fresh: bool


def train_bundle(workspace: Workspace, progress: Progress = silent) -> TrainResult:
    """Train on the seed and the pseudo-labels, calibrate on seed conversations held apart, pack.

    Raises:
        TrainingError: nothing is labelled.
    """
    taxonomy = required_taxonomy(workspace)
    split = current_split(workspace)
    if not split.seed:
        raise TrainingError(
            "no conversation has labels by a person: import a labelled seed first"
        )
    config = workspace.config
    key = key_of("train", to_dict(taxonomy), config.model_dump(), workspace.fingerprint())
    earlier = workspace.finished_run("train", key)
    if earlier is not None and (folder := workspace.folder / earlier.result["bundle"]).exists():
        return TrainResult(folder, Bundle.load(folder).id, fresh=False)
    kept, held = hold_apart(split.seed, config.split.calibration)
    run = workspace.begin_run("train", config.model_dump(), key)
    encoder = open_encoder(workspace, progress)
    ...
