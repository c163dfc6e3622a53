"""The classifier that sits on a frozen encoder: turn vectors in context -> logits.

    current turn --------------------------------+
    history turns --attention, one pool a head---+--> features --linear------------+--> logits
    nearest customer and agent turn -------------+            --hidden, dropout----+   per dimension

Each turn is a vector that was made once, so that a context costs a few products instead of a
pass through the encoder. Attention starts out as a mean that fades with distance, one head per
side of the conversation: with little data the model stays near a logistic regression on the
turn and its faded history, with much data it learns where to look. The linear path carries
small data, the hidden layer large data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from turnwise.context_arrays import CUSTOMER, N_ROLES

FADE = 0.5  # how much less a turn counts at the start than the one after it
OTHER_SIDE = -6.0  # logit at the start, for a head, of a turn of the side that isn't its own


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a classifier.

    Attributes:
        vector: length of a turn vector.
        history: turns of history at most.
        hidden: width of the hidden layer, and key: of queries and keys of the attention.
        labels: dimension -> how many labels it has.
    """

    vector: int
    history: int
    hidden: int
    key: int
    labels: Mapping[str, int]


class HistoryPool(nn.Module):
    """Attention of the current turn over its history, three pools: customer, others, both."""

    sides = 3

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.query = nn.Linear(shape.vector, self.sides * shape.key, bias=False)
        self.keys = nn.Linear(shape.vector, self.sides * shape.key, bias=False)
        # Zero at the start: a plain faded mean, whatever is said.
        nn.init.zeros_(self.query.weight)
        self.place = nn.Parameter(_faded(shape.history))
        self.role = nn.Parameter(_own_side())
        self.scale = 1 / math.sqrt(shape.key)

    def forward(self, current: Tensor, history: Tensor, roles: Tensor) -> Tensor:
        """Return Float32[batch, sides, vector].

        Args:
            current: Float32[batch, vector]; history: Float32[batch, history, vector], nearest
                first; roles: Int64[batch, history], 0 where there is no turn.
        """
        batch, length = roles.shape
        query = self.query(current).reshape(-1, self.sides, self.scale_width)
        keys = self.keys(history).reshape(-1, length, self.sides, self.scale_width)
        score = torch.einsum("bsk,bhsk->bsh", query, keys) * self.scale
        score = score + self.place[:, :length] + self.role[roles].transpose(1, 2)
        there = (roles > 0).unsqueeze(1).to(score.dtype)
        # A pool of nothing is the zero vector: the softmax is written out for that.
        weight = torch.exp(score - score.amax(2, keepdim=True)) * there
        weight = weight / (weight.sum(2, keepdim=True) + 1e-6)
        return weight @ history
