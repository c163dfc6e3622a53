"""The classifier on a frozen encoder: turn vectors in context -> logits.

    current turn, history turns --attention--> pools
    current turn + gated pools  --shared matrix--------------+
    current turn, pools         --linear, and hidden layer---+--> logits per dimension

A turn's vector is made once, so that a context costs a few products and no pass through the
encoder. Attention starts as a mean that fades with distance, for each side of the conversation
a fast and a slow one. The *shared* path adds to the current turn as much of each pool as the
dimension's gates let through, and scores the sum with one matrix: what is learnt of a turn holds
for the same words in the history, which is what carries a domain over with little data. The
linear path tells now from before; the hidden layer is for large data, and it alone feeds the
label-attention heads and the tree component, where these are asked for.

A dimension's logits are those of all its levels side by side (`bundle.levels`), which for a plain
model are its labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from turnwise.bundle.levels import Levels
from turnwise.context_arrays import ROLE_CODES
from turnwise.training.heads import LabelAttention
from turnwise.training.tree import TreeNetwork

FADES = (0.5, 1.0)  # of a side's pools: how much a turn counts at the start beside the next one
OTHER_SIDE = -4.0  # logit at the start of a turn that isn't of the pool's side
NOTHING = math.log(0.1)  # logit of looking nowhere: a pool far from everything is short
GATE = 0.3  # how much of each pool is let through at the start
SCALE = 8.0  # of features of unit length; makes one learning rate fit all layers
SEPARATE = 0.5  # of the pools beside the current turn, where they are not mixed
KEY = 32  # width of queries and keys
ABSENT = -1e4


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a classifier.

    Attributes:
        vector: length of a turn vector.
        history: turns of history at most, 1 or more.
        hidden: width of the hidden layer.
        levels: the levels of each dimension that are scored, in the taxonomy's order.
        sides: whose turns the history shows, each with pools of its own.
        dropout: share of features and hidden units that training drops.
        label_attention: the hidden layer is scored by a chain of heads down the levels, not by
            one matrix.
        tree: a network over the coding tree of all labels adds its scores.
    """

    vector: int
    history: int
    hidden: int
    levels: tuple[Levels, ...]
    sides: tuple[str, ...] = ("customer", "other")
    dropout: float = 0.0
    label_attention: bool = False
    tree: bool = False

    @property
    def labels(self) -> tuple[int, ...]:
        """How many labels each dimension has."""
        return tuple(levels.sizes[-1] for levels in self.levels)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many logits each dimension has: the nodes of all its levels."""
        return tuple(levels.width for levels in self.levels)

    @property
    def pools(self) -> tuple[tuple[str, float], ...]:
        """Side and fade of each pool."""
        return tuple(product(self.sides, FADES))


class HistoryPools(nn.Module):
    """Attention of the current turn over its history: one vector per pool."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        pools = shape.pools
        self.query = nn.Linear(shape.vector, len(pools) * KEY, bias=False)
        self.key = nn.Linear(shape.vector, len(pools) * KEY, bias=False)
        nn.init.zeros_(self.query.weight)  # at first it does not matter what is said
        steps = torch.arange(float(shape.history))
        self.place = nn.Parameter(torch.stack([steps * math.log(fade) for _, fade in pools]))
        self.role = nn.Parameter(_own_side(pools))

    def forward(self, current: Tensor, history: Tensor, roles: Tensor) -> Tensor:
        """Return Float32[batch, pools, vector].

        Args:
            current: Float32[batch, vector]; history: Float32[batch, turns, vector], nearest
                first; roles: Int64[batch, turns], 0 where there is no turn.
        """
        query = self.query(current).unflatten(1, (-1, KEY))
        # The query goes through the keys' matrix, not each turn: the same product, a tenth of it.
        asked = torch.einsum("bpk,pkv->bpv", query, self.key.weight.view(query.shape[1], KEY, -1))
        score = asked @ history.transpose(1, 2) * SCALE
        score = score + self.place + self.role[roles].transpose(1, 2)
        score = score.masked_fill((roles == 0).unsqueeze(1), ABSENT)
        nowhere = torch.full_like(score[:, :, :1], NOTHING)
        weights = torch.softmax(torch.cat([score, nowhere], 2), 2)[:, :, :-1]
        return weights @ history


def _own_side(pools: Sequence[tuple[str, float]]) -> Tensor:
    """Float32[roles, pools]: the logits at the start that tell the sides apart."""
    logits = torch.zeros(len(ROLE_CODES) + 1, len(pools))
    for column, (side, _) in enumerate(pools):
        for role, code in ROLE_CODES.items():
            if (role == "customer") != (side == "customer"):
                logits[code, column] = OTHER_SIDE
    return logits


class TurnClassifier(nn.Module):
    """Logits of every dimension from turn vectors and where they stand in each context."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        nodes, features = sum(shape.widths), shape.vector * (1 + len(shape.pools))
        self.pools = HistoryPools(shape)
        self.gates = nn.Parameter(torch.full((len(shape.levels), len(shape.pools)), GATE))
        self.shared = nn.Linear(shape.vector, nodes)
        self.linear = nn.Linear(features, nodes, bias=False)
        self.hidden = nn.Linear(features, shape.hidden)
        self.last: nn.Module = (
            LabelAttention(shape.hidden, shape.levels)
            if shape.label_attention
            else nn.Linear(shape.hidden, nodes)
        )
        self.tree = TreeNetwork(shape.hidden, shape.levels) if shape.tree else None
        self.dropout = nn.Dropout(shape.dropout)
        for layer in (self.shared, self.linear, self.last):
            if isinstance(layer, nn.Linear):
                nn.init.zeros_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, vectors: Tensor, turns: Tensor, roles: Tensor) -> tuple[Tensor, ...]:
        """Return Float32[batch, width] for each dimension, its levels from the root.

        Args:
            vectors: Float32[n_texts, vector]; turns: Int64[batch, 1 + history], places in
                `vectors`; roles: Int64[batch, 1 + history], 0 where there is no turn.
        """
        found = vectors[turns]
        current, history = found[:, 0], found[:, 1:]
        pools = self.pools(current, history, roles[:, 1:])
        mixed = current.unsqueeze(1) + self.gates.unsqueeze(0) @ pools
        mixed = self.dropout(mixed) * SCALE
        apart = torch.cat([current.unsqueeze(1), pools * SEPARATE], 1).flatten(1)
        apart = self.dropout(apart) * SCALE
        hidden = self.dropout(nn.functional.gelu(self.hidden(apart)))
        sizes = list(self.shape.widths)
        scores = self.linear(apart) + self.last(hidden)
        if self.tree is not None:
            scores = scores + self.tree(hidden)
        separate = torch.split(scores, sizes, 1)
        weights = torch.split(self.shared.weight, sizes)
        biases = torch.split(self.shared.bias, sizes)
        return tuple(
            nn.functional.linear(mixed[:, place], weight, bias) + rest
            for place, (weight, bias, rest) in enumerate(
                zip(weights, biases, separate, strict=True)
            )
        )

    def parameter_groups(self, rate: float, decay: float) -> list[dict[str, object]]:
        """Parameters as an optimiser takes them.

        The few scalars that steer the attention learn faster and are not drawn to zero: they
        start at values that mean something.
        """
        steering = [self.gates, self.pools.place, self.pools.role]
        known = {id(one) for one in steering}
        rest = [one for one in self.parameters() if id(one) not in known]
        return [
            {"params": rest, "lr": rate, "weight_decay": decay},
            {"params": steering, "lr": 10 * rate, "weight_decay": 0.0},
        ]
