"""What is sent is what was said, as the server reads it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.client import InvalidRequestError, calls
from turnwise.client.answers import CandidateAnswer, QuestionAnswer, StateAnswer
from turnwise.serving.http.parsing import read_classify, read_decide, state_of

ROLES = st.sampled_from(["customer", "agent", "bot"])
MESSAGES = st.lists(st.fixed_dictionaries({"role": ROLES, "content": st.text()}), max_size=8).map(
    lambda before: [*before, {"role": "customer", "content": "and now?"}]
)
NAME = st.text(min_size=1, max_size=20)
CANDIDATES = st.lists(st.builds(CandidateAnswer, NAME, st.floats(0, 1)), max_size=3).map(tuple)
QUESTIONS = st.lists(st.builds(QuestionAnswer, st.text(), NAME, CANDIDATES), max_size=3).map(tuple)
STATES = st.builds(
    StateAnswer,
    QUESTIONS,
    st.booleans(),
    st.dictionaries(NAME, CANDIDATES, max_size=3),
    st.integers(0, 99),
)
HALVES = st.characters(categories=["Cs"])


@given(MESSAGES)
def test_any_text_comes_through_as_it_is(messages):
    (read,) = read_classify(calls.classify({"messages": messages}).body).conversations
    assert [{"role": one.role, "content": one.content} for one in read.messages] == messages


@given(MESSAGES, STATES)
def test_a_state_comes_back_as_it_was_given(messages, state):
    body = calls.decide({"messages": messages, "state": state}).body
    (read,) = read_decide(body).conversations
    back = state_of(read.state)
    assert [one.text for one in back.asked] == [one.text for one in state.asked]
    assert (back.open, back.unsettled) == (state.open, state.unsettled)
    assert back.before == {
        name: tuple((one.label, one.probability) for one in ranked)
        for name, ranked in state.before.items()
    }


@given(MESSAGES, st.text(), HALVES, st.data())
def test_half_a_surrogate_pair_is_refused_with_its_place(messages, text, half, data):
    place = data.draw(st.integers(0, len(messages) - 1))
    messages[place]["content"] = text + half
    with pytest.raises(InvalidRequestError, match="surrogate") as raised:
        calls.decide({"messages": messages})
    assert raised.value.field == f"messages.{place}.content"
    assert raised.value.status == 0
    with pytest.raises(InvalidRequestError) as raised:
        list(calls.decide_many([{"messages": []}, {"messages": messages}]))
    assert raised.value.field == f"conversations.1.messages.{place}.content"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"text", {1, 2}])
def test_what_json_can_not_hold_is_refused(value):
    with pytest.raises(InvalidRequestError, match="JSON"):
        calls.feedback("c1", {"duration": value})


def test_fields_of_feedback_that_are_not_said_are_not_sent():
    said = {"resolved": False, "rating": None, "turn": 0, "corrected": {"intent": "CANCEL"}}
    sent = json.loads(calls.feedback("c1", said).body)
    assert sent == {
        "conversation_id": "c1",
        "resolved": False,
        "turn": 0,
        "corrected": {"intent": "CANCEL"},
    }


@given(st.lists(st.sampled_from([0, 10, 5000, 400_000]), max_size=600))
@settings(max_examples=20, deadline=None)
def test_a_batch_is_cut_into_requests_that_a_server_takes_and_none_is_lost(lengths):
    many = [
        {"messages": [{"role": "customer", "content": f"{place} {'x' * length}"}]}
        for place, length in enumerate(lengths)
    ]
    sent = []
    for call in calls.classify_many(many):
        held = json.loads(call.body)["conversations"]
        assert call.first == len(sent)
        assert 1 <= len(held) <= 256
        assert len(call.body) <= 1_000_000
        sent += held
    assert sent == many
