"""Lengths, first states and transitions are counted as the logs show them."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.generation.chains.labelled_logs import (
    DIMENSIONS,
    LOGS,
    NONE,
    A,
    B,
    C,
    labelled,
    logs,
)
from turnwise.errors import GenerationError
from turnwise.generation.chains import estimate_chains


def estimate(*conversations, market=""):
    return estimate_chains(logs(*conversations, market=market), DIMENSIONS, intent="intent")


def test_lengths_first_states_and_transitions_are_counted():
    found = estimate([A, A, B], [A, B], [C]).together
    assert found.lengths == {1: 1, 2: 1, 3: 1}
    assert found.first == {A: 2, C: 1}
    assert found.states == {A: 3, B: 2, C: 1}
    assert found.transitions == {A: {A: 1, B: 2}}
    assert found.openings == {(A, A, B): 1, (A, B): 1, (C,): 1}
    assert found.followed == 3
    assert found.switching == pytest.approx(2 / 3)


def test_a_turn_without_labels_counts_in_the_length_and_in_no_transition():
    found = estimate([A, NONE, B, C]).together
    assert found.lengths == {4: 1}
    assert found.unlabelled == 1
    assert found.transitions == {B: {C: 1}}


def test_a_turn_without_an_intent_is_passed_over():
    found = estimate([A, ("STAY", ""), B], [A, ("", "BOOK")]).together
    assert found.unlabelled == 1
    assert found.transitions == {A: {("", "BOOK"): 1}}


def test_an_agents_turn_stands_between_no_states():
    assert estimate([A, B]).together.transitions == {A: {B: 1}}


def test_a_conversation_without_labels_is_not_counted():
    found = estimate([NONE, NONE], [A]).together
    assert found.conversations == 1
    assert found.lengths == {1: 1}


def test_labels_of_other_dimensions_are_passed_over():
    given = [labelled([("TRIP", "ASK", "sad")], dimensions=(*DIMENSIONS, "mood"))]
    found = estimate_chains(given, DIMENSIONS, intent="intent")
    assert found.together.states == {A: 1}


def test_each_market_is_counted_apart_and_all_of_them_together():
    both = [*logs([A, B], market="de"), *logs([C], market="at"), *logs([C, C])]
    found = estimate_chains(both, DIMENSIONS, intent="intent")
    assert list(found.markets) == ["at", "de"]
    assert found.counts("de").transitions == {A: {B: 1}}
    assert found.counts().conversations == 3


def test_an_unknown_market_is_refused_with_the_known_ones():
    with pytest.raises(GenerationError, match=r"market 'fr'\. Of: de"):
        estimate([A], market="de").counts("fr")


def test_logs_without_labels_are_refused():
    with pytest.raises(GenerationError, match="no customer turn is labelled"):
        estimate([NONE])
    with pytest.raises(GenerationError, match="no customer turn is labelled"):
        estimate_chains([], DIMENSIONS, intent=None)


def test_an_intent_that_is_no_dimension_is_refused():
    with pytest.raises(GenerationError, match="no dimension 'topic'"):
        estimate_chains(logs([A]), DIMENSIONS, intent="topic")


def test_one_conversation_works_and_is_said_to_be_little():
    assert "One conversation alone" in estimate([A, B]).notes[0]


def test_few_conversations_are_said_to_be_few():
    assert "Only 2 conversations" in estimate([A], [A, B]).notes[0]
    few = estimate_chains(logs(*[[A]] * 40, market="de"), DIMENSIONS, intent=None)
    assert not any("Only" in note for note in few.notes)


def test_states_that_are_never_left_are_named():
    found = estimate([A, B, B], [C, A])
    assert found.together.absorbing == (B,)
    assert any("TRIP · BOOK" in note for note in found.notes)


@given(LOGS)
def test_no_turn_is_lost(conversations):
    found = estimate(*conversations).together
    counted = [states for states in conversations if any(map(any, states))]
    turns = sum(map(len, counted))
    assert sum(length * count for length, count in found.lengths.items()) == turns
    assert sum(found.states.values()) + found.unlabelled == turns
    assert sum(found.openings.values()) == found.conversations == len(counted)
    assert {*found.first, *found.transitions} <= {*found.states}
