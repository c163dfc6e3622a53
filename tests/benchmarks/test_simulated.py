"""The simulated annotator does what its theory says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulated import (
    Orders,
    Review,
    ask_in_orders,
    kept_by_clara,
    kept_in_theory,
    reviewed,
)

chances = st.floats(0.3, 0.99)


@given(chances, st.integers(2, 5), st.integers(3, 30))
def test_independent_orders_keep_what_the_powers_say(accuracy, orders, labels):
    share, precision = kept_in_theory(Orders(accuracy, 1.0, labels, orders, 1.0))
    right = accuracy**orders
    wrong = (labels - 1) * ((1 - accuracy) / (labels - 1)) ** orders
    assert share == pytest.approx(right + wrong)
    assert precision == pytest.approx(right / (right + wrong))


@given(chances, st.integers(2, 6))
def test_orders_that_decide_nothing_drop_nothing(accuracy, orders):
    share, precision = kept_in_theory(Orders(accuracy, 0.0, 20, orders, 1.0))
    assert share == pytest.approx(1.0)
    assert precision == pytest.approx(accuracy)


@given(chances, st.floats(0, 1), st.integers(2, 6))
def test_shares_are_shares(accuracy, sensitivity, orders):
    share, precision = kept_in_theory(Orders(accuracy, sensitivity, 20, orders, 1.0))
    assert 0 < share <= 1 + 1e-9
    assert 0 < precision <= 1 + 1e-9


def test_a_rule_under_which_two_labels_could_win_has_no_theory_here():
    with pytest.raises(ValueError, match="two labels"):
        kept_in_theory(Orders(0.8, 0.3, 20, 4, 0.5))


@pytest.mark.parametrize("agreement", [1.0, 0.6])
@pytest.mark.parametrize("sensitivity", [0.1, 0.5, 1.0])
def test_what_the_rule_keeps_is_what_theory_says(sensitivity, agreement):
    found = kept_by_clara(Orders(0.8, sensitivity, 20, 3, agreement), 4_000, seed=5)
    assert found["share_chance"] > 1e-3
    assert found["precision_chance"] > 1e-3


def test_each_order_is_as_right_as_was_stated():
    answers = ask_in_orders(Orders(0.8, 0.4, 20, 3, 1.0), 8_000, seed=1)
    assert (answers == 0).mean() == pytest.approx(0.8, abs=0.02)


def test_a_review_mends_and_spoils_as_stated():
    found = reviewed(Review(0.8, 0.6, 0.05, 0.8), 8_000, seed=2)
    assert found["stage_2_theory"] == pytest.approx(0.8 * 0.95 + 0.2 * 0.6 * 0.8)
    parts = ("only_stage_1", "only_stage_2", "neither")
    both = 1 - sum(found[f"{one}_theory"] for one in parts)
    assert both == pytest.approx(0.8 * 0.95)
    assert all(found[f"{one}_chance"] > 1e-3 for one in ("stage_1", "stage_2", "agree", *parts))
