"""A tree over named clusters: two or three levels, each parent named by what its children share.

Clusters are put together by Ward's linkage over what they say (their centroids) and what they are
called (their names' vectors), and the tree is cut where it has about as many parents as a person
takes in at once: a little more than the square root of the number of clusters.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from turnwise.clusters import Rows, Space, Vectors
from turnwise.discovery.merging import Merged, name_vectors
from turnwise.discovery.naming.assignment import first_free
from turnwise.discovery.naming.ranking import rank_objectives, read_clusters
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError

FEWEST = 6  # clusters under which a tree helps nobody
# On the 150 intents of clinc150 this many parents agree best with its ten domains.
WIDTH = 1.25
SHARE = 100  # utterances of each child that a parent is named by, so that none drowns the others

Path = tuple[str, ...]


def arrange(space: Space, merged: Merged, encoder: Encoder, levels: int) -> list[Path]:
    """Give each cluster a path from the root of a tree to its name.

    Args:
        merged: clusters with names that all differ.
        encoder: the one that made `space.plain`.
        levels: of the tree, 1 to 3; 1 is flat.

    Returns:
        For each cluster the names of its parents and its own, which is the last. No parent has
        the name of a cluster or of another parent, and none has a single child.

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
        named = _parents(
            space, merged, groups, encoder, taken={part for path in paths for part in path}
        )
        for group, parent in zip(groups, named, strict=True):
            if len({paths[at][0] for at in group}) > 1:
                for at in group:
                    paths[at] = (parent, *paths[at])
        width = math.sqrt(width)
    return paths


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
    groups: Sequence[Sequence[int]],
    encoder: Encoder,
    *,
    taken: set[str],
) -> list[str]:
    """A name for each group: the objective that suits all of its children's utterances best."""
    rows = [_even(merged, group) for group in groups]
    ranked = rank_objectives(read_clusters(space, rows), [""] * len(groups), encoder)
    names = [{"-".join(phrase): score for phrase, score in some.items()} for some in ranked]
    return first_free(names, taken)


def _even(merged: Merged, group: Sequence[int]) -> Rows:
    return np.concatenate([merged.clusters[at][:SHARE] for at in group])
