"""The client and a real server, waiting and not waiting."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.client.scripted import Scripted
from tests.serving.http.server_process import running, stopped
from turnwise.client import (
    AsyncClient,
    BusyError,
    Client,
    InvalidRequestError,
    UnauthorizedError,
    UnavailableError,
)
from turnwise.client.connecting import KEY
from turnwise.serving.http import add_key

TALK = [
    {"role": "customer", "content": "hello"},
    {"role": "agent", "content": "how can I help?"},
    {"role": "customer", "content": "I want to cancel my music subscription"},
]
# Seconds of work for one thread.
LONG = [{"role": "customer", "content": "where is my parcel " * 100}] * 30


def said(text: str) -> list:
    return [{"role": "customer", "content": text}]


def test_a_conversation_is_labelled_and_decided_on(client):
    labelled = client.classify(TALK, conversation_id="a", locale="en")
    assert (labelled.conversation_id, labelled.turn, labelled.message) == ("a", 2, 2)
    assert set(labelled.labels) == {"domain", "intent", "issue"}
    decided = client.decide(TALK)
    assert decided.conversation_id is None
    assert decided.labels["intent"].candidates[0].label == labelled.labels["intent"].label
    assert [one.rule for one in decided.trace]


def test_what_a_service_says_of_itself(client):
    (bundle,) = client.bundles().bundles
    taxonomy = client.taxonomy()
    assert (bundle.serving, bundle.taxonomy) == (True, taxonomy.name)
    assert set(taxonomy.dimensions) == set(bundle.dimensions)
    assert taxonomy.dimensions["intent"].labels[0].name
    assert client.healthy()
    assert client.ready()


def test_more_than_a_batch_is_answered_in_order(client):
    texts = [f"{number} parcels are missing" for number in range(300)]
    many = [{"messages": said(text), "conversation_id": text} for text in texts]
    assert [one.conversation_id for one in client.classify_many(many)] == texts
    assert [one.conversation_id for one in client.decide_many(many[:3])] == texts[:3]
    assert client.decide_many([]) == []


def test_a_field_that_is_wrong_is_named_as_the_caller_counts(client):
    with pytest.raises(InvalidRequestError) as raised:
        client.classify([{"role": "boss", "content": "x"}])
    assert (raised.value.status, raised.value.field) == (422, "messages.0.role")
    assert raised.value.request_id
    assert raised.value.request_id in str(raised.value)
    with pytest.raises(InvalidRequestError) as raised:
        client.classify_many([{"messages": said("hi")}] * 257 + [{"messages": []}])
    assert raised.value.field == "conversations.257.messages"


def test_the_key_is_taken_from_the_environment_and_told_nowhere(
    service, address, monkeypatch, tmp_path
):
    monkeypatch.setenv(KEY, f" {service.key}\n")
    with Client(address) as client:
        assert client.classify(TALK)
        assert service.key not in repr(client._to)
    other = add_key(tmp_path / "keys.json", "elsewhere", ["decide"])
    for key in (other, ""):
        with Client(address, key) as client, pytest.raises(UnauthorizedError) as raised:
            client.decide(TALK)
        assert (raised.value.status, raised.value.code) == (401, "unauthorized")
        assert KEY in str(raised.value)
        assert other not in str(raised.value)


def test_a_key_of_another_scope_is_refused(bundle_folder, tmp_path):
    key = add_key(tmp_path / "keys.json", "labels", ["classify"])
    with (
        running(tmp_path, bundle_folder, keys=str(tmp_path / "keys.json")) as server,
        Client(f"http://127.0.0.1:{server.port}", key) as client,
    ):
        assert client.classify(TALK)
        with pytest.raises(UnauthorizedError, match="scope decide") as raised:
            client.decide(TALK)
        assert raised.value.status == 403


def test_a_server_that_is_full_is_busy_and_says_when_to_come_again(bundle_folder, tmp_path):
    settings = {"no_keys": True, "threads": 1, "waiting": 0}
    with (
        running(tmp_path, bundle_folder, **settings) as server,
        Client(f"http://127.0.0.1:{server.port}", retries=0, timeout=60) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        batch = pool.submit(client.classify_many, [{"messages": LONG}] * 16)
        while client.ready():
            pass
        with pytest.raises(BusyError) as raised:
            client.decide(TALK)
        assert (raised.value.status, raised.value.code) == (503, "overloaded")
        assert raised.value.retry_after >= 1
        assert len(batch.result()) == 16


def test_a_server_may_go_away_and_come_back(bundle_folder, tmp_path):
    with running(tmp_path, bundle_folder, no_keys=True) as server:
        client = Client(f"http://127.0.0.1:{server.port}", retries=1)
        assert client.decide(TALK)
        stopped(server)
        assert not client.healthy()
        assert not client.ready()
        with pytest.raises(UnavailableError, match="running there") as raised:
            client.decide(TALK)
        assert (raised.value.status, raised.value.field) == (0, None)
    with running(tmp_path, bundle_folder, no_keys=True, port=server.port), client:
        assert client.decide(TALK), "its connection of before is dead, and replaced"


def test_32_at_once_get_each_their_own_answer(service, address):
    async def ask() -> None:
        async with AsyncClient(address, service.key) as client:
            names = [f"c{number}" for number in range(32)]
            got = await asyncio.gather(
                *(client.decide(said(f"{name} is late"), conversation_id=name) for name in names)
            )
            assert [one.conversation_id for one in got] == names
            assert len(await client.classify_many([{"messages": TALK}] * 3)) == 3
            assert (await client.bundles()).bundles[0].serving
            assert (await client.taxonomy()).name
            assert await client.healthy()
            assert await client.ready()
            with pytest.raises(InvalidRequestError):
                await client.decide([])

    asyncio.run(ask())


def test_feedback_is_sent_as_it_is_said(scripted: Scripted):
    scripted.will(202, {"accepted": 1})
    with Client(scripted.address) as client:
        client.feedback("c1", resolved=True, rating="good", duration=61.5)
    (asked,) = scripted.asked
    assert asked.line == "POST /v1/feedback HTTP/1.1"
    assert asked.body == b'{"conversation_id":"c1","resolved":true,"rating":"good","duration":61.5}'


def test_a_server_takes_every_field_of_feedback(client):
    answer = client.decide(TALK, conversation_id="told")
    client.feedback(
        "told",
        finished=True,
        resolved=True,
        rating="good",
        hand_off=False,
        misrouted=False,
        duration=12.0,
        turn=answer.turn,
        corrected={"intent": answer.labels["intent"].label},
    )
    for said in ({"rating": "soso"}, {}, {"corrected": {"intent": "NO_SUCH_LABEL"}}):
        with pytest.raises(InvalidRequestError):
            client.feedback("told", **said)
