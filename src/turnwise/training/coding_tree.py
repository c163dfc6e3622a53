"""Coding trees: a label tree reduced to a few heights by structural entropy.

From Li & Pan, Structural Information and Dynamical Complexity of Networks (2016). A coding tree T
has the vertices of a graph G as its leaves. With vol the sum of degrees of the vertices under a
node, and g the edges that leave them,

    H^T(G) = - sum over nodes v but the root of  g_v / vol(G) * log2(vol_v / vol_parent(v))

A low H means that a walk on the graph is told in few bits when named by the tree's nodes. As in
HiTIN (Zhu et al., 2023), clusters are merged two by two, each time the pair that lowers H most;
then nodes above leaves that lie too deep are squeezed out, each time the one that raises H least,
until no leaf does; then edges that skip a height are filled with nodes of one child, which leaves
H as it is.

The graphs here are trees, which makes this fast. Clusters stay connected, and two that touch share
one edge, so merging a and b lowers H by 2 / vol(G) * log2(vol(G) / (vol_a + vol_b)): the best pair
is the adjacent one of least volume. The edges among the k children of a node are k - 1, so
squeezing v out raises H by 2 (k - 1) / vol(G) * log2(vol_parent / vol_v). Neither a volume nor the
raise ever falls, so queues may hold values of long ago and correct them when they come up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from math import log

import numpy as np


@dataclass(frozen=True, slots=True)
class CodingTree:
    """A tree whose leaves all have one depth.

    Attributes:
        parents: per height from the leaves up, each node's parent among the nodes one height
            above. The leaves are the graph's vertices in their order; the last parent is the
            root, 0.
    """

    parents: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes per height, from the leaves to the root."""
        return (*map(len, self.parents), 1)


def coding_tree(parents: Sequence[int], height: int = 2) -> CodingTree:
    """Return a coding tree of low structural entropy.

    The same tree gives the same coding tree: of equals, the one of lower numbers goes first.

    Args:
        parents: the parent of each vertex of the graph, a tree; the root is 0, its own parent.
        height: of the coding tree, 1 or more.
    """
    children = _merged(parents)
    over = _squeezed(children, _volumes(parents, children), len(parents), height)
    return _filled(over, len(parents), height)


def _merged(parents: Sequence[int]) -> dict[int, list[int]]:
    """The two children of each node of the full binary tree; nodes get numbers as they are made.

    A cluster is named after its vertex nearest the graph's root, its top.
    """
    volume = _degrees(parents)
    node = list(range(len(parents)))  # of the binary tree, per top
    below = _touching(parents, volume)
    tops = [(volume[top] + queue[0][0], top) for top, queue in enumerate(below) if queue]
    tops.sort()  # a sorted list is a heap
    children: dict[int, list[int]] = {}
    while tops:
        stored, top = tops[0]
        found = _nearest(below[top], volume)
        if found is None or stored < volume[top] + found[0]:
            heappop(tops)
            if found is not None:
                heappush(tops, (volume[top] + found[0], top))
            continue
        _, other = heappop(below[top])
        made = len(parents) + len(children)
        children[made] = [node[top], node[other]]
        volume[top] += volume[other]
        node[top] = made
        below[top] = _joined(below[top], below[other])
        below[other] = []
    return children


Queue = list[tuple[int, int]]  # a heap of (volume, top) of the clusters under one cluster


def _degrees(parents: Sequence[int]) -> list[int]:
    degrees = np.bincount(parents[1:], minlength=len(parents))
    degrees[1:] += 1
    return [int(degree) for degree in degrees]


def _touching(parents: Sequence[int], volume: Sequence[int]) -> list[Queue]:
    below: list[Queue] = [[] for _ in parents]
    for vertex in range(1, len(parents)):
        heappush(below[parents[vertex]], (volume[vertex], vertex))
    return below


def _nearest(queue: Queue, volume: Sequence[int]) -> tuple[int, int] | None:
    """The least cluster of a queue, after its stale entries were put right."""
    while queue and queue[0][0] < volume[queue[0][1]]:
        heapreplace(queue, (volume[queue[0][1]], queue[0][1]))
    return queue[0] if queue else None


def _joined(one: Queue, other: Queue) -> Queue:
    small, large = sorted((one, other), key=len)
    for entry in small:
        heappush(large, entry)
    return large


def _volumes(parents: Sequence[int], children: dict[int, list[int]]) -> list[int]:
    volume = _degrees(parents)
    for below in children.values():
        volume.append(sum(volume[child] for child in below))
    return volume


def _squeezed(
    children: dict[int, list[int]], volume: Sequence[int], leaves: int, height: int
) -> dict[int, int]:
    """Squeeze out inner nodes until no leaf is deeper than `height`; each node's parent."""
    over = {child: node for node, below in children.items() for child in below}
    first, depth = _leaf_depths(children, leaves)
    count = {node: len(below) for node, below in children.items()}
    root = leaves + len(children) - 1

    def raised(node: int) -> float:
        # Rounded, so that equals are equals on every machine.
        return round((count[node] - 1) * log(volume[over[node]] / volume[node]), 12)

    queue = sorted((raised(node), node) for node in children if node != root)
    while queue:
        stored, node = queue[0]
        start, end = first[node]
        if depth[start:end].max() <= height:  # for good: no leaf ever gets deeper
            heappop(queue)
        elif stored < raised(node):
            heapreplace(queue, (raised(node), node))
        else:
            heappop(queue)
            depth[start:end] -= 1
            parent = over.pop(node)
            count[parent] += count.pop(node) - 1
            under = [child for child in children.pop(node) if over.get(child) == node]
            over |= dict.fromkeys(under, parent)
            children[parent] += under
    return over


def _leaf_depths(
    children: dict[int, list[int]], leaves: int
) -> tuple[dict[int, tuple[int, int]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The leaves in the tree's order: where those under each node start and end; their depths."""
    size = dict.fromkeys(range(leaves), 1)
    for node, below in children.items():  # a node is made after those under it
        size[node] = sum(size[child] for child in below)
    root = leaves + len(children) - 1
    span, level = {root: (0, leaves)}, {root: 0}
    depth = np.zeros(leaves, np.int64)
    for node in sorted(size, reverse=True):
        start = span[node][0]
        if node < leaves:
            depth[start] = level[node]
        for child in children.get(node, ()):
            span[child], level[child] = (start, start + size[child]), level[node] + 1
            start += size[child]
    return span, depth


def _filled(over: dict[int, int], leaves: int, height: int) -> CodingTree:
    """Give every leaf the depth `height`: a node of one child stands in for each height skipped.

    A node's height is that of its highest child and one.
    """
    heights = dict.fromkeys(range(leaves), 0)
    for node in sorted(over):  # children before parents
        parent = over[node]
        heights[parent] = max(heights.get(parent, 0), heights[node] + 1)
    here, rows = list(range(leaves)), []
    for above in range(1, height):
        names = [
            over[node] if heights.get(over.get(node, node)) == above else node for node in here
        ]
        places: dict[int, int] = {}
        rows.append(tuple(places.setdefault(name, len(places)) for name in names))
        here = list(places)
    return CodingTree((*rows, (0,) * len(here)))
