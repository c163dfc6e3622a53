"""The nearest neighbours of vectors, by blocks and by cells."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.discovery import neighbours
from turnwise.discovery.neighbours import nearest
from turnwise.errors import ConfigError


def unit_rows(n: int, size: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(st.integers(2, 60), st.integers(1, 70), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_neighbours_are_those_that_sorting_all_cosines_gives(n, k, seed):
    vectors = unit_rows(n, 8, seed)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    best = -np.sort(-cosines, axis=1)[:, : min(k, n - 1)]
    found = nearest(vectors, k)
    assert found.ids.dtype == np.int32
    assert found.near.dtype == np.float32
    assert np.allclose(found.near, best, atol=2e-5)
    assert not (found.ids == np.arange(n)[:, None]).any(), "a vector is its own neighbour"


def test_blocks_do_not_change_the_answer(monkeypatch):
    vectors = unit_rows(100, 16)
    whole = nearest(vectors, 7)
    monkeypatch.setattr(neighbours, "BLOCK", 9)
    parts = nearest(vectors, 7)
    assert (whole.ids == parts.ids).all()
    assert np.allclose(whole.near, parts.near, atol=2e-5)


def test_equally_near_neighbours_come_in_their_order():
    found = nearest(np.ones((6, 4), np.float32) / 2, 3)
    assert found.ids.tolist() == [
        [1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2]
    ]  # fmt: skip
    assert np.allclose(found.near, 1)


@pytest.mark.parametrize("n", [0, 1])
def test_who_is_alone_has_no_neighbours(n):
    found = nearest(unit_rows(n, 4), 5)
    assert found.ids.shape == found.near.shape == (n, 0)


def test_cells_find_nearly_all_neighbours_and_the_same_ones_each_time():
    centres = unit_rows(80, 24)
    rows = centres[np.arange(4000) % 80] + 0.1 * unit_rows(4000, 24, 1)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    exact = nearest(vectors, 10)
    cells = neighbours._by_cells(vectors, 10, lambda *_: None)
    again = neighbours._by_cells(vectors, 10, lambda *_: None)
    shared = [len(set(one) & set(other)) for one, other in zip(exact.ids, cells.ids, strict=True)]
    assert np.mean(shared) > 9.8, f"{np.mean(shared)} of 10 neighbours found"
    assert (cells.ids == again.ids).all()
    assert not (cells.ids == np.arange(4000)[:, None]).any()


def test_many_equal_vectors_are_searched_by_cells(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_MOST", 100)
    found = nearest(np.full((400, 4), 0.5, np.float32), 5)
    assert found.ids.shape == (400, 5)
    assert np.isin(found.near, [0.0, 1.0]).all()


def test_without_faiss_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_MOST", 10)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ConfigError, match=r"pip install 'turnwise\[discover\]'"):
        nearest(unit_rows(11, 4), 3)


def test_progress_ends_at_the_number_of_vectors():
    told: list[tuple[int, int]] = []
    nearest(unit_rows(30, 4), 3, lambda what, done, total, note="": told.append((done, total)))
    assert told[-1] == (30, 30)
