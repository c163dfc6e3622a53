"""Every base clustering finds groups that are plain to see, and never gives a row twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.discovery import clusterings
from turnwise.discovery.clusterings import clusterer_for, groups
from turnwise.discovery.libraries import library
from turnwise.errors import ConfigError

SIZES = (40, 30, 25, 25)


def blobs(sizes=SIZES, spread: float = 0.25, size: int = 16, seed: int = 0):
    """Rows of unit length around one direction for each size, in turn."""
    draw = np.random.default_rng(seed)
    centres = np.linalg.qr(draw.normal(size=(size, size)))[0][: len(sizes)]
    near = spread / size**0.5 * draw.normal(size=(sum(sizes), size))
    rows = np.repeat(centres, sizes, axis=0) + near
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


CANDIDATES = {"graph": 1.0, "auto": 1.0}


@pytest.mark.parametrize("method", ["kmeans", "gmm", "ward", "average", "hdbscan", "graph", "auto"])
def test_groups_that_stand_apart_are_found(method):
    vectors = blobs()
    clusters = clusterer_for(method)(vectors, 0)(CANDIDATES.get(method, 4))
    found = {tuple(rows) for rows in clusters}
    borders = np.cumsum((0, *SIZES))
    wanted = {tuple(range(borders[one], borders[one + 1])) for one in range(len(SIZES))}
    assert found == wanted if method != "hdbscan" else len(found) == len(wanted)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "ward", "average", "hdbscan", "graph"])
def test_the_same_seed_gives_the_same_clusters_and_no_row_stands_in_two(method):
    vectors = blobs(spread=0.8)
    first, again = (clusterer_for(method)(vectors, 3)(CANDIDATES.get(method, 6)) for _ in range(2))
    assert [rows.tolist() for rows in first] == [rows.tolist() for rows in again]
    every = np.concatenate(first)
    assert len(set(every.tolist())) == len(every)
    assert all((np.diff(rows) > 0).all() for rows in first)


@given(st.lists(st.integers(-1, 4), max_size=30))
@settings(max_examples=50, deadline=None)
def test_groups_hold_each_labelled_row_once(labels):
    found = groups(np.array(labels, np.intp))
    assert sorted(row for rows in found for row in rows) == [
        row for row, label in enumerate(labels) if label >= 0
    ]
    assert all(len({labels[row] for row in rows}) == 1 for rows in found)
    assert len(found) == len({label for label in labels if label >= 0})


def test_more_clusters_than_rows_are_cut_to_the_rows():
    vectors = blobs((3, 3))
    assert len(clusterer_for("ward")(vectors, 0)(50)) == 6


def test_auto_is_communities_of_a_graph():
    assert clusterer_for("auto") is clusterings.by_graph


def test_a_missing_library_says_how_to_get_it():
    with pytest.raises(ConfigError, match=r"turnwise\[discover\]"):
        library("there_is_no_such_library")
