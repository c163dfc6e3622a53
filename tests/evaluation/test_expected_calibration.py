"""Calibration error, its bins, and what a perfectly calibrated model would show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from turnwise.calibration_error import BINS, equal_mass_bins, expected_error
from turnwise.evaluation.calibration import ENOUGH_TURNS, calibration

confident_turns = st.integers(1, 120).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0, 1)),
        arrays(np.bool_, n),
    )
)


def calibrated_turns(n_turns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.2, 1, n_turns)
    return confidence, rng.random(n_turns) < confidence


@given(confident_turns)
def test_the_error_lies_between_0_and_1(pair):
    assert 0 <= expected_error(*pair) <= 1


@given(confident_turns)
def test_the_bins_hold_every_turn_once_and_carry_the_error(pair):
    confidence, right = pair
    found = calibration(confidence, right)
    assert sum(one.turns for one in found.bins) == len(right)
    gaps = sum(one.turns * abs(one.confidence - one.accuracy) for one in found.bins)
    assert found.error == pytest.approx(gaps / len(right), abs=1e-9)
    assert found.error == pytest.approx(expected_error(confidence, right))


@given(confident_turns, st.randoms(use_true_random=False))
def test_the_error_does_not_depend_on_the_order_of_turns(pair, random):
    confidence, right = pair
    order = np.array(random.sample(range(len(right)), len(right)))
    assert expected_error(confidence, right) == pytest.approx(
        expected_error(confidence[order], right[order])
    )


def test_distinct_confidences_fall_into_15_bins_of_equal_mass():
    confidence = np.random.default_rng(0).permutation(np.linspace(0, 1, 300))
    assert np.bincount(equal_mass_bins(confidence)).tolist() == [300 // BINS] * BINS


def test_turns_of_one_confidence_share_a_bin():
    found = calibration(np.full(90, 0.5), np.arange(90) < 45)
    assert [(one.turns, one.accuracy) for one in found.bins] == [(90, 0.5)]
    assert found.error == 0


def test_a_model_that_is_sure_and_always_wrong_has_an_error_of_1():
    assert expected_error(np.ones(50), np.zeros(50, bool)) == 1


def test_a_calibrated_model_shows_on_few_turns_what_is_simulated_for_it():
    errors = [calibration(*calibrated_turns(400, seed)) for seed in range(30)]
    measured = np.mean([one.error for one in errors])
    assert measured == pytest.approx(np.mean([one.perfect for one in errors]), abs=0.01)
    within = np.mean([one.error <= one.perfect_high for one in errors])
    assert within >= 0.8, "95% of calibrated models should lie under the bound"


def test_an_overconfident_model_lies_outside_of_what_is_simulated():
    confidence, right = calibrated_turns(600)
    found = calibration(np.sqrt(confidence), right)
    assert found.error > found.perfect_high
    assert any(one.accuracy < one.low for one in found.bins)


def test_enough_turns_need_no_simulation():
    found = calibration(*calibrated_turns(ENOUGH_TURNS))
    assert found.perfect is None
    assert found.bins[0].low is None
    assert calibration(*calibrated_turns(ENOUGH_TURNS - 1)).perfect is not None


def test_the_simulation_repeats_with_its_seed():
    turns = calibrated_turns(200)
    assert calibration(*turns, seed=1) == calibration(*turns, seed=1)
    assert calibration(*turns, seed=1).perfect != calibration(*turns, seed=2).perfect
