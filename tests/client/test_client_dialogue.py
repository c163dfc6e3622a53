"""A conversation that keeps its messages and its state."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import pytest

from turnwise.client import AsyncClient, Client, UnavailableError
from turnwise.client.dialogue import NEW


def test_a_question_is_added_as_the_bots_and_its_reply_is_read_with_it(client):
    talk = client.conversation("d1", locale="en")
    first = talk.customer("I want to cancel")
    assert first.kind == "clarify"
    assert talk.messages == [
        {"role": "customer", "content": "I want to cancel"},
        {"role": "bot", "content": first.question.text},
    ]
    assert talk.state == first.state
    assert talk.state.open
    second = talk.customer("the first one")
    assert second.turn == 2
    texts = [one.text for one in second.state.asked]
    assert texts[0] == first.question.text
    assert len(set(texts)) == len(texts), "nothing is asked twice"


def test_it_decides_as_messages_and_state_do_by_themselves(client):
    talk = client.conversation("d2")
    talk.customer("it does not work")
    talk.agent("what does not?")
    talk.bot("(the customer is on the app)")
    before = talk.state
    made = talk.customer("the video")
    messages = talk.messages if made.question is None else talk.messages[:-1]
    again = client.decide(messages, conversation_id="d2", state=before)
    assert (again.kind, again.labels, again.state) == (made.kind, made.labels, made.state)


def test_a_turn_that_goes_on_is_decided_in_the_state_before_it(scripted, client):
    answer = client.conversation("d3").customer("hm")
    plain = {"error": {"code": "internal", "message": "a fault", "field": None}}
    told = json.loads(json.dumps(asdict(answer)))
    told["question"] = None
    told["state"] = {"asked": [], "open": False, "before": {}, "unsettled": 1}
    for _ in range(2):
        scripted.will(200, told)
    scripted.will(500, plain).will(200, told)
    with Client(scripted.address) as other:
        talk = other.conversation("d3")
        talk.customer("my parcel")
        talk.customer("is late")
        with pytest.raises(Exception, match="a fault"):
            talk.customer("by a week")
        assert [one["content"] for one in talk.messages] == ["my parcel", "is late"]
        talk.agent("which one?")
        talk.customer("the blue one")
    sent = [json.loads(one.body) for one in scripted.asked]
    new = {"asked": [], "open": False, "before": {}, "unsettled": 0}
    assert [one["state"] for one in sent] == [new, new, new, told["state"]]
    assert [one["role"] for one in sent[3]["messages"]] == [
        "customer",
        "customer",
        "agent",
        "customer",
    ]


def test_a_call_that_failed_changes_nothing_and_can_be_repeated():
    with Client("http://127.0.0.1:1", retries=0) as client:
        talk = client.conversation("d4")
        talk.bot("how can I help?")
        with pytest.raises(UnavailableError):
            talk.customer("hello")
    assert talk.messages == [{"role": "bot", "content": "how can I help?"}]
    assert talk.state == NEW


def test_an_awaited_conversation_goes_the_same_way(service, address, client):
    async def told() -> list[tuple[str, str]]:
        async with AsyncClient(address, service.key) as other:
            talk = other.conversation("d5")
            for text in texts:
                await talk.customer(text)
            return [(one["role"], one["content"]) for one in talk.messages]

    texts = ("I want to cancel", "the second one")
    talk = client.conversation("d6")
    for text in texts:
        talk.customer(text)
    assert asyncio.run(told()) == [(one["role"], one["content"]) for one in talk.messages]


def test_an_id_that_was_used_before_begins_anew(client):
    first = client.conversation("d7").customer("I want to cancel")
    again = client.conversation("d7")
    again.agent("hello")  # so that its turn comes after the one that was kept
    assert [one.text for one in first.state.asked]
    assert len(again.customer("I want to cancel").state.asked) == 1
