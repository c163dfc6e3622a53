"""What a training will take, told by a few of its steps."""

from __future__ import annotations

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
from turnwise.training.memory import memory_told
from turnwise.training.preparing import prepare

if TYPE_CHECKING:
    from turnwise.training.lessons import Lessons
    from turnwise.training.text_encoder import Tokens
    from turnwise.training.tuned_model import Course
    from turnwise.training.tuning import Run

TRIED = 8  # steps, after the longest, which also warms up
BYTES = 4  # of a weight, whatever it is computed in
MOMENTS = 2  # that the optimiser keeps of each weight that is trained


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What the training of an encoder will take on this machine.

    Attributes:
        examples, texts, tokens: to learn from; a text is counted once, however many turns see it.
        encoder_weights: numbers that the encoder has; those of its words stay as they are.
        steps: of an epoch; batch: examples a step, about; epochs: at most.
        seconds_per_epoch: by the steps that were tried; the loss on what is held apart included.
        hours: of all epochs, those by contrast and over the logs among them; early stopping may
            end it sooner.
        memory_mb: of the process at its peak, or of the graphics card; disk_mb: of a checkpoint.
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
    *,
    logs: Sequence[str] = (),
) -> TrainingPlan:
    """Try a few steps of `finetune` and reckon what all of it will take; nothing is kept.

    Args:
        logs: as for `finetune`.

    Raises:
        TrainingError, EncoderError: whatever would stop the training at its start, memory that
            does not suffice for its longest step among it.
        ConfigError: the encoder is not trained, which takes minutes and needs no plan.
    """
    from turnwise.training.tuned_model import in_bf16
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
        with memory_told(*course.too_large):
            run = Run(course, text_encoder, progress)
            seconds = _seconds_of_a_step(run)
    taught = _tokens(course.taught)
    held = _tokens(course.held) / taught / 3  # forward alone: a third
    epoch = seconds * run.steps * (1 + held)
    # What is read before the epochs takes about as long a token.
    before = (
        seconds
        * run.steps
        * _tokens_before(course, text_encoder.tokens(sorted(set(logs))))
        / taught
    )
    return TrainingPlan(
        examples=len(course.taught),
        texts=len(course.taught.tokens),
        tokens=taught,
        encoder_weights=text_encoder.weights,
        steps=run.steps,
        batch=course.batch,
        epochs=config.tune.epochs,
        seconds_per_epoch=epoch,
        hours=(before + epoch * config.tune.epochs) / 3600,
        memory_mb=_memory_mb(run),
        disk_mb=_checkpoint_mb(run),
        device=run.device.type,
        precision="bf16" if in_bf16(config.tune.precision, run.device) else "fp32",
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
        run.step(rows, 0)  # at the first step's small rate, whatever the number of epochs
        run.progress("trying steps", place + 1, len(even))
    return (time.perf_counter() - began) / len(even)


def _tokens(data: Lessons) -> int:
    """Of the texts that its examples show."""
    used = {int(place) for place in data.turns[data.roles > 0]}
    return sum(len(data.tokens[place]) for place in used)


def _tokens_before(course: Course, logs: Tokens) -> int:
    """That are read before the heads are fitted: by contrast, and of the logs."""
    taught = course.taught
    alone = sum(len(taught.tokens[place]) for place in taught.turns[:, 0])
    return course.tune.contrast_epochs * alone + course.tune.masked_epochs * sum(map(len, logs))


def _memory_mb(run: Run) -> float:
    """At its peak: the steps that were tried, and the best weights beside them.

    A checkpoint is copied whole before it is written, in the memory of the process.
    """
    import torch

    best = _state_mb(run)
    if run.device.type == "cuda":
        return torch.cuda.max_memory_allocated(run.device) / 1e6 + best
    import resource  # which Windows lacks

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3) + best + _checkpoint_mb(run)


def _checkpoint_mb(run: Run) -> float:
    """The weights, the best of them, and the moments of those that are trained."""
    trained = sum(one.numel() for one in run.model.parameters() if one.requires_grad)
    return 2 * _state_mb(run) + MOMENTS * trained * BYTES / 1e6


def _state_mb(run: Run) -> float:
    numbers: int = sum(one.numel() for one in run.model.state_dict().values())
    return numbers * BYTES / 1e6
