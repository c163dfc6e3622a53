"""Vectors adapted to each other: what is shared is taken away, neighbours draw near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.discovery.adaptation import adapt, centre, join_words, smooth
from turnwise.discovery.neighbours import nearest


def groups(count: int, members: int, noise: float, seed: int = 0) -> np.ndarray:
    """Unit rows around `count` directions, with one direction that all share."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(rng.normal(size=(count, 32)), members, axis=0) + 4.0
    rows = rows + noise * rng.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def contrast(vectors: np.ndarray, members: int) -> float:
    """Mean cosine within groups less that between them."""
    cosines = vectors @ vectors.T
    same = np.kron(np.eye(len(vectors) // members), np.ones((members, members))) > 0
    return float(cosines[same].mean() - cosines[~same].mean())


@given(st.integers(0, 40), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_adapted_vectors_have_unit_length_and_keep_their_number(n, seed):
    rows = groups(max(n, 1), 1, 1.0, seed)[:n]
    adapted = adapt(rows)
    assert len(adapted) == n
    assert adapted.dtype == np.float32
    assert np.allclose(np.linalg.norm(adapted, axis=1), 1, atol=1e-4)


def test_groups_stand_further_apart_after_it():
    rows = groups(6, 15, 0.8)
    assert contrast(adapt(rows), 15) > 2 * contrast(rows, 15)


def test_neighbours_draw_each_other_near():
    rows = centre(groups(6, 15, 0.8))
    smoothed = smooth(rows, nearest(rows, 10))
    assert contrast(smoothed, 15) > contrast(rows, 15)


def test_the_order_of_rows_does_not_matter():
    rows = groups(5, 8, 0.6)
    order = np.random.default_rng(3).permutation(len(rows))
    assert np.allclose(adapt(rows)[order], adapt(rows[order]), atol=1e-4)


def test_the_same_rows_give_the_same_vectors():
    rows = groups(5, 8, 0.6)
    assert (adapt(rows) == adapt(rows)).all()


@pytest.mark.parametrize("n", [3, 50])
def test_equal_vectors_stay_equal(n):
    adapted = adapt(np.tile(groups(1, 1, 0.0), (n, 1)))
    assert np.allclose(adapted, adapted[0])
    assert np.isfinite(adapted).all()


def test_words_stand_behind_the_vectors_with_less_weight():
    rows = groups(4, 5, 0.5)
    words = np.tile(np.eye(2, dtype=np.float32), (10, 1))
    joined = join_words(rows, words)
    assert joined.shape == (20, 34)
    assert np.allclose(np.linalg.norm(joined, axis=1), 1, atol=1e-5)
    assert (np.linalg.norm(joined[:, 32:], axis=1) < np.linalg.norm(joined[:, :32], axis=1)).all()


def test_a_text_without_known_words_keeps_its_vector():
    rows = groups(2, 5, 0.5)
    joined = join_words(rows, np.zeros((10, 3), np.float32))
    assert np.allclose(joined[:, :32], rows, atol=1e-6)
