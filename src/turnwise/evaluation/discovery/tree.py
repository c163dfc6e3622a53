"""The proposed tree as nested lists that fold, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from turnwise.clusters import Cluster
from turnwise.evaluation.discovery.shown import clipped
from turnwise.evaluation.discovery.tables import share
from turnwise.evaluation.tables import percent

_OPEN_UP_TO = 40  # intents; a longer tree opens with its first level alone


@dataclass(slots=True)
class _Node:
    turns: int = 0
    leaves: int = 0
    below: dict[str, _Node] = field(default_factory=dict)


def has_levels(clusters: Sequence[Cluster]) -> bool:
    return any(len(one.path) > 1 for one in clusters)


def tree(clusters: Sequence[Cluster], turns: int) -> str:
    """The paths of clusters as HTML, on each level the node of most turns first.

    Args:
        turns: of all utterances, which shares are taken of.
    """
    root = _Node()
    for one in clusters:
        node = root
        for name in one.path:
            node = node.below.setdefault(name, _Node())
            node.turns += one.turns
            node.leaves += 1
    inner = _list(root, turns, len(clusters) <= _OPEN_UP_TO)
    return f'<div class="card" style="columns:24em;column-gap:2em">{inner}</div>'


def _list(node: _Node, turns: int, is_open: bool) -> str:
    ranked = sorted(node.below.items(), key=lambda pair: (-pair[1].turns, pair[0]))
    items = (
        f'<li style="break-inside:avoid-column">{_item(name, below, turns, is_open)}</li>'
        for name, below in ranked
    )
    return f'<ul style="list-style:none;margin:0;padding-left:1.2em">{"".join(items)}</ul>'


def _item(name: str, node: _Node, turns: int, is_open: bool) -> str:
    shown = escape(clipped(name))
    size = f"{node.turns:,} turns, {percent(share(node.turns, turns))}"
    if not node.below:
        return f"{shown} <small>{size}</small>"
    if len(node.below) == 1:  # nothing to unfold
        only, below = next(iter(node.below.items()))
        return f"<b>{shown}</b> › {_item(only, below, turns, is_open)}"
    head = f"<b>{shown}</b> <small>{node.leaves} intents, {size}</small>"
    inner = _list(node, turns, is_open)
    return f"<details{' open' if is_open else ''}><summary>{head}</summary>{inner}</details>"
