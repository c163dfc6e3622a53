"""The levels of a dimension's label tree, and what scores on all of them say of each label.

A model with levels gives one score per node. With z_l the scores of level l, T_l its temperature
and a_l(y) the node that label y lies under on level l, the label's own score is

    s(y) = sum over l of z_l[a_l(y)] / T_l

and softmax(s) is the distribution over labels. It is the product of the levels' own softmaxes
along the path of y, made to sum to 1 over the paths that the tree has: the levels' normalisers are
the same for all labels and cancel. Every path is scored, so nothing that a search over levels
could find is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from turnwise.bundle.model import Logits
from turnwise.taxonomy import Dimension


@dataclass(frozen=True, slots=True)
class Levels:
    """Where each label of a dimension lies on each level of the label tree.

    Attributes:
        ancestors: per level from the root, the place of each label's node on that level, labels
            in the taxonomy's order. Nodes are numbered from 0 in the order in which labels meet
            them; the last level is the labels themselves: 0, 1, ..., n_labels - 1.
    """

    ancestors: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes per level."""
        return tuple(max(level) + 1 for level in self.ancestors)

    @property
    def width(self) -> int:
        """Nodes of all levels: the columns of a model's output."""
        return sum(self.sizes)


def levels_of(dimension: Dimension) -> Levels:
    """Return the levels of a dimension's label paths, from the root.

    A label above the deepest level stands for itself on those below it. A level that tells no
    labels apart, or the same ones as the next, is left out; a flat dimension has one level.
    """
    paths = [label.path for label in dimension.labels]
    deepest = max(map(len, paths))
    levels = [_numbered([path[:depth] for path in paths]) for depth in range(1, deepest)]
    levels.append(tuple(range(len(paths))))
    kept = [level for level, below in pairwise(levels) if level != below and max(level) > 0]
    return Levels((*kept, levels[-1]))


def leaves_only(dimension: Dimension) -> Levels:
    """Return the one level of the labels themselves."""
    return Levels((tuple(range(len(dimension.labels))),))


def _numbered(nodes: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    places: dict[tuple[str, ...], int] = {}
    return tuple(places.setdefault(node, len(places)) for node in nodes)


def level_logits(logits: Logits, levels: Levels) -> list[Logits]:
    """Split Float32[n, width] into Float32[n, size] per level, from the root; views, no copies."""
    return np.split(logits, np.cumsum(levels.sizes)[:-1], axis=1)


def path_scores(logits: Logits, levels: Levels, temperatures: Sequence[float]) -> Logits:
    """Return Float32[n, n_labels]: s(y) of each label; its softmax is the label distribution.

    Args:
        logits: Float32[n, width], levels from the root side by side.
        temperatures: one per level, above 0.
    """
    total = np.zeros((len(logits), levels.sizes[-1]), np.float32)
    parts = zip(level_logits(logits, levels), levels.ancestors, temperatures, strict=True)
    for scores, places, temperature in parts:
        total += scores[:, list(places)] / np.float32(temperature)
    return total
