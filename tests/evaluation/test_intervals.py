"""Bootstrap intervals by conversation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from turnwise.evaluation import intervals
from turnwise.evaluation.intervals import bootstrap, mean_estimate

turns = st.integers(1, 60).flatmap(
    lambda n: st.tuples(arrays(np.bool_, n), arrays(np.int64, n, elements=st.integers(0, 8)))
)


@given(turns)
@settings(deadline=None)
def test_an_interval_holds_the_figure_itself(pair):
    right, conversation = pair
    found = mean_estimate(right, conversation, resamples=100)
    assert found.value == pytest.approx(right.mean())
    if len(set(conversation.tolist())) > 1:
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_one_conversation_says_nothing_of_how_conversations_differ():
    found = mean_estimate(np.array([True, False]), np.array([4, 4]))
    assert (found.low, found.high) == (None, None)


def test_turns_of_one_conversation_that_go_alike_make_the_interval_wider():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(60) < 0.5, 8)
    together = mean_estimate(right, np.repeat(np.arange(60), 8))
    apart = mean_estimate(right, np.arange(480))
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_19_of_20_intervals_hold_the_truth():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        chance = np.repeat(rng.beta(6, 4, size=80), 5)
        found = mean_estimate(rng.random(400) < chance, np.repeat(np.arange(80), 5), 300)
        held += found.low <= 0.6 <= found.high
    assert 0.9 <= held / 200 <= 0.99


def test_the_interval_agrees_with_the_normal_one_where_that_holds():
    right = np.random.default_rng(0).random(4000) < 0.7
    found = mean_estimate(right, np.arange(4000))
    error = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / 4000)
    assert found.high - found.low == pytest.approx(2 * error, rel=0.1)


def test_draws_in_blocks_draw_as_many_conversations_each_time(monkeypatch):
    monkeypatch.setattr(intervals, "_CELLS_AT_ONCE", 50)
    blocks = list(intervals._draws(20, 101, seed=0))
    assert sum(len(block) for block in blocks) == 101
    assert all((block.sum(axis=1) == 20).all() for block in blocks)


def test_figures_of_the_same_conversations_are_drawn_together():
    rng = np.random.default_rng(0)
    model = rng.random(300) < 0.7
    rival = model & (rng.random(300) < 0.95)
    conversation = np.arange(300)
    lead = mean_estimate(model.astype(float) - rival, conversation)
    assert lead.low > 0, "a model that is never worse must be seen to lead"
    both = bootstrap(np.stack((model, rival), axis=1).astype(np.float32), lambda sums: sums / 300)
    assert both[0].low < both[1].high, "their intervals overlap nonetheless"


def test_the_interval_of_a_biased_figure_is_widened_to_hold_it():
    def conversations_seen_and_missed(sums):
        seen = (sums > 0).sum(axis=1).astype(float)
        return np.stack((seen, 30 - seen), axis=1)

    seen, missed = bootstrap(np.eye(30, dtype=np.float32), conversations_seen_and_missed)
    assert seen.low < seen.value == seen.high == 30, "no resample sees every conversation"
    assert missed.high > missed.value == missed.low == 0
