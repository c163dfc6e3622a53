"""The training loop: AdamW, early stopping on conversations held apart, best weights kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from turnwise.context_arrays import ContextArrays
from turnwise.encoders import Vectors
from turnwise.errors import TrainingError
from turnwise.progress import Progress
from turnwise.training.config import TrainingConfig
from turnwise.training.data import Targets
from turnwise.training.lessons import wanted_of
from turnwise.training.losses import LabelLoss, Wanted
from turnwise.training.model import Shape, TurnClassifier

SLOWER = 0.3  # of the learning rate after two passes that brought nothing
SCORED_AT_ONCE = 4096  # examples; bounds the memory of a pass without gradients
SCORED_BY_TREE = 256  # the same: 2,000 flat labels make a thousand nodes of each example


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples as the loop takes them.

    Attributes:
        vectors: Float32[n_texts, size], shared by the parts of a data set.
        turns, roles: Int64[n_examples, 1 + history], as in `ContextArrays`.
        wanted: the labels.
    """

    vectors: Tensor
    turns: Tensor
    roles: Tensor
    wanted: Wanted

    def __len__(self) -> int:
        return len(self.turns)

    def rows(self, start: int, end: int) -> Self:
        """The examples from `start` to before `end`."""
        some = slice(start, end)
        turns, roles, wanted = self.turns[some], self.roles[some], self.wanted[some]
        return replace(self, turns=turns, roles=roles, wanted=wanted)

    def some(self, chosen: NDArray[np.bool_]) -> Self:
        """The examples of a mask, Bool[n_examples]."""
        rows = torch.from_numpy(np.flatnonzero(chosen))
        turns, roles, wanted = self.turns[rows], self.roles[rows], self.wanted[rows]
        return replace(self, turns=turns, roles=roles, wanted=wanted)

    @property
    def labels(self) -> Tensor:
        """Int64[n_examples, n_dimensions], MISSING where there is none."""
        return self.wanted.labels

    def logits(self, model: TurnClassifier) -> tuple[NDArray[np.float32], ...]:
        """Return Float32[n_examples, n_labels] for each dimension."""
        found = logits_of(model, self.vectors, self.turns, self.roles)
        return tuple(scores.numpy() for scores in found)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model and how the training went.

    Attributes:
        losses: on the held-apart conversations, after each epoch; epoch: whose weights were
            kept, from 1.
    """

    model: TurnClassifier
    losses: tuple[float, ...]
    epoch: int


def dataset(vectors: Vectors, contexts: ContextArrays, found: Targets) -> Dataset:
    """Hand arrays over to torch, without a copy."""
    turns, roles = torch.from_numpy(contexts.turns), torch.from_numpy(contexts.roles)
    return Dataset(torch.from_numpy(vectors), turns, roles, wanted_of(found))


def fit(
    taught: Dataset, held: Dataset, shape: Shape, config: TrainingConfig, progress: Progress
) -> Fitted:
    """Train until the loss on the examples held apart gets no better.

    The same seed and data give the same weights on one machine.
    """
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(config.seed)
        model = TurnClassifier(shape)
        optimiser = torch.optim.AdamW(
            model.parameter_groups(config.learning_rate, config.weight_decay), fused=True
        )
        loss = LabelLoss(shape.levels)
        slower = ReduceLROnPlateau(optimiser, factor=SLOWER, patience=1)
        losses: list[float] = []
        kept = _weights(model)
        for epoch in range(config.epochs):
            _train_epoch(model, optimiser, taught, config, loss)
            losses.append(_held_loss(model, held, loss))
            if not math.isfinite(losses[-1]):
                raise TrainingError(
                    f"the loss of the heads is no number any more (pass {epoch + 1}). Lower "
                    "training.learning_rate; the last good bundle is as it was"
                )
            slower.step(losses[-1])
            best = int(np.argmin(losses))
            if best == epoch:
                kept = _weights(model)
            progress("training", epoch + 1, config.epochs)
            if epoch - best >= config.patience:
                break
    model.load_state_dict(kept)
    return Fitted(model.eval(), tuple(losses), best + 1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: steps this small gain nothing from more (SGD's 111,878 turns take
    14 to 16 s an epoch either way), and lose tenfold where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _weights(model: TurnClassifier) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _train_epoch(
    model: TurnClassifier,
    optimiser: torch.optim.Optimizer,
    data: Dataset,
    config: TrainingConfig,
    of_labels: LabelLoss,
) -> None:
    model.train()
    for rows in torch.split(torch.randperm(len(data)), config.batch_for(len(data))):
        logits = model(data.vectors, data.turns[rows], data.roles[rows])
        loss = of_labels.mean(logits, data.wanted[rows], config.label_smoothing)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        optimiser.step()


def _held_loss(model: TurnClassifier, held: Dataset, of_labels: LabelLoss) -> float:
    """The weighted mean loss of each dimension, without smoothing, summed over dimensions."""
    logits = logits_of(model, held.vectors, held.turns, held.roles)
    losses = (of_labels.each(logits, held.wanted, 0.0) * held.wanted.weights).sum(0)
    return float((losses / held.wanted.weights.sum(0).clamp(min=1e-9)).sum())


def logits_of(
    model: TurnClassifier, vectors: Tensor, turns: Tensor, roles: Tensor
) -> tuple[Tensor, ...]:
    """Return Float32[n_examples, n_labels] for each dimension, in evaluation mode."""
    model.eval()
    rows = SCORED_AT_ONCE if model.tree is None else SCORED_BY_TREE
    starts = range(0, max(1, len(turns)), rows)
    with torch.inference_mode():
        parts = [
            model(vectors, turns[start : start + rows], roles[start : start + rows])
            for start in starts
        ]
    return tuple(torch.cat(found) for found in zip(*parts, strict=True))
