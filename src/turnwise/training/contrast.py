"""Turns of one label drawn together, those of others pushed apart, before any head is trained.

Supervised contrastive learning (Khosla et al., 2020), as SetFit (Tunstall et al., 2022) has shown
it to serve few examples: each step takes a few turns of many labels, so that every turn has others
of its own. It looks at the turns alone, hence at the dimension with most labels, which the text
tells best.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from turnwise.training.data import MISSING

TEMPERATURE = 0.1
TOGETHER = 4  # turns of one label in a step
LABELS = 24  # of a step

Rows = NDArray[np.int64]


def contrast_batches(labels: Rows, draw: np.random.Generator) -> list[Rows]:
    """Most examples once, in batches of up to 24 times four of one label.

    Args:
        labels: Int64[n_examples], MISSING where there is none. Labels of one example are left
            out, and so is a single one that four do not divide.
    """
    groups: list[Rows] = []
    for label in np.unique(labels[labels != MISSING]):
        rows = draw.permutation(np.flatnonzero(labels == label))
        groups += [rows[start : start + TOGETHER] for start in range(0, len(rows) - 1, TOGETHER)]
    shuffled = [groups[at] for at in draw.permutation(len(groups))]
    starts = range(0, len(shuffled), LABELS)
    return [np.concatenate(shuffled[start : start + LABELS]) for start in starts]


def contrastive_loss(vectors: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over examples that have another of their label, a Float32 scalar.

    Args:
        vectors: Float32[n, size], of unit length; labels: Int64[n].
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    near = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, float("-inf"))
    likely = torch.log_softmax(near, 1).masked_fill(itself, 0.0)
    same = (labels[:, None] == labels[None]) & ~itself
    there = same.any(1)
    losses = -(likely * same).sum(1) / same.sum(1).clamp(min=1)
    return losses[there].sum() / there.sum().clamp(min=1)
