from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.context_arrays import NO_TURN, ROLE_CODES, context_arrays
from turnwise.context_selection import FEATURES, Selector
from turnwise.conversations import (
    ContextWindow,
    Conversation,
    Example,
    Turn,
    context_turns,
    examples,
)

roles = st.sampled_from(["customer", "agent", "bot"])
turns = st.lists(st.builds(Turn, roles, st.text("ab ", max_size=12)), max_size=9)
windows = st.builds(
    ContextWindow,
    st.sampled_from(["single", "customer", "both"]),
    st.integers(0, 5),
    st.integers(1, 12),
)


def words(text: str) -> int:
    return len(text.split())


@given(turns, windows)
def test_the_arrays_hold_the_window_nearest_turn_first(said, window):
    found = list(examples(Conversation("c", tuple(said))))
    arrays = context_arrays(found, window, words)
    assert len(set(arrays.texts)) == len(arrays.texts)
    for row, example in enumerate(found):
        wanted = [example.turn, *reversed(context_turns(example, window, words))]
        there = np.flatnonzero(arrays.roles[row] != NO_TURN)
        assert there.tolist() == list(range(len(wanted)))
        for column, turn in zip(there, wanted, strict=True):
            assert arrays.roles[row, column] == ROLE_CODES[turn.role]
            text = arrays.texts[arrays.turns[row, column]]
            assert " ".join(text.split()).endswith(" ".join(turn.text.split()))


def test_a_turn_that_does_not_fit_is_taken_whole():
    said = (Turn("agent", "one two three four"), Turn("customer", "yes"))
    window = ContextWindow("both", max_turns=3, max_tokens=3)
    arrays = context_arrays([Example(Conversation("c", said), 1)], window, words)
    assert arrays.texts == ("yes", "one two three four")


def test_no_examples_make_empty_arrays():
    arrays = context_arrays([], ContextWindow(max_turns=4), words)
    assert (arrays.texts, arrays.turns.shape) == ((), (0, 5))


PIECES = re.compile(r"\w+|[^\w\s]|\n")  # as tokenizers of bytes count: a line break is a token

said_lines = st.lists(
    st.builds(Turn, roles, st.lists(st.sampled_from(("a", "bc", "d.")), max_size=4).map(" ".join)),
    min_size=3,
    max_size=8,
)
joined_windows = st.builds(
    ContextWindow,
    st.sampled_from(["single", "customer", "both"]),
    st.integers(1, 5),
    st.sampled_from([1, 3, 5, 6, 7, 8, 9, 11, 14, 20]),
    st.sampled_from(["text", "select"]),
)
NEAREST = Selector(tuple(float(name == "nearness") for name in FEATURES))


def pieces(text: str) -> int:
    return len(PIECES.findall(text))


@given(said_lines, joined_windows)
def test_a_joined_text_keeps_within_the_tokens_and_ends_with_the_whole_turn(said, window):
    found = list(examples(Conversation("c", tuple(said))))
    arrays = context_arrays(found, window, pieces, NEAREST)
    alone = context_arrays(found, replace(window, max_turns=0), pieces, NEAREST)
    for row, example in enumerate(found):
        text = arrays.texts[arrays.turns[row, 0]]
        least = alone.texts[alone.turns[row, 0]]
        assert text.endswith(least)
        assert least.endswith(example.text)
        assert text == least or pieces(text) <= window.max_tokens
    assert arrays.turns.shape == (len(found), 2)
    assert (arrays.roles == [ROLE_CODES["customer"], NO_TURN]).all()


def test_joined_turns_stand_oldest_first_behind_their_roles():
    said = (Turn("customer", "one"), Turn("agent", "two"), Turn("customer", "three"))
    window = ContextWindow("both", join="text")
    arrays = context_arrays([Example(Conversation("c", said), 2)], window, pieces)
    assert arrays.texts == ("customer: one\nagent: two\ncustomer: three",)
    customer = replace(window, kind="customer")
    arrays = context_arrays([Example(Conversation("c", said), 2)], customer, pieces)
    assert arrays.texts == ("one, three",)


def test_a_turn_longer_than_the_window_stands_alone():
    said = (Turn("customer", "before"), Turn("agent", "well"), Turn("customer", "a b c d e f"))
    window = ContextWindow("customer", max_tokens=3, join="text")
    arrays = context_arrays([Example(Conversation("c", said), 2)], window, pieces)
    assert arrays.texts == ("a b c d e f",)


@pytest.mark.parametrize("selector", [None, Selector((0.0,) * len(FEATURES))])
def test_where_nothing_is_selected_the_turn_stands_alone(selector):
    said = (Turn("customer", "one"), Turn("agent", "two"), Turn("customer", "three"))
    window = ContextWindow("both", join="select")
    arrays = context_arrays([Example(Conversation("c", said), 2)], window, pieces, selector)
    assert arrays.texts == ("customer: three",)


def test_the_one_selected_turn_is_put_before_the_current_one():
    said = (Turn("customer", "one"), Turn("agent", "two"), Turn("customer", "three"))
    window = ContextWindow("both", join="select")
    arrays = context_arrays([Example(Conversation("c", said), 2)], window, pieces, NEAREST)
    assert arrays.texts == ("agent: two\ncustomer: three",)
