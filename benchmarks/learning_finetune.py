"""The rival that matters most: a plain fine-tune of the same encoder, as an afternoon would give.

AutoModelForSequenceClassification and Trainer of transformers, one model a dimension. The whole
conversation so far is one text, cut from the left so that the current turn stays. Early stopping
on the same conversations as ours. Trainer needs `accelerate`: pip install accelerate.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import rivals
from benchmarks.learning_data import LeftOutError, Said, Work
from benchmarks.rivals import Task
from turnwise.bundle import softmax
from turnwise.conversations import ContextKind, Example
from turnwise.encoders.source import encoder_source
from turnwise.taxonomy import Dimension
from turnwise.training import LabelledExample
from turnwise.training.data import split_to_stop

if TYPE_CHECKING:
    from transformers import Trainer

MAX_TOKENS = 256  # of turn and history, as many as our window has


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the rival is trained.

    Attributes:
        patience: epochs without a better accuracy; None: all epochs, nothing held apart.
        steps: at most so many optimiser steps, for timing; -1: as the epochs say.
    """

    epochs: int = 10
    patience: int | None = 5
    learning_rate: float = 1e-4
    batch: int = 32
    warmup: float = 0.1
    weight_decay: float = 0.01
    bf16: bool = True
    steps: int = -1


FULL = Recipe()
FEW = Recipe(epochs=40, patience=None, learning_rate=2e-4)


def concatenated(example: Example, kind: ContextKind) -> str:
    """The conversation so far as one text; a role before each turn where both are read."""
    if kind == "single":
        return example.text
    turns = [*example.history, example.turn]
    if kind == "both":
        return "\n".join(f"{one.role}: {one.text}" for one in turns)
    return "\n".join(one.text for one in turns if one.role == "customer")


def stopping_split(task: Task) -> tuple[list[Example], list[Example]]:
    """What is trained on and what stops the training: the split of our own training."""
    names = task.taxonomy.dimension_names
    labelled = [
        LabelledExample(one, rivals.labels_of(one, task.taxonomy), dict.fromkeys(names, 1.0))
        for one in task.train
    ]
    kept, held = split_to_stop(labelled)
    return [one.example for one in kept], [one.example for one in held]


def fine_tuned(work: Work, encoder: str, kind: ContextKind, seed: int, recipe: Recipe) -> Said:
    """Train one model a dimension and ask it.

    Raises:
        LeftOutError: `accelerate` is not installed.
    """
    if importlib.util.find_spec("accelerate") is None:
        raise LeftOutError("Trainer needs accelerate. Run: pip install accelerate")
    if recipe.patience is None:
        held: list[Example] = []
        kept = list(work.task.train)
    else:
        kept, held = stopping_split(work.task)
    scores: dict[str, NDArray[np.float32]] = {}
    facts: dict[str, float] = {"train_seconds": 0.0}
    for dimension in work.task.taxonomy.dimensions:
        one = _Tuning(encoder, kind, dimension, recipe, seed)
        with TemporaryDirectory(prefix="turnwise-fine-tune-") as folder:
            trainer = one.trainer(kept, held, folder)
            start = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - start
            scores[dimension.name] = one.scores(trainer, work.asked)
        facts["train_seconds"] += round(seconds, 1)
        facts |= one.facts(trainer, len(kept), seconds)
    return Said({name: softmax(one, 1.0) for name, one in scores.items()}, facts, scores)


def stepped(work: Work, encoder: str, kind: ContextKind, recipe: Recipe) -> float:
    """Samples a second between the first and the last step of a training without evaluation."""
    from transformers import TrainerCallback

    ticks: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            ticks.append(time.perf_counter())

    kept, _ = stopping_split(work.task)
    one = _Tuning(encoder, kind, work.task.taxonomy.dimensions[0], recipe, seed=0)
    with TemporaryDirectory(prefix="turnwise-fine-tune-") as folder:
        trainer = one.trainer(kept, [], folder)
        trainer.add_callback(Clock())
        trainer.train()
    return (len(ticks) - 1) * len(kept) / len(ticks) / (ticks[-1] - ticks[0])


class _Tuning:
    """One model: tokenizer, data and Trainer of one dimension."""

    def __init__(
        self, encoder: str, kind: ContextKind, dimension: Dimension, recipe: Recipe, seed: int
    ) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        set_seed(seed)
        folder = encoder_source(encoder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, truncation_side="left")
        self.model = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=len(dimension.names)
        )
        self.kind, self.dimension, self.recipe, self.seed = kind, dimension, recipe, seed
        self.tokens = 0

    def trainer(self, kept: Sequence[Example], held: Sequence[Example], folder: str) -> Trainer:
        """A Trainer that stops early where something is held apart for it."""
        import torch
        from transformers import (
            DataCollatorWithPadding,
            EarlyStoppingCallback,
            Trainer,
            TrainerCallback,
            TrainingArguments,
        )

        recipe, stops = self.recipe, bool(held)
        taught = self._rows(kept)
        self.tokens = sum(len(row["input_ids"]) for row in taught)
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=recipe.epochs,
            max_steps=recipe.steps,
            per_device_train_batch_size=recipe.batch,
            per_device_eval_batch_size=64,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            warmup_steps=recipe.warmup,
            bf16=recipe.bf16,
            use_cpu=not torch.cuda.is_available(),
            seed=self.seed,
            eval_strategy="epoch" if stops else "no",
            save_strategy="epoch" if stops else "no",
            save_only_model=True,
            save_total_limit=1,
            load_best_model_at_end=stops,
            metric_for_best_model="accuracy" if stops else None,
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
            dataloader_pin_memory=False,
        )
        stopping: list[TrainerCallback] = (
            [EarlyStoppingCallback(recipe.patience)] if stops and recipe.patience else []
        )
        return Trainer(
            self.model,
            arguments,
            data_collator=DataCollatorWithPadding(self.tokenizer),
            train_dataset=taught,
            eval_dataset=self._rows(held) if stops else None,
            compute_metrics=_accuracy,
            callbacks=stopping,
        )

    def scores(self, trainer: Trainer, asked: Sequence[Example]) -> NDArray[np.float32]:
        """Float32[n_asked, n_labels], before the softmax; asked in order of length."""
        rows = self._rows(asked, labelled=False)
        order = np.argsort([len(row["input_ids"]) for row in rows], kind="stable")
        asked_rows: Any = [rows[row] for row in order]  # a list serves as its Dataset
        found = np.asarray(trainer.predict(asked_rows).predictions)
        scores = np.empty(found.shape, np.float32)
        scores[order] = found
        return scores

    def facts(self, trainer: Trainer, samples: int, seconds: float) -> Mapping[str, float]:
        """Epochs, samples and tokens a second, named by the dimension."""
        epochs = float(trainer.state.epoch or 0)
        name = self.dimension.name
        return {
            f"{name}_epochs": round(epochs, 2),
            f"{name}_samples_per_second": round(epochs * samples / seconds, 1),
            f"{name}_tokens_per_second": round(epochs * self.tokens / seconds),
        }

    def _rows(self, turns: Sequence[Example], labelled: bool = True) -> list[dict[str, Any]]:
        texts = [concatenated(one, self.kind) for one in turns]
        ids = self.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        rows: list[dict[str, Any]] = [{"input_ids": one} for one in ids]
        if labelled:
            for row, place in zip(rows, rivals.classes_of(turns, self.dimension), strict=True):
                row["labels"] = int(place)
        return rows


def _accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}
