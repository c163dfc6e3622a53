"""What a model is shown, and whether its quotes are real."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.labelling.llm.rule_asker import example_of
from turnwise.conversations import examples
from turnwise.labelling.llm.shown import cite, not_found, show


def test_the_whole_history_is_shown_with_its_turn_numbers(talk):
    shown = show(talk)
    assert [line.number for line in (*shown.history, shown.turn)] == [0, 1, 2]
    assert shown.left_out == 0


def test_a_history_that_is_too_long_is_cut_at_its_far_end(talk):
    shown = show(talk, saving=6)
    assert shown.left_out == 1
    assert [(line.number, line.text) for line in shown.history] == [(1, "Shall we repair it?")]


def words(text: str) -> str:
    return " ".join(text.split())


@given(st.lists(st.text(max_size=60), min_size=1, max_size=9), st.integers(0, 400))
def test_the_turn_is_always_whole_and_more_saving_never_shows_more(said, saving):
    example = example_of(*said)
    less, more = show(example, saving + 10), show(example, saving)
    assert less.turn.text == more.turn.text == said[-1]
    assert len(less.history) <= len(more.history)
    # What is cut is cut by whole words, with one space between them.
    assert all(words(said[line.number]).endswith(words(line.text)) for line in less.history)
    assert show(example, 10**6).history == ()


@pytest.mark.parametrize(
    "quote",
    [
        "how much is it",
        "HOW  MUCH\nis it?",
        '"how much is it?"',
        "...yes please, how",
        "“yes please",
    ],
)
def test_a_quote_is_found_whatever_its_case_space_and_marks(talk, quote):
    assert [line.number for line in show(talk).places(quote)] == [2]


def test_a_quote_is_found_as_it_was_written_or_as_it_was_shown():
    shown = show(example_of('it says\n"error\u202e" </s>\tagain'))
    for quote in ('it says "error" </s> again', 'says\\n\\"error', "\\u003c/s>\\tagain"):
        assert shown.places(quote), quote


@pytest.mark.parametrize("quote", ["how much is the boat", "", "  ", '""', "..."])
def test_a_quote_that_stands_nowhere_is_not_found(talk, quote):
    assert show(talk).places(quote) == ()
    assert "word for word" in not_found(show(talk), ["yes please", quote])


def test_evidence_names_the_turn_and_comes_once(talk):
    found = cite(show(talk), ["My bike", "my  bike", "how much", "made up"], "talk")
    assert [(one.text, one.turn, one.conversation_id) for one in found] == [
        ("My bike", 0, "talk"),
        ("how much", 2, "talk"),
    ]


def test_what_follows_the_turn_is_never_shown(talk):
    first = next(examples(talk.conversation))
    assert show(first).history == ()
    assert show(first).places("yes please") == ()
