"""The gate passes what keeps every text in its place, and nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnwise.encoders import Vectors
from turnwise.encoders.gate import compare, judging_texts, ranging_texts


def unit_rows(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 32)).astype(np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def disturbed(vectors: Vectors, much: float, rows: slice = slice(None)) -> Vectors:
    moved = vectors.copy()
    moved[rows] += much * unit_rows(len(vectors), 99)[rows]
    unit: Vectors = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


@given(st.integers(2, 30), st.integers(0, 100))
def test_the_same_vectors_pass(count: int, seed: int):
    vectors = unit_rows(count, seed)
    assert compare(vectors, vectors.copy()).passed


def test_a_little_noise_passes_and_much_does_not():
    vectors = unit_rows(60, 0)
    assert compare(vectors, disturbed(vectors, 0.02)).passed
    assert not compare(vectors, disturbed(vectors, 0.3)).passed


def test_one_text_out_of_place_is_enough_to_fail():
    vectors = unit_rows(200, 0)
    figures = compare(vectors, disturbed(vectors, 1.0, slice(0, 1)))
    assert figures.cosine_mean > 0.995
    assert not figures.passed


def test_no_text_both_sets_the_ranges_and_judges():
    assert not set(ranging_texts()) & set(judging_texts())
    assert len(judging_texts()) == len(set(judging_texts())) >= 50
