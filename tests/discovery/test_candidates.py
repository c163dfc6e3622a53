"""Candidates cover every number of clusters, and the silhouette picks those near the truth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.discovery.candidates import (
    MOST,
    MOST_JUDGED,
    lay_out,
    screen,
    silhouette,
)


@given(st.sampled_from(["auto", "graph", "kmeans", "ward", "hdbscan"]), st.integers(2, 500_000))
def test_candidates_rise_and_are_few(method, n):
    found = lay_out(method, n)
    assert 1 <= len(found) <= MOST
    assert all(a < b for a, b in pairwise(found))
    assert found[0] > 0
    assert method in ("auto", "graph") or found[-1] <= max(3, n / 10 + 1)


@pytest.fixture(scope="module")
def split():
    """Six groups of 20, and their clusterings into 2, 3, 6, 12 and 24."""
    draw = np.random.default_rng(1)
    rows = np.repeat(np.eye(6, 12), 20, axis=0) + 0.1 * draw.normal(size=(120, 12))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return vectors, [np.split(np.arange(120), count) for count in (2, 3, 6, 12, 24)]


def test_the_silhouette_is_greatest_for_the_groups_that_are_there(split):
    vectors, clusterings = split
    found = [silhouette(vectors, clusters) for clusters in clusterings]
    assert int(np.argmax(found)) == 2
    assert all(-1 <= one <= 1 for one in found)


def test_only_candidates_near_the_best_go_before_the_judge(split):
    assert screen(*split) == [2]


def test_equal_candidates_all_go_before_the_judge_up_to_a_few(split):
    vectors, clusterings = split
    assert screen(vectors, [clusterings[2]] * 3) == [0]
    rising = [[*clusterings[2]] for _ in range(12)]
    for place, clusters in enumerate(rising):
        moved = 12 - place
        clusters[0], clusters[1] = (
            clusters[0][:-moved],
            np.append(clusters[1], clusters[0][-moved:]),
        )
    chosen = screen(vectors, rising[6:])
    assert len(chosen) <= MOST_JUDGED
    assert chosen[-1] == 5


def test_one_cluster_has_no_silhouette_and_is_still_a_choice(split):
    vectors, _ = split
    assert silhouette(vectors, [np.arange(120)]) == -1.0
    assert screen(vectors, [[np.arange(120)]]) == [0]
