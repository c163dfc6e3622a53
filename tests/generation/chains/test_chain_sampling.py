"""Chains are like the logs: their lengths, their transitions, and never a state of their own."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generation.chains.labelled_logs import DIMENSIONS, LOGS, NONE, A, B, C, logs
from turnwise.errors import GenerationError
from turnwise.generation.chains import ChainSampler, UniformSampler, estimate_chains
from turnwise.generation.chains.smoothing import SmoothedRows

SEEDS = st.integers(0, 2**64)


def estimate(*conversations, intent="intent"):
    return estimate_chains(logs(*conversations), DIMENSIONS, intent=intent)


@given(LOGS, st.sampled_from(["intent", None]))
def test_each_row_sums_to_one_and_lets_every_state_of_the_logs_follow(conversations, intent):
    rows = SmoothedRows(estimate(*conversations, intent=intent))
    for state in (*rows.states, ("TRIP", "NEVER SEEN")):
        assert rows.row(state).sum() == pytest.approx(1)
        assert rows.row(state).min() > 0


@given(LOGS, SEEDS, st.integers(0, 1000), st.sampled_from([None, 0.0, 0.3, 1.0]))
def test_a_chain_holds_states_of_the_logs_alone_and_has_a_length_of_theirs(
    conversations, seed, number, switching
):
    statistics = estimate(*conversations)
    for sampler in (ChainSampler(statistics, switching=switching), UniformSampler(statistics)):
        chain = sampler.chain(seed, number)
        assert {*chain} <= {*statistics.together.states}
        assert len(chain) in statistics.together.lengths


@given(LOGS, SEEDS)
def test_a_chain_depends_on_its_seed_and_number_alone(conversations, seed):
    statistics = estimate(*conversations)
    first, again = ChainSampler(statistics), ChainSampler(estimate(*conversations))
    forwards = [first.chain(seed, number) for number in range(5)]
    assert [again.chain(seed, number) for number in reversed(range(5))] == forwards[::-1]


@given(LOGS, st.floats(0, 1))
def test_so_large_a_share_of_a_row_changes_the_label_and_keeps_its_proportions(
    conversations, switching
):
    statistics = estimate(*conversations)
    plain, told = ChainSampler(statistics), ChainSampler(statistics, switching=switching)
    for place, state in enumerate(plain.states):
        row, before = told.row(state), plain.row(state)
        assert row.sum() == pytest.approx(1)
        if len(plain.states) == 1:
            continue
        assert row[place] == pytest.approx(1 - switching)
        others = np.delete(before, place)
        assert np.delete(row, place) == pytest.approx(switching * others / others.sum())


@given(LOGS, SEEDS)
def test_without_switching_no_label_ever_changes(conversations, seed):
    chain = ChainSampler(estimate(*conversations), switching=0).chain(seed, 0)
    assert len({*chain}) == 1


@given(LOGS, SEEDS)
def test_with_nothing_but_switching_no_state_is_repeated(conversations, seed):
    sampler = ChainSampler(estimate(*conversations), switching=1)
    if len(sampler.states) > 1:
        assert all(before != after for before, after in pairwise(sampler.chain(seed, 0)))


def test_a_rare_state_falls_back_on_each_of_its_labels():
    # STAY · ASK was never left; after ASK of the other domain, BOOK came every time.
    rare, common = ("STAY", "ASK"), [[A, B]] * 50
    rows = SmoothedRows(estimate(*common, [rare], [C, C]))
    row = rows.row(rare)
    assert row[rows.index[B]] > 0.9


def test_after_a_rare_state_the_customer_keeps_to_the_domain():
    def state(domain, intent):
        return (domain, intent)

    talks = [
        [state(domain, one), state(domain, two)]
        for domain in ("TRIP", "STAY", "SHOP")
        for one, two in pairwise("abcdefgh")
        for _ in range(3)
    ]
    rare = state("STAY", "never followed")
    rows = SmoothedRows(estimate(*talks, [rare]))
    stays = sum(rows.row(rare)[at] for one, at in rows.index.items() if one[0] == "STAY")
    assert stays > 0.9


def test_smoothing_is_that_of_witten_and_bell():
    talks = logs([A, A, A, B], [C])
    rows = SmoothedRows(estimate_chains(talks, DIMENSIONS[1:], intent=None))
    a, b, c = (one[1:] for one in (A, B, C))
    share = {one: rows.marginal[rows.index[one]] for one in (a, b, c)}
    followed = {a: 2, b: 1, c: 0}
    for one, count in followed.items():
        assert rows.row(a)[rows.index[one]] == pytest.approx(count / 5 + 2 / 5 * share[one])


def test_a_state_that_is_never_left_ends_no_program():
    sampler = ChainSampler(estimate([A, *[B] * 200], *[[B] * 200] * 20))
    chains = [sampler.chain(0, number) for number in range(50)]
    assert {len(chain) for chain in chains} <= {200, 201}
    assert ChainSampler(estimate([B, B]), switching=1).chain(0, 0) == (B, B)


def test_a_state_that_only_ever_ends_can_be_followed():
    sampler = ChainSampler(estimate([A, B], [C, C, C, C]))
    chains = [sampler.chain(0, number) for number in range(200)]
    assert any(before == B for chain in chains for before, _ in pairwise(chain))


def test_logs_without_a_labelled_first_turn_begin_with_what_is_frequent():
    sampler = ChainSampler(estimate(*[[NONE, A, A, A, B]] * 5))
    firsts = Counter(sampler.chain(0, number)[0] for number in range(400))
    assert firsts[A] / 400 == pytest.approx(0.75, abs=0.1)


def test_many_chains_have_the_lengths_and_the_transitions_of_their_source():
    statistics = estimate(*[[A, A, B]] * 30, *[[B, C]] * 50, *[[C]] * 20)
    sampler, count = ChainSampler(statistics), 5000
    chains = [sampler.chain(0, number) for number in range(count)]
    lengths = Counter(map(len, chains))
    for length, part in {1: 0.2, 2: 0.5, 3: 0.3}.items():
        assert lengths[length] / count == pytest.approx(part, abs=0.03)
    for place, state in enumerate(sampler.states):
        after = [two for chain in chains for one, two in pairwise(chain) if one == state]
        share = after.count(sampler.states[place]) / len(after)
        assert share == pytest.approx(sampler.row(state)[place], abs=0.06)


def test_a_uniform_chain_draws_every_state_alike():
    sampler = UniformSampler(estimate(*[[A, A, A, A, A, B]] * 20, [C]))
    drawn = Counter(state for number in range(600) for state in sampler.chain(0, number))
    assert all(count / drawn.total() == pytest.approx(1 / 3, abs=0.05) for count in drawn.values())


def test_log_likelihood_is_the_mean_over_transitions():
    sampler = ChainSampler(estimate([A, A, B], [B, C]))
    index = {state: place for place, state in enumerate(sampler.states)}
    logs_of = [math.log(sampler.row(one)[index[two]]) for one, two in [(A, B), (B, C)]]
    assert sampler.log_likelihood((A, B, C)) == pytest.approx(sum(logs_of) / 2)
    assert sampler.log_likelihood((A,)) == 0


def test_log_likelihood_of_states_that_the_logs_do_not_show_is_low_and_finite():
    sampler, unseen = ChainSampler(estimate([A, A, B])), ("STAY", "THANK")
    assert sampler.log_likelihood((A, unseen)) == pytest.approx(math.log(1 / 4))
    assert math.isfinite(sampler.log_likelihood((unseen, A, unseen, unseen)))
    assert math.isfinite(ChainSampler(estimate([A, B]), switching=0).log_likelihood((A, B)))


def test_switching_out_of_its_range_is_refused():
    with pytest.raises(GenerationError, match="from 0 to 1"):
        ChainSampler(estimate([A]), switching=1.5)
    with pytest.raises(GenerationError, match="from 0 to 1"):
        ChainSampler(estimate([A]), switching=float("nan"))


def test_more_states_than_rows_fit_are_refused():
    many = [[("TRIP", f"INTENT {number}")] for number in range(5001)]
    with pytest.raises(GenerationError, match="5,001 states"):
        ChainSampler(estimate(*many))
