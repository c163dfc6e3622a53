"""The loss of labels: cross-entropy on each level of each dimension, or of several labels at once.

A dimension of which a turn may carry several labels is judged label by label (binary
cross-entropy, summed over labels); any other by one softmax for each level of its label tree,
summed over levels. A turn without a label of a dimension adds nothing to that dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from turnwise.bundle import Levels
from turnwise.training.data import MISSING


@dataclass(frozen=True, slots=True)
class Wanted:
    """The labels of some examples.

    Attributes:
        labels: Int64[n_examples, n_dimensions], MISSING where there is none.
        weights: Float32 of the same shape: how much each label counts.
        several: place of a dimension -> Float32[n_examples, n_labels], 1 at each label of the
            turn; for the dimensions of which a turn may carry several.
    """

    labels: Tensor
    weights: Tensor
    several: dict[int, Tensor]

    def __getitem__(self, rows: Tensor | slice) -> Wanted:
        several = {place: marks[rows] for place, marks in self.several.items()}
        return Wanted(self.labels[rows], self.weights[rows], several)


class LabelLoss:
    """Losses of a model's logits against what was wanted.

    Args:
        levels: of each dimension, in the taxonomy's order.
    """

    def __init__(self, levels: Sequence[Levels]) -> None:
        self._sizes = [list(one.sizes) for one in levels]
        self._nodes = [torch.tensor(one.ancestors) for one in levels]  # Int64[levels, labels]

    def each(self, logits: Sequence[Tensor], wanted: Wanted, smoothing: float) -> Tensor:
        """Return Float32[n_examples, n_dimensions], 0 where a label is missing."""
        columns = [
            self._several(scores, wanted.several[place], wanted.labels[:, place], smoothing)
            if place in wanted.several
            else self._one(place, scores, wanted.labels[:, place], smoothing)
            for place, scores in enumerate(logits)
        ]
        return torch.stack(columns, 1)

    def mean(self, logits: Sequence[Tensor], wanted: Wanted, smoothing: float) -> Tensor:
        """The weighted losses, summed over dimensions: the mean over examples."""
        return (self.each(logits, wanted, smoothing) * wanted.weights).sum() / len(wanted.labels)

    def _one(self, place: int, scores: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        there = labels != MISSING
        nodes = self._nodes[place].to(labels.device)[:, labels.clamp(min=0)]
        targets = nodes.masked_fill(~there, MISSING)
        parts = torch.split(scores.float(), self._sizes[place], 1)
        losses = [
            cross_entropy(
                part, target, reduction="none", label_smoothing=smoothing, ignore_index=MISSING
            )
            for part, target in zip(parts, targets, strict=True)
        ]
        return torch.stack(losses).sum(0)

    def _several(self, scores: Tensor, marks: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        leaves = scores.float()[:, -marks.shape[1] :]
        softened = marks * (1 - smoothing) + smoothing / 2
        losses = binary_cross_entropy_with_logits(leaves, softened, reduction="none").sum(1)
        return losses.masked_fill(labels == MISSING, 0.0)
