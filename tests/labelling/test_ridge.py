"""Leaving a group out in closed form is the same as fitting without it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.labelling.ridge import Lesson, fit_ridge


def corpus(seed: int) -> tuple[np.ndarray, Lesson]:
    """20 texts in 6 groups, some without a target and some that count for less."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(20, 5))
    targets = np.eye(3)[rng.integers(0, 3, 20)] * (rng.random((20, 1)) < 0.8)
    weights = rng.choice([0.0, 0.5, 1.0], 20)
    groups = rng.integers(0, 6, 20).astype(np.intp)
    return (vectors @ vectors.T).astype(np.float32), Lesson(targets, weights, groups)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_left_out_scores_are_those_of_a_fit_without_the_group(seed):
    similarity, lesson = corpus(seed)
    _, left_out = fit_ridge(similarity, lesson, penalty=0.7)
    for group in np.unique(lesson.groups):
        away = lesson.groups == group
        weights = np.where(away, 0.0, lesson.weights)
        if not (weights * lesson.targets.sum(axis=1)).any():
            continue
        ridge, _ = fit_ridge(similarity, Lesson(lesson.targets, weights, lesson.groups), 0.7)
        np.testing.assert_allclose(left_out[away], ridge.scores(similarity[away]), atol=1e-4)


def test_what_has_no_weight_or_no_target_teaches_nothing():
    similarity, lesson = corpus(1)
    ridge, _ = fit_ridge(similarity, lesson, penalty=0.7)
    silent = (lesson.weights == 0) | (lesson.targets.sum(axis=1) == 0)
    assert silent.any()
    assert not ridge.coefficients[silent].any()
