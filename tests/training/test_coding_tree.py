"""Coding trees of label trees, against the definition of structural entropy."""

from __future__ import annotations

from itertools import permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.training.coding_tree import CodingTree, coding_tree

FAMILIES = [0, 0, 0, 1, 1, 1, 2, 2, 2]  # a root, two nodes, three leaves under each


@st.composite
def label_trees(draw: st.DrawFn, most: int = 24) -> list[int]:
    size = draw(st.integers(1, most))
    return [0] + [draw(st.integers(0, vertex - 1)) for vertex in range(1, size)]


Nested = int | tuple["Nested", ...]  # a vertex, or the children of a node


def vertices(node: Nested) -> set[int]:
    return {node} if isinstance(node, int) else set().union(*map(vertices, node))


def by_definition(parents: list[int], node: Nested) -> float:
    """Structural entropy under a node, child by child and edge by edge."""
    if isinstance(node, int) or len(parents) == 1:
        return 0.0
    edges = [(vertex, parent) for vertex, parent in enumerate(parents) if vertex]

    def volume(of: Nested) -> int:
        return sum(end in vertices(of) for edge in edges for end in edge)

    bits = 0.0
    for child in node:
        leaving = sum(len(vertices(child).intersection(edge)) == 1 for edge in edges)
        bits -= leaving / (2 * len(edges)) * log2(volume(child) / volume(node))
        bits += by_definition(parents, child)
    return bits


def structural_entropy(parents: list[int], tree: CodingTree) -> float:
    """The same for thousands of vertices: in bits, 0 for a graph without edges."""
    edges = [(parent, vertex) for vertex, parent in enumerate(parents) if vertex]
    volume = np.bincount(np.array(edges, np.int64).ravel(), minlength=len(parents)).astype(float)
    total, bits = volume.sum(), 0.0
    leaving, place = volume, np.arange(len(parents))
    for above in tree.parents if edges else ():
        up = np.array(above)
        upper = np.bincount(up, volume)
        bits -= (leaving * np.log2(volume / upper[up])).sum() / total
        place, volume = up[place], upper
        crossing = [place[list(edge)] for edge in edges if place[edge[0]] != place[edge[1]]]
        leaving = np.bincount(np.array(crossing, np.int64).ravel(), minlength=len(upper))
    return float(bits)


def nested(tree: CodingTree) -> Nested:
    nodes: list[Nested] = list(range(tree.sizes[0]))
    for row, size in zip(tree.parents, tree.sizes[1:], strict=True):
        pairs = list(zip(nodes, row, strict=True))
        nodes = [tuple(node for node, at in pairs if at == parent) for parent in range(size)]
    return nodes[0]


def flat(parents: list[int]) -> CodingTree:
    return CodingTree(((0,) * len(parents),))


def merged_by_trying_all(parents: list[int]) -> list[Nested]:
    """The inner nodes of the full binary tree as they are made.

    Of the pairs that gain most, that whose vertices nearest the root have low numbers.
    """
    clusters: tuple[Nested, ...] = tuple(range(len(parents)))
    made: list[Nested] = []
    while len(clusters) > 1:
        choices = []
        for upper, lower in permutations(clusters, 2):
            top, below = min(vertices(upper)), min(vertices(lower))
            if below and parents[below] in vertices(upper):
                rest = tuple(one for one in clusters if one not in (upper, lower))
                found = (*rest, (upper, lower))
                choices.append((round(by_definition(parents, found), 9), top, below, found))
        clusters = min(choices, key=lambda one: one[:3])[3]
        made.append(clusters[-1])
    return made


def from_clusters(inside: set[int], clusters: list[frozenset[int]]) -> Nested:
    """The nested node of some vertices, from all the inner nodes there are."""
    if len(inside) == 1:
        return next(iter(inside))
    below = [one for one in clusters if one < inside]
    tops = [one for one in below if not any(one < other for other in below)]
    alone = inside - set().union(*tops)
    return (*sorted(alone), *(from_clusters(set(one), clusters) for one in tops))


def squeezed_by_trying_all(parents: list[int], height: int) -> Nested:
    """Of the nodes above a leaf too deep that raise the entropy least, the one made first."""
    clusters = [frozenset(vertices(node)) for node in merged_by_trying_all(parents)]
    everything = set(range(len(parents)))
    while True:
        deep = {vertex for vertex in everything if sum(vertex in one for one in clusters) > height}
        if not deep:
            return from_clusters(everything, clusters)
        choices = []
        for place, one in enumerate(clusters):
            if one & deep and len(one) < len(everything):
                rest = clusters[:place] + clusters[place + 1 :]
                bits = by_definition(parents, from_clusters(everything, rest))
                choices.append((round(bits, 9), place, rest))
        clusters = min(choices, key=lambda one: one[:2])[2]


@given(label_trees(), st.integers(1, 4))
def test_every_vertex_is_one_leaf_and_every_leaf_has_the_depth_asked_for(parents, height):
    tree = coding_tree(parents, height)
    assert len(tree.parents) == height
    assert tree.sizes[0] == len(parents)
    for row, above in zip(tree.parents, tree.sizes[1:], strict=True):
        assert set(row) == set(range(above))


@given(label_trees(), st.integers(1, 4))
def test_entropy_is_what_its_definition_says(parents, height):
    tree = coding_tree(parents, height)
    assert structural_entropy(parents, tree) == pytest.approx(by_definition(parents, nested(tree)))


@given(label_trees())
def test_a_coding_tree_tells_more_than_the_flat_one_and_a_higher_one_no_less(parents):
    bits = [structural_entropy(parents, coding_tree(parents, height)) for height in range(1, 5)]
    assert bits[0] == pytest.approx(structural_entropy(parents, flat(parents)))
    assert bits[1] <= bits[0] + 1e-9
    full = structural_entropy(parents, coding_tree(parents, len(parents)))
    assert full <= min(bits) + 1e-9


@given(label_trees(most=8))
def test_pairs_are_merged_as_by_trying_all(parents):
    full = structural_entropy(parents, coding_tree(parents, len(parents)))
    made = merged_by_trying_all(parents)
    wanted = by_definition(parents, made[-1] if made else 0)
    assert full == pytest.approx(wanted, abs=1e-6)


@given(label_trees(most=8), st.integers(1, 3))
def test_nodes_are_squeezed_as_by_trying_all(parents, height):
    found = structural_entropy(parents, coding_tree(parents, height))
    wanted = by_definition(parents, squeezed_by_trying_all(parents, height))
    assert found == pytest.approx(wanted, abs=1e-6)


@given(label_trees())
def test_the_same_tree_gives_the_same_coding_tree(parents):
    assert coding_tree(parents) == coding_tree(tuple(parents))


def test_two_families_fall_apart():
    row = coding_tree(FAMILIES).parents[0]
    assert row[1] == row[3] == row[4] == row[5]
    assert row[2] == row[6] == row[7] == row[8]
    assert row[1] != row[2]


@pytest.mark.parametrize(
    "parents",
    [
        [0, 0] + [1] * 2000,
        [0, *range(1999)],
        [0, *(vertex // 3 for vertex in range(2000))],
    ],
    ids=["star", "chain", "threes"],
)
def test_thousands_of_labels_are_as_good_as_few(parents):
    tree = coding_tree(parents)
    assert tree.sizes[0] == len(parents)
    assert structural_entropy(parents, tree) < structural_entropy(parents, flat(parents))
