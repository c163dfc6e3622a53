"""What a training will take, told by a few of its steps."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.conversations import Example
from turnwise.encoders import find_source
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.training.config import TrainingConfig
from turnwise.training.data import LabelledExample
from turnwise.training.finetuning import plan_course
from turnwise.training.preparing import prepare

if TYPE_CHECKING:
    from turnwise.training.lessons import Lessons
    from turnwise.training.tuning import Run

TRIED = 8  # steps, after the longest, which also warms up
COPIES = 4  # of the weights: the model, its best state, and the optimiser's two moments


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What the training of an encoder will take on this machine.

    Attributes:
        examples, texts, tokens: to learn from; a text is counted once, however many turns see it.
        encoder_weights: numbers that are trained.
        steps: of an epoch; batch: examples a step, about; epochs: at most.
        seconds_per_epoch: by the steps that were tried; the loss on what is held apart included.
        hours: of all epochs; early stopping may end it sooner.
        memory_mb: of the process at its peak; disk_mb: of a checkpoint.
        device, precision: what computes, and in which numbers.
    """

    examples: int
    texts: int
    tokens: int
    encoder_weights: int
    steps: int
    batch: int
    epochs: int
    seconds_per_epoch: float
    hours: float
    memory_mb: float
    disk_mb: float
    device: str
    precision: str


def plan_training(
    labelled: Sequence[LabelledExample],
    calibration: Sequence[Example],
    taxonomy: Taxonomy,
    encoder: str,
    config: TrainingConfig,
    progress: Progress = silent,
) -> TrainingPlan:
    """Try a few steps of `finetune` and reckon what all of it will take; nothing is kept.

    Raises:
        TrainingError, EncoderError: whatever would stop the training at its start.
        ConfigError: the encoder is not trained, which takes minutes and needs no plan.
    """
    from turnwise.training.tuned_model import computes_bf16
    from turnwise.training.tuning import Run

    if config.tune is None:
        raise ConfigError(
            "the encoder stays as it is in this training, which is a matter of minutes",
            field="plan",
            hint="Plan a recipe that trains it, such as --recipe finetune",
        )
    prepared = prepare(labelled, calibration, taxonomy, config)
    source = find_source(encoder)
    with tempfile.TemporaryDirectory() as folder:
        course, text_encoder, _ = plan_course(prepared, source, Path(folder), progress)
        run = Run(course, text_encoder, progress)
        seconds = _seconds_of_a_step(run)
    held = _tokens(course.held) / max(1, _tokens(course.taught)) / 3  # forward alone: a third
    epoch = seconds * run.steps * (1 + held)
    megabytes = text_encoder.weights * 4 * COPIES / 1e6
    half = config.tune.precision == "bf16" or (
        config.tune.precision == "auto" and computes_bf16(run.device)
    )
    return TrainingPlan(
        examples=len(course.taught),
        texts=len(course.taught.tokens),
        tokens=_tokens(course.taught),
        encoder_weights=text_encoder.weights,
        steps=run.steps,
        batch=course.batch,
        epochs=config.tune.epochs,
        seconds_per_epoch=epoch,
        hours=epoch * config.tune.epochs / 3600,
        memory_mb=_peak_mb() + megabytes / COPIES * 2,  # the best state, and a checkpoint's copy
        disk_mb=megabytes,
        device=run.device.type,
        precision="bf16" if half else "fp32",
    )


def _seconds_of_a_step(run: Run) -> float:
    """The mean over steps drawn evenly from the shortest to the longest."""
    course = run.course
    batches = sorted(run.batches(0), key=lambda rows: sum(map(len, course.taught.part(rows)[0])))
    longest, even = batches[-1], batches[:: max(1, len(batches) // TRIED)]
    run.model.train()
    run.step(longest, 0)
    began = time.perf_counter()
    for place, rows in enumerate(even):
        run.step(rows, place)
        run.progress("trying steps", place + 1, len(even))
    return (time.perf_counter() - began) / len(even)


def _tokens(data: Lessons) -> int:
    """Of the texts that its examples show."""
    used = {int(place) for place in data.turns[data.roles > 0]}
    return sum(len(data.tokens[place]) for place in used)


def _peak_mb() -> float:
    """Of this process since it began."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
