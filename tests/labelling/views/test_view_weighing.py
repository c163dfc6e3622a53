"""Weights and trust that are learnt from a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnwise.labelling.views.weighing import FOLDS, cross_fit, fit_trust, scale_of

START = np.array([1.0, 0.0])


def evidence(turns: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(turns, 4, 2))


def targets_of(labels: np.ndarray) -> np.ndarray:
    return np.eye(4)[labels]


def test_a_fold_is_left_out_of_its_own_chances():
    shown, groups = evidence(60), np.arange(60)
    labels = shown[:, :, 1].argmax(axis=1)
    _, before = cross_fit(shown, targets_of(labels), groups, START, 1.0)
    away = groups % FOLDS == 2
    turned = np.where(away, (labels + 1) % 4, labels)
    _, after = cross_fit(shown, targets_of(turned), groups, START, 1.0)
    np.testing.assert_allclose(before[away], after[away])
    assert not np.allclose(before[~away], after[~away])


def test_without_a_seed_the_weights_stay_and_confidences_are_taken_as_they_are():
    weights, left_out = cross_fit(evidence(0), np.zeros((0, 4)), np.zeros(0, int), START, 1.0)
    np.testing.assert_array_equal(weights, START)
    assert left_out.shape == (0, 4)
    trust = fit_trust(np.zeros(0), np.zeros(0, np.bool_))
    sure = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(trust(sure), sure, atol=1e-6)
    assert scale_of(np.zeros(0)).spread > 0


def test_too_sure_an_answer_is_trusted_less():
    sure = np.full(400, 0.9)
    right = np.arange(400) % 2 == 0
    assert abs(float(fit_trust(sure, right)(sure)[0]) - 0.5) < 0.05


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_trust_is_a_probability_whatever_the_answers_were(answers):
    sure = np.array([one for one, _ in answers])
    trust = fit_trust(sure, np.array([one for _, one in answers], np.bool_))
    found = trust(np.linspace(0, 1, 11))
    assert np.all((found >= 0) & (found <= 1))
