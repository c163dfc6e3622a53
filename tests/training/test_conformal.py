from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import softmax
from turnwise.training.conformal import fewest_turns, fit_conformal


def drawn(turns: int, seed: int, n_labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A classifier that is surer than it should be, worse on high labels, and the truth."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(n_labels, size=turns)
    logits = draw.normal(size=(turns, n_labels)) * 2
    logits[np.arange(turns), labels] += 4 - 0.8 * labels
    return softmax(logits.astype(np.float32), 0.5), labels


def covered(sets: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return sets[np.arange(len(labels)), labels]


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_sets_hold_the_truth_as_often_as_was_asked_however_bad_the_model(coverage):
    shares, labels = drawn(20_000, 1)
    means = []
    for seed in range(20):
        fitted = fit_conformal(*drawn(500, 100 + seed), coverage)
        means.append(covered(fitted.prediction_set(shares), labels).mean())
    assert np.mean(means) == pytest.approx(coverage, abs=0.01)
    assert np.std(means) < 2 * np.sqrt(coverage * (1 - coverage) / 500)


def test_sets_by_label_hold_the_truth_among_the_turns_of_each_label():
    fitted = fit_conformal(*drawn(10_000, 0), 0.9)
    shares, labels = drawn(20_000, 1)
    over_all = covered(fitted.prediction_set(shares), labels)
    by_label = covered(fitted.prediction_set(shares, by_label=True), labels)
    each = [by_label[labels == label].mean() for label in range(5)]
    assert each == pytest.approx([0.9] * 5, abs=0.02)
    assert over_all[labels == 4].mean() < 0.8  # what the other form leaves to the hard label


@given(st.integers(0, 1000), st.integers(120, 200), st.booleans())
def test_a_higher_coverage_only_adds_labels(seed, turns, by_label):
    shares, labels = drawn(turns, seed)
    unseen, _ = drawn(50, seed + 1)
    fitted = [fit_conformal(shares, labels, coverage) for coverage in (0.5, 0.6, 0.7, 0.8)]
    sets = [one.prediction_set(unseen, by_label) for one in fitted]
    for lower, higher in pairwise(sets):
        assert (higher | ~lower).all()


def test_no_set_is_empty_and_the_likeliest_label_is_in_it():
    shares, labels = drawn(200, 0)
    fitted = fit_conformal(shares, labels, 0.05)
    even = np.full((3, 5), 0.2, np.float32)
    sets = fitted.prediction_set(np.concatenate([shares, even]))
    assert sets[np.arange(203), [*shares.argmax(1), 0, 0, 0]].all()


def test_a_rare_label_takes_the_threshold_over_all_turns():
    shares, labels = drawn(300, 0)
    labels[labels == 3] = 2
    fitted = fit_conformal(shares, labels, 0.95)
    assert fitted.least_by_label[3] == fitted.least
    assert fitted.own == 4


@pytest.mark.parametrize(("coverage", "turns"), [(0.9, 9), (0.95, 19), (0.99, 99)])
def test_with_one_turn_less_than_a_threshold_takes_there_are_no_sets(coverage, turns):
    assert fewest_turns(coverage) == turns
    shares, labels = drawn(turns, 0)
    assert fit_conformal(shares[1:], labels[1:], coverage) is None
    fitted = fit_conformal(shares, labels, coverage)
    assert fitted.least == shares[np.arange(turns), labels].min()
