"""The gate of int8: what differs in labels counts, and of F1 what chance does not explain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import Agreement
from turnwise.training.agreement import _f1_change, _macro_f1s, passes, why_not
from turnwise.training.scores import macro_f1

NEAR = Agreement(
    turns=1000,
    labels={"intent": 0.997, "domain": 1.0},
    largest_difference=0.1,
    macro_f1_change={"intent": -0.01, "domain": 0.0},
    processor=(),
    macro_f1_at_best={"intent": 0.002, "domain": 0.0},
)


def test_a_loss_of_f1_within_chance_passes_and_one_beyond_it_does_not():
    assert passes(NEAR)
    assert not passes(replace(NEAR, macro_f1_at_best={"intent": -0.004, "domain": 0.0}))


def test_a_comparison_without_an_interval_goes_by_the_loss_itself():
    assert not passes(replace(NEAR, macro_f1_at_best=None))


def test_labels_that_differ_do_not_pass_whatever_the_f1_is():
    far = replace(NEAR, labels={"intent": 0.994, "domain": 1.0})
    assert not passes(far)
    assert "99.4% (intent; needs 99.5%)" in why_not(far)


def turned(gold: np.ndarray, wrong: int) -> np.ndarray:
    """The right labels but for the first few turns."""
    found = gold.copy()
    found[:wrong] = (found[:wrong] + 1) % 5
    return found


@pytest.mark.parametrize(("turns", "beyond"), [(200, False), (5000, True)])
def test_one_percent_that_was_lost_is_chance_among_few_turns_and_not_among_many(turns, beyond):
    gold = np.random.default_rng(1).integers(0, 5, turns)
    after = turned(gold, turns // 100)
    change, at_best = _f1_change(gold, gold, after)
    assert change < -0.003
    assert (at_best < -0.003) == beyond


def test_where_nothing_changed_there_is_no_interval():
    gold = np.array([0, 1, 2, 1])
    assert _f1_change(gold, gold[::-1], gold[::-1]) == (0.0, 0.0)
    assert _f1_change(gold[:0], gold[:0], gold[:0]) == (0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_turns_that_stand_there_once_have_the_f1_of_the_scores(pairs):
    gold, found = np.array(pairs, np.int64).T
    ones = np.ones((1, len(gold)), np.float32)
    assert _macro_f1s(ones, gold, found)[0] == pytest.approx(macro_f1(gold, found), abs=1e-5)
