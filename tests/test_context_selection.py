"""Selective concatenation: which turns can be chosen, and what a choice looks like."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.context_selection import (
    FEATURES,
    Selector,
    candidate_features,
    candidates,
    select_text,
)
from turnwise.conversations import ContextWindow, Conversation, Example, Turn
from turnwise.errors import BundleError

TURNS = (
    Turn("agent", "welcome"),
    Turn("customer", "my bike is broken"),
    Turn("agent", "which one?"),
    Turn("customer", "the red one"),
    Turn("bot", "one moment"),
    Turn("customer", "is the bike ready?"),
)
LAST = Example(Conversation("c", TURNS), 5)
BOTH = ContextWindow("both", 6, 64)
CUSTOMER = ContextWindow("customer", 6, 64)

words = st.lists(st.sampled_from(["bike", "red", "?", "12", "自転車", "ready"]), max_size=8)
turns = st.lists(
    st.builds(Turn, st.sampled_from(["customer", "agent", "bot"]), words.map(" ".join)),
    max_size=9,
)


def tokens(text: str) -> int:
    return len(text.split())


def taking(**weights: float) -> Selector:
    return Selector(tuple(weights.get(name, 0.0) for name in FEATURES))


def test_candidates_are_the_earlier_turns_nearest_first():
    assert candidates(LAST, BOTH) == [4, 3, 2, 1, 0]
    assert candidates(LAST, CUSTOMER) == [3, 1]


def test_candidates_keep_to_the_window():
    assert candidates(LAST, ContextWindow("both", 2)) == [4, 3]
    assert candidates(LAST, ContextWindow("both", 0)) == []
    assert candidates(LAST, ContextWindow("single")) == []


def test_the_chosen_turn_stands_before_the_current_one_in_the_form_of_the_window():
    opening = taking(opening=1)
    assert select_text(LAST, BOTH, opening, tokens) == (
        "customer: my bike is broken\ncustomer: is the bike ready?"
    )
    assert select_text(LAST, CUSTOMER, opening, tokens) == "my bike is broken, is the bike ready?"


def test_where_nothing_scores_above_0_the_turn_stands_alone():
    for selector in (taking(), taking(bias=-1)):
        assert selector.choose(LAST, BOTH) is None
        assert select_text(LAST, BOTH, selector, tokens) == "customer: is the bike ready?"
        assert select_text(LAST, CUSTOMER, selector, tokens) == "is the bike ready?"


def test_a_single_window_gives_nothing_whatever_the_selector_wants():
    single = ContextWindow("single")
    assert taking(bias=9).choose(LAST, single) is None
    assert select_text(LAST, single, taking(bias=9), tokens) == "is the bike ready?"


def test_of_equal_scores_the_nearest_turn_is_taken():
    assert taking(bias=1).choose(LAST, BOTH) == 4
    assert taking(bias=1).choose(LAST, CUSTOMER) == 3


def test_a_long_turn_is_cut_at_its_far_end_and_the_current_one_stays_whole():
    narrow = ContextWindow("customer", 6, 6)
    opening = taking(opening=1)
    assert select_text(LAST, narrow, opening, tokens) == "is broken, is the bike ready?"
    full = ContextWindow("customer", 6, 2)
    assert select_text(LAST, full, opening, tokens) == "is the bike ready?"


def test_features_tell_what_their_names_say():
    found = dict(
        zip(candidates(LAST, BOTH), candidate_features(LAST, [4, 3, 2, 1, 0]), strict=True)
    )
    named = {at: dict(zip(FEATURES, row, strict=True)) for at, row in found.items()}
    assert [at for at in named if named[at]["opening"]] == [1]
    assert [at for at in named if named[at]["customer"]] == [3, 1]
    assert [at for at in named if named[at]["previous"]] == [4]
    assert [at for at in named if named[at]["asks"]] == [2]
    assert named[1]["known"] == 0.5  # is, bike of is, the, bike, ready
    assert named[1]["covered"] == 0.5
    assert named[1]["own"] == 1
    assert named[3]["own"] == pytest.approx(2 / 3)  # two others say "one"
    assert named[0]["new"] == 0.25  # ready
    assert named[0]["asked"] == 1


def test_words_of_writing_without_spaces_are_seen():
    told = (Turn("customer", "私の自転車"), Turn("agent", "はい"), Turn("customer", "自転車は"))
    row = candidate_features(Example(Conversation("c", told), 2), [0])[0]
    assert row[FEATURES.index("known")] == 0.75


@given(turns, words.map(" ".join))
def test_features_are_small_numbers_for_every_conversation(before, text):
    example = Example(Conversation("c", (*before, Turn("customer", text))), len(before))
    places = candidates(example, BOTH)
    found = candidate_features(example, places)
    assert found.shape == (len(places), len(FEATURES))
    assert np.isfinite(found).all()
    assert (np.abs(found) <= 3).all()


@given(turns, words.map(" ".join))
def test_what_follows_the_turn_is_not_looked_at(before, text):
    now = (*before, Turn("customer", text))
    seen = Example(Conversation("c", now), len(before))
    later = Example(Conversation("c", (*now, Turn("agent", "the red bike"))), len(before))
    places = candidates(seen, BOTH)
    assert candidates(later, BOTH) == places
    assert np.array_equal(candidate_features(later, places), candidate_features(seen, places))


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_a_selector_comes_back_from_json_as_it_was(weights):
    selector = Selector(tuple(weights))
    assert Selector.from_dict(json.loads(json.dumps(selector.to_dict()))) == selector


def test_a_selector_of_other_features_or_no_numbers_is_refused():
    said = taking(bias=1).to_dict()
    with pytest.raises(BundleError, match="mood"):
        Selector.from_dict({**said, "mood": 1.0})
    with pytest.raises(BundleError, match="other features"):
        Selector.from_dict({})
    for wrong in ("1", True, math.nan, None):
        with pytest.raises(BundleError, match="bias"):
            Selector.from_dict({**said, "bias": wrong})
