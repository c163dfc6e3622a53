"""A tree over named clusters: two or three levels, each parent named by what its children share.

A child that holds no word of its parent's name stays outside: a name must not mislead. Clusters
are put together by Ward's linkage over what they say (their centroids) and what they are
called (their names' vectors), and the tree is cut where it has about as many parents as a person
takes in at once: a little more than the square root of the number of clusters.
"""

from __future__ import annotations

import importlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any

import numpy as np

from turnwise.clusters import Rows, Space, Vectors
from turnwise.discovery.merging import Merged, name_vectors
from turnwise.discovery.naming.assignment import first_free
from turnwise.discovery.naming.phrases import same_stem, units
from turnwise.discovery.naming.ranking import rank_objectives, read_clusters
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError

FEWEST = 6  # clusters under which a tree helps nobody
# On the 150 intents of clinc150 this many parents agree best with its ten domains.
WIDTH = 1.25
SHARE = 100  # utterances of each child that a parent is named by, so that none drowns the others

HELD = 0.2  # of a child's utterances hold a word, at least, that may stand over it

Path = tuple[str, ...]
Node = list[int]  # clusters that stand under one node, or a cluster alone


def arrange(space: Space, merged: Merged, encoder: Encoder, levels: int) -> list[Path]:
    """Give each cluster a path from the root of a tree to its name.

    Args:
        merged: clusters with names that all differ.
        encoder: the one that made `space.plain`.
        levels: of the tree, 1 to 3; 1 is flat.

    Returns:
        For each cluster the names of its parents and its own, which is the last. No parent has
        the name of a cluster or of another parent, and none has a single child. A cluster that
        says nothing of what its group is named by has no parent.

    Raises:
        ConfigError: scipy is not installed; says how to.
    """
    paths: list[Path] = [(one.name,) for one in merged.names]
    if levels == 1 or len(paths) < FEWEST:
        return paths
    tree = _linkage(_vectors(space, merged, encoder))
    width = WIDTH * math.sqrt(len(paths))
    for _ in range(levels - 1):
        groups = _cut(tree, round(width))
        if len(groups) < 2:
            break
        taken = {part for path in paths for part in path}
        nodes = [_nodes(paths, group) for group in groups]
        for parent, children in _parents(space, merged, nodes, encoder, taken):
            for at in children:
                paths[at] = (parent, *paths[at])
        width = math.sqrt(width)
    return paths


def _nodes(paths: Sequence[Path], group: Sequence[int]) -> list[Node]:
    """The clusters of a group by the topmost node that they stand under already."""
    nodes: dict[str, list[int]] = {}
    for at in group:
        nodes.setdefault(paths[at][0], []).append(at)
    return list(nodes.values())


def _vectors(space: Space, merged: Merged, encoder: Encoder) -> Vectors:
    """What clusters are compared by, Float32[n_clusters, 2 x size]."""
    centroids = np.stack([space.plain[rows].mean(axis=0) for rows in merged.clusters])
    lengths = np.linalg.norm(centroids, axis=1, keepdims=True)
    return np.hstack([centroids / np.maximum(lengths, 1e-9), name_vectors(merged.names, encoder)])


def _linkage(vectors: Vectors) -> Any:  # scipy has no types
    try:
        hierarchy = importlib.import_module("scipy.cluster.hierarchy")
    except ImportError as error:
        hint = "Run: pip install 'turnwise[discover]'"
        raise ConfigError("a tree of clusters needs scipy", hint=hint) from error
    return hierarchy.linkage(vectors.astype(np.float64), "ward")


def _cut(tree: Any, width: int) -> list[list[int]]:
    """Groups of clusters, `width` of them, in the order of their first clusters."""
    hierarchy = importlib.import_module("scipy.cluster.hierarchy")
    groups: dict[int, list[int]] = {}
    for position, group in enumerate(hierarchy.fcluster(tree, max(width, 2), "maxclust")):
        groups.setdefault(int(group), []).append(position)
    return list(groups.values())


def _parents(
    space: Space,
    merged: Merged,
    groups: Sequence[Sequence[Node]],
    encoder: Encoder,
    taken: set[str],
) -> Iterator[tuple[str, list[int]]]:
    """A name for each group that has one, and the clusters under it.

    It is an objective that suits the utterances of all children, and which most of them hold; those
    that do not are left out, and so is a group of which fewer than two children remain.
    """
    words = [[_often(space, merged, node) for node in nodes] for nodes in groups]
    rows = [_even(merged, [at for node in nodes for at in node]) for nodes in groups]
    ranked = rank_objectives(read_clusters(space, rows), [""] * len(groups), encoder)
    wanted = []
    for held, some in zip(words, ranked, strict=True):
        shared = {phrase: sum(map(_holds(phrase), held)) / len(held) for phrase in some}
        scored = {"-".join(phrase): score + shared[phrase] for phrase, score in some.items()}
        wanted.append(dict(sorted(scored.items(), key=lambda pair: (-round(pair[1], 4), pair[0]))))
    names = first_free(wanted, taken)
    for name, nodes, held in zip(names, groups, words, strict=True):
        is_held = _holds(tuple(name.split("-")))
        inside = [node for node, some in zip(nodes, held, strict=True) if is_held(some)]
        if len(inside) > 1:
            yield name, [at for node in inside for at in node]


def _often(space: Space, merged: Merged, node: Node) -> Set[str]:
    """The words of a node's names, and those that many of its utterances hold."""
    rows = _even(merged, node)
    counts = Counter(word for row in rows for word in {*_parts(units(space.utterances[row].text))})
    named = _parts(merged.names[at].name for at in node)
    return {*named, *(word for word, count in counts.items() if count >= HELD * len(rows))}


def _parts(said: Iterable[str]) -> Iterator[str]:
    return (part for one in said for part in one.split("-"))


def _holds(phrase: Sequence[str]) -> Callable[[Set[str]], bool]:
    """Whether one of some words is of the stem of a word of the phrase."""
    named = [*_parts(phrase)]
    return lambda held: any(same_stem(one, other) for one in named for other in held)


def _even(merged: Merged, group: Sequence[int]) -> Rows:
    return np.concatenate([merged.clusters[at][:SHARE] for at in group])
