"""The training of an encoder together with its heads.

    heads on frozen vectors --> heads and encoder, AdamW, warm-up and linear fall --> best weights

The heads come first (linear probing then fine-tuning: Kumar et al., Fine-Tuning can Distort
Pretrained Features, 2022), so that the encoder is not pulled about by heads that know nothing.
Each pass ends with a look at the conversations held apart (`judging`).
"""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from turnwise.encoders import EncoderSource
from turnwise.errors import TrainingError
from turnwise.progress import Progress
from turnwise.training.checkpoints import Progressed, Weights, load_checkpoint, save_checkpoint
from turnwise.training.contrast import contrast_batches, contrastive_loss
from turnwise.training.devices import Place, device_count, on_devices
from turnwise.training.fit import Dataset, Fitted
from turnwise.training.folds import fit_folds
from turnwise.training.judging import held_loss
from turnwise.training.lessons import Lessons, batches
from turnwise.training.losses import LabelLoss, Wanted
from turnwise.training.memory import memory_told
from turnwise.training.model import TurnClassifier
from turnwise.training.ranking import ranking_loss
from turnwise.training.text_encoder import TextEncoder
from turnwise.training.tuned_model import Course, TunedModel, in_bf16, parameter_groups

ALONE = Place()
CONTRAST_RATE = 3e-5
LONGEST_STEP = 1.0  # of the gradient's norm


def tune(course: Course, encoder: TextEncoder, progress: Progress) -> tuple[TunedModel, Fitted]:
    """Train encoder and heads until the held-apart conversations gain nothing any more.

    The same seed and data give the same weights on one machine, whether the training was killed
    on its way or not.

    Returns:
        The model with its best weights, in evaluation mode, and how it went.

    Raises:
        TrainingError: the loss is no number any more, memory does not suffice, or the folder
            holds the checkpoint of another training.
    """
    course.folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(), memory_told(*course.too_large):
        devices = device_count(course.tune.devices)
        if devices > 1:
            on_devices(devices, _OnDevice(course, encoder.source), progress)
        torch.manual_seed(course.config.seed)
        run = Run(course, encoder, progress)
        run.to_the_end()  # which finds all done where several devices did it
        return run.model.eval(), Fitted(run.model.classifier, run.at.losses, run.best_epoch)


@dataclass(frozen=True, slots=True)
class _OnDevice:
    """The training as one of several processes has it."""

    course: Course
    source: EncoderSource

    def __call__(self, place: Place, progress: Progress) -> None:
        torch.manual_seed(self.course.config.seed)
        with memory_told(*self.course.too_large):
            Run(self.course, TextEncoder(self.source), progress, place).to_the_end()


class Run:
    """One training on its way.

    Attributes:
        steps: of an epoch; at: how far it is; best: the weights that did best.
    """

    def __init__(
        self,
        course: Course,
        encoder: TextEncoder,
        progress: Progress,
        place: Place = ALONE,
    ) -> None:
        self.course, self.progress, self.place = course, progress, place
        self.device = place.device
        self.loss = LabelLoss(course.shape.levels)
        self.steps = len(self.batches(0))
        self.model = TunedModel(encoder, TurnClassifier(course.shape)).to(self.device)
        self.optimiser = torch.optim.AdamW(parameter_groups(self.model, course.tune), fused=True)
        self.at, self.best = Progressed(course.key), dict[str, Tensor]()
        self.saved = time.monotonic()

    @property
    def best_epoch(self) -> int:
        """Whose weights are kept, from 1; 0 where there was none."""
        return int(np.argmin(self.at.losses)) + 1 if self.at.losses else 0

    def to_the_end(self) -> None:
        """Train from where the folder's checkpoint stands, or from the start."""
        tune, course = self.course.tune, self.course
        loaded = load_checkpoint(course.folder, course.key, self.model, self.optimiser)
        self.place.wait()  # before the first of them writes another
        if loaded:
            self.at, self.best = loaded
        else:
            self._contrast()
            self.model.classifier.load_state_dict(self._first_heads().state_dict())
            self.best = self._weights()
            self._save()
        self.place.share_weights(self.model)
        while self.at.epoch < tune.epochs and not self._stopped():
            self._epoch()
        self.model.load_state_dict(self.best)

    def _stopped(self) -> bool:
        done = len(self.at.losses)
        return done > 0 and done - self.best_epoch >= self.course.tune.patience

    def _contrast(self) -> None:
        """Draw turns of one label together, where that is asked for."""
        epochs = self.course.tune.contrast_epochs
        if not epochs:
            return
        taught = self.course.taught
        # Where heads alone follow, what is held apart is learnt from in the end (`folds`).
        data = [taught, self.course.held] if len(self.course.folds) else [taught]
        widest = int(np.argmax(self.course.shape.labels))
        labels = np.concatenate([one.wanted.labels[:, widest].numpy() for one in data])
        texts = np.concatenate([one.turns[:, 0] for one in data])
        draw = np.random.default_rng(self.course.config.seed)
        todo = [rows for _ in range(epochs) for rows in contrast_batches(labels, draw)]
        body = [one for one in self.model.encoder.parameters() if one.requires_grad]
        optimiser = torch.optim.AdamW(body, fused=True, weight_decay=self.course.tune.weight_decay)
        self.model.train()
        for step, rows in enumerate(todo):
            for group in optimiser.param_groups:
                group["lr"] = CONTRAST_RATE * _rate(step, len(todo), self.course.tune.warmup)
            with self._precision():
                vectors = self.model.encoder([taught.tokens[at] for at in texts[rows]])
            wanted = torch.from_numpy(labels[rows]).to(vectors.device)
            loss = contrastive_loss(vectors.float(), wanted)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(body, LONGEST_STEP)
            optimiser.step()
            self.progress("contrasting", step + 1, len(todo))
        self.place.share_weights(self.model)

    def _first_heads(self) -> TurnClassifier:
        """Heads that fit the encoder as it comes."""
        course = self.course
        parts = [self._dataset(data) for data in (course.taught, course.held)]
        return fit_folds(parts, course.folds, course.shape, course.config, self.progress).model

    def _dataset(self, data: Lessons) -> Dataset:
        """Its texts alone are encoded: what is taught and what is held share one list of all."""
        tokens, turns, roles = data.part(np.arange(len(data)))
        with self._precision():
            vectors = self.model.encoder.vectors(tokens, self.progress)
        return Dataset(torch.from_numpy(vectors), turns, roles, data.wanted)

    def batches(self, epoch: int) -> list[np.ndarray]:
        """The examples of each step of an epoch, in their order."""
        course = self.course
        draw = np.random.default_rng((course.config.seed, epoch))
        return batches(course.taught, course.batch, draw)

    def _epoch(self) -> None:
        self.model.train()
        todo = self.batches(self.at.epoch)
        total = self.course.tune.epochs * self.steps
        for place in range(self.at.batch, len(todo)):
            # Groups stay whole, so that an epoch may have a batch more or less than the first.
            step = self.at.epoch * self.steps + min(place, self.steps - 1)
            self.step(todo[place], step)
            self.at = replace(self.at, batch=place + 1)
            self.progress("training", step + 1, total)
            if time.monotonic() - self.saved > 60 * self.course.tune.checkpoint_minutes:
                self._save()
        held = self.place.agree(self._held_loss())
        if not math.isfinite(held):
            raise self._no_number(self.at.epoch * self.steps + len(todo))
        losses = (*self.at.losses, held)
        self.at = replace(self.at, epoch=self.at.epoch + 1, batch=0, losses=losses)
        if self.best_epoch == self.at.epoch:
            self.best = self._weights()
        self._save()

    def step(self, rows: np.ndarray, step: int) -> None:
        """Learn from some examples.

        Args:
            step: how many were before, of all epochs; it decides the learning rate.
        """
        rate = _rate(step, self.steps * self.course.tune.epochs, self.course.tune.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimiser.zero_grad()
        share = self.place.share(rows)
        if len(share):
            loss = self._loss(share, step) * (len(share) / len(rows))
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        self.place.sum_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.parameters(), LONGEST_STEP)
        self.optimiser.step()

    def _loss(self, rows: np.ndarray, step: int) -> Tensor:
        with self._precision():
            loss = self._losses(rows)
        if not torch.isfinite(loss):
            raise self._no_number(step + 1)
        return loss

    def _no_number(self, step: int) -> TrainingError:
        return TrainingError(
            f"the loss is no number any more (epoch {self.at.epoch + 1}, step {step}). "
            "Lower training.tune.learning_rate and heads_rate, or set precision: fp32; the "
            "last good bundle is as it was"
        )

    def _losses(self, rows: np.ndarray) -> Tensor:
        course = self.course
        logits = self.model.logits(*course.taught.part(rows))
        wanted = _on(course.taught.wanted[torch.from_numpy(rows)], self.device)
        loss = self.loss.mean(logits, wanted, course.config.label_smoothing)
        ranked = course.taught.ranked
        chosen = [ranked.row_of[row] for row in rows if row in ranked.row_of] if ranked else []
        if ranked is None or not chosen or course.config.ranking == "none":
            return loss
        right = self.model.answer_scores([ranked.right[at] for at in chosen])
        wrong = self.model.answer_scores([ranked.wrong[at] for at in chosen])
        ranking = ranking_loss(right, wrong, course.config.ranking)
        return loss + course.config.ranking_weight * ranking

    def _held_loss(self) -> float:
        held = self._dataset(self.course.held)
        logits = held.logits(self.model.classifier.cpu())
        self.model.classifier.to(self.device)
        return held_loss(logits, held.wanted, self.course.shape.levels)

    def _weights(self) -> Weights:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _save(self) -> None:
        if self.place.is_first:
            save_checkpoint(self.course.folder, self.at, self.model, self.best, self.optimiser)
        self.saved = time.monotonic()

    def _precision(self) -> AbstractContextManager[object]:
        half = in_bf16(self.course.tune.precision, self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)


def _on(wanted: Wanted, device: torch.device) -> Wanted:
    several = {place: marks.to(device) for place, marks in wanted.several.items()}
    return Wanted(wanted.labels.to(device), wanted.weights.to(device), several)


def _rate(step: int, steps: int, warmup: float) -> float:
    """Rises from 0 to 1 in the share `warmup` of the steps, then falls to 0 in a line."""
    rising = max(1, math.ceil(steps * warmup))
    if step < rising:
        return (step + 1) / (rising + 1)
    return (steps - step) / max(1, steps - rising)
