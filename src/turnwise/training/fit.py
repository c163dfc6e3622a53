"""The training loop: AdamW, early stopping on conversations held apart, best weights kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from turnwise.context_arrays import ContextArrays
from turnwise.encoders import Vectors
from turnwise.progress import Progress
from turnwise.training.config import TrainingConfig
from turnwise.training.data import MISSING, Targets
from turnwise.training.model import Shape, TurnClassifier

SCORED_AT_ONCE = 4096  # examples; bounds the memory of a pass without gradients


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples as the loop takes them: rows into one matrix of vectors that all share."""

    vectors: Tensor
    turns: Tensor
    roles: Tensor
    labels: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.turns)


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
    return Dataset(
        torch.from_numpy(vectors),
        torch.from_numpy(contexts.turns),
        torch.from_numpy(contexts.roles),
        torch.from_numpy(found.labels),
        torch.from_numpy(found.weights),
    )


def fit(
    trained: Dataset, held: Dataset, shape: Shape, config: TrainingConfig, progress: Progress
) -> Fitted:
    """Train until the loss on the examples held apart gets no better.

    The same seed and data give the same weights on one machine.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = TurnClassifier(shape)
        optimiser = torch.optim.AdamW(
            model.parameter_groups(config.learning_rate, config.weight_decay)
        )
        best, losses, kept = float("inf"), [], _weights(model)
        for epoch in range(config.epochs):
            _train_epoch(model, optimiser, trained, config)
            losses.append(_held_loss(model, held))
            if losses[-1] < best:
                best, kept = losses[-1], _weights(model)
            progress("training", epoch + 1, config.epochs)
            if epoch - int(np.argmin(losses)) >= config.patience:
                break
    model.load_state_dict(kept)
    return Fitted(model.eval(), tuple(losses), int(np.argmin(losses)) + 1)


def _weights(model: TurnClassifier) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _train_epoch(
    model: TurnClassifier, optimiser: torch.optim.Optimizer, data: Dataset, config: TrainingConfig
) -> None:
    model.train()
    for rows in torch.randperm(len(data)).split(config.batch):
        logits = model(data.vectors, data.turns[rows], data.roles[rows])
        loss = _loss(logits, data.labels[rows], data.weights[rows], config.label_smoothing)
        optimiser.zero_grad()
        # torch leaves backward unannotated.
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _loss(logits: tuple[Tensor, ...], labels: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Weighted cross-entropy of a batch, summed over dimensions; what is missing counts 0."""
    total = logits[0].new_zeros(())
    for column, scores in enumerate(logits):
        each = cross_entropy(
            scores,
            labels[:, column],
            reduction="none",
            label_smoothing=smoothing,
            ignore_index=MISSING,
        )
        total = total + (each * weights[:, column]).sum() / len(labels)
    return total


def _held_loss(model: TurnClassifier, held: Dataset) -> float:
    """The same loss on the examples held apart, without smoothing; a mean over their weight."""
    losses = 0.0
    scores = logits_of(model, held.vectors, held.turns, held.roles)
    for column, found in enumerate(scores):
        weights = held.weights[:, column : column + 1]
        loss = _loss((found,), held.labels[:, column : column + 1], weights, 0.0)
        losses += float(loss) * len(held) / max(float(weights.sum()), 1e-9)
    return losses


def logits_of(
    model: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]],
    vectors: Tensor,
    turns: Tensor,
    roles: Tensor,
) -> tuple[Tensor, ...]:
    """Return Float32[n_examples, n_labels] for each dimension, without gradients."""
    if isinstance(model, torch.nn.Module):
        model.eval()
    with torch.inference_mode():
        parts = [
            model(vectors, turns[start : start + SCORED_AT_ONCE], roles[start : start + SCORED_AT_ONCE])
            for start in range(0, len(turns), SCORED_AT_ONCE)
        ]
    return tuple(torch.cat(found) for found in zip(*parts, strict=True))
