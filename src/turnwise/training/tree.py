"""The tree component: messages over the coding tree of all labels, from the leaves to the root.

After HiTIN (Zhu et al., Hierarchy-aware Tree Isomorphism Network, 2023), as CLARA uses it. The
label tree of the whole model (a root over the dimensions, over the nodes of their levels) becomes
a coding tree of height 2. Each leaf starts as the text, projected, and a vector of its own; a
node above is what a small network makes of the sum of its children. The mean of each height,
side by side, is one vector, and one matrix scores all nodes of all levels from it.

The children of the lowest inner nodes are leaves, and those differ by their own vectors only:
their sum is that of the own vectors and as many times the text as there are leaves. So no leaf
is ever made per text, and the cost grows with the inner nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from turnwise.bundle.levels import Levels
from turnwise.training.coding_tree import coding_tree

HEIGHT = 2  # of the coding tree
WIDTH = 64  # of a node


class TreeNetwork(nn.Module):
    """Scores of all nodes of all levels; they start at 0."""

    def __init__(self, hidden: int, dimensions: Sequence[Levels]) -> None:
        super().__init__()
        tree = coding_tree(label_tree(dimensions), HEIGHT)
        self.project = nn.Linear(hidden, WIDTH, bias=False)
        self.leaves = nn.Parameter(0.1 * torch.randn(tree.sizes[0], WIDTH))
        self.inner = nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in tree.parents)
        self.bias = nn.Parameter(torch.zeros(len(tree.parents), WIDTH))
        self.outer = nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in tree.parents)
        for height, (parents, size) in enumerate(zip(tree.parents, tree.sizes[1:], strict=True)):
            self.register_buffer(f"children_{height}", _children(parents, size), persistent=False)
        nodes = sum(levels.width for levels in dimensions)
        self.last = nn.Linear(WIDTH * len(tree.sizes), nodes)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, text: Tensor) -> Tensor:
        """Return Float32[batch, sum of widths] of a text Float32[batch, hidden]."""
        projected = self.project(text)
        pooled = [projected + self.leaves.mean(0)]
        nodes = self._lowest(projected)
        for height, outer in enumerate(self.outer):
            if height:
                nodes = self._above(height, nodes)
            # Linear: once for the mean does what once for every node would.
            pooled.append(outer(nodes.mean(1)))
        found: Tensor = self.last(torch.cat(pooled, 1))
        return found

    def _lowest(self, projected: Tensor) -> Tensor:
        """The lowest inner nodes, up to their outer layer: Float32[batch, nodes, WIDTH]."""
        children, inner = self.get_buffer("children_0"), self.inner[0]
        text = inner(projected).unsqueeze(1)
        own = inner(children @ self.leaves) + self.bias[0]
        return torch.relu(torch.addcmul(own, children.sum(1, keepdim=True), text))

    def _above(self, height: int, nodes: Tensor) -> Tensor:
        """The nodes of a height from those below it, both up to their outer layers."""
        summed = self.outer[height - 1](self.get_buffer(f"children_{height}") @ nodes)
        return torch.relu(self.inner[height](summed) + self.bias[height])


def _children(parents: Sequence[int], size: int) -> Tensor:
    """Float32[size, children], the share of each child in its parent's sum.

    A sum of hundreds of children would swamp the network above it. All sums of a height are
    divided by the mean number of children: one constant, so sums that differ still differ.
    """
    share = torch.zeros(size, len(parents))
    share[torch.tensor(parents), torch.arange(len(parents))] = size / len(parents)
    return share


def label_tree(dimensions: Sequence[Levels]) -> list[int]:
    """Return the parent of each vertex of the one label tree; the root is 0 and its own parent.

    The dimensions follow the root, then the nodes of the first dimension level by level, then
    those of the next.
    """
    parents = [0] * (1 + len(dimensions))
    for dimension, levels in enumerate(dimensions, start=1):
        start = len(parents)
        parents += [dimension] * levels.sizes[0]
        for above, below in pairwise(levels.ancestors):
            over = dict(zip(below, above, strict=True))
            first, start = start, len(parents)
            parents += [first + over[node] for node in range(len(over))]
    return parents
