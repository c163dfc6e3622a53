from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnwise.context_arrays import NO_TURN, ROLE_CODES, context_arrays
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
