"""Neighbours are tied both ways, and a higher resolution finds more communities."""

from __future__ import annotations

import numpy as np
import pytest

from turnwise.discovery.graph import communities, neighbour_graph


@pytest.fixture(scope="module")
def graph():
    rows = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    return neighbour_graph(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_the_graph_is_symmetric_and_ties_no_row_to_itself(graph):
    assert abs(graph - graph.T).max() == 0
    assert not graph.diagonal().any()
    assert (np.diff(graph.indptr) >= 15).all()


def test_a_higher_resolution_finds_more_communities(graph):
    counts = [communities(graph, resolution, 0).max() + 1 for resolution in (0.5, 2.0, 8.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_two_rows_are_enough_and_rows_that_point_apart_stay_alone():
    vectors = np.array([[1, 0], [-1, 0]], np.float32)
    assert communities(neighbour_graph(vectors), 1.0, 0).tolist() == [0, 1]
    assert communities(neighbour_graph(np.abs(vectors)), 0.5, 0).tolist() == [0, 0]


def test_the_same_seed_finds_the_same_communities(graph):
    found = [communities(graph, 2.0, seed).tolist() for seed in (0, 0, 1, 0)]
    assert found[0] == found[1] == found[3] != found[2]
