"""Label-attention heads: one chain of linear layers down the levels of each dimension.

    L_1 = H W_1 + b_1          L_l = [H; L_(l-1)] W_l + b_l          local_l = L_l V_l + c_l

From the hierarchical classifier of CLARA (Liu et al.): H is the text, and each level's layer sees
what the level above made of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from turnwise.bundle.levels import Levels


class LevelChain(nn.Module):
    """The heads of one dimension."""

    def __init__(self, hidden: int, levels: Levels) -> None:
        super().__init__()
        sizes = levels.sizes
        self.layers = nn.ModuleList(
            nn.Linear(hidden if depth == 0 else 2 * hidden, hidden) for depth in range(len(sizes))
        )
        self.scores = nn.ModuleList(nn.Linear(hidden, size) for size in sizes)
        for parameter in self.scores.parameters():
            nn.init.zeros_(parameter)

    def forward(self, text: Tensor) -> Tensor:
        """Return Float32[batch, width], levels from the root, of a text Float32[batch, hidden]."""
        seen, found = text, []
        for layer, scores in zip(self.layers, self.scores, strict=True):
            level = layer(seen)
            found.append(scores(level))
            seen = torch.cat([text, level], 1)
        return torch.cat(found, 1)


class LabelAttention(nn.Module):
    """A chain of heads for every dimension; their scores start at 0."""

    def __init__(self, hidden: int, dimensions: Sequence[Levels]) -> None:
        super().__init__()
        self.chains = nn.ModuleList(LevelChain(hidden, levels) for levels in dimensions)

    def forward(self, text: Tensor) -> Tensor:
        """Return Float32[batch, sum of widths] of a text Float32[batch, hidden]."""
        return torch.cat([chain(text) for chain in self.chains], 1)
