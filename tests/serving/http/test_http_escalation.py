"""Asking somebody else, while the server goes on: slow, away, at fault, or too many at once."""

from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest
from server_process import ASKING

from turnwise.bundle import Bundle
from turnwise.serving import EscalationError, Policy, PolicyConfig, Settled, Verdict
from turnwise.serving.http import ServerConfig, make_app
from turnwise.serving.http.bundles import Bundles

TALK = {"messages": [{"role": "customer", "content": "it does not work"}]}
SECONDS = 0.3


@pytest.fixture(scope="module")
def bundle(bundle_folder) -> Bundle:
    return Bundle.load(bundle_folder, threads=1)


class Oracle:
    """Settles everything by the second candidate, for money; `before` may wait or fail."""

    name = "oracle"
    waits = True

    def __init__(self, before=lambda: None):
        self.before = before

    def settle(self, doubt, seconds):
        self.before()
        verdicts = {
            name: Verdict(ranked[1][0], 0.9, True) for name, ranked in doubt.candidates.items()
        }
        return Settled(verdicts, self.name, 0.25)


def app_of(bundle, oracle, **settings):
    asking = PolicyConfig(**ASKING, order=("accept", "escalate"), seconds=SECONDS)
    config = ServerConfig(bundle.folder, no_keys=True, threads=1, **settings)
    policy = Policy(bundle, asking, oracle)
    return make_app(Bundles.alone(policy), lambda _: policy, config)


async def ask(app, method, path, body=None):
    """Status, headers and body of a request to an application in this process."""
    sent = json.dumps(body).encode() if body is not None else b""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
    }
    got = []

    async def receive():
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message):
        got.append(message)

    await app(scope, receive, send)
    return got[0]["status"], b"".join(one.get("body", b"") for one in got[1:])


async def decide(app, body=TALK):
    status, answer = await ask(app, "POST", "/v1/decide", body)
    assert status == 200, answer
    return json.loads(answer)


async def counted(app, line: str) -> float:
    _, page = await ask(app, "GET", "/metrics")
    lines = [one for one in page.decode().splitlines() if one.startswith(line + " ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def test_whoever_is_asked_settles_it_and_is_paid_for(bundle):
    async def story():
        app = app_of(bundle, Oracle())
        answer = await decide(app)
        assert (answer["kind"], answer["sure"]) == ("escalate", True)
        for label in answer["labels"].values():
            assert (label["by"], label["label"]) == ("oracle", label["candidates"][1]["label"])
        assert set(answer["milliseconds"]) == {"model", "rules", "escalation"}
        batch = await decide(app, {"conversations": [TALK] * 5})
        assert [one["kind"] for one in batch["results"]] == ["escalate"] * 5
        name = 'turnwise_escalations_total{by="oracle",outcome="settled"}'
        assert await counted(app, name) == 6
        assert await counted(app, 'turnwise_escalation_money_total{by="oracle"}') == 1.5

    asyncio.run(story())


def test_one_who_is_late_is_not_waited_for_and_holds_up_no_model_call(bundle):
    wait = threading.Event()

    async def story():
        app = app_of(bundle, Oracle(wait.wait))
        slow = asyncio.create_task(decide(app))
        await asyncio.sleep(0.05)
        status, _ = await ask(app, "POST", "/v1/classify", TALK)
        assert status == 200
        assert not slow.done(), "the model answered while somebody else was still asked"
        answer = await slow
        assert not answer["sure"]
        assert f"did not answer within {SECONDS:g} s" in answer["note"]
        assert {one["by"] for one in answer["labels"].values()} == {"model"}
        late = 'turnwise_escalations_total{by="oracle",outcome="late"}'
        assert await counted(app, late) == 1
        wait.set()
        while await counted(app, 'turnwise_escalation_money_total{by="oracle"}') == 0:
            await asyncio.sleep(0.01)  # what came late was paid for all the same

    asyncio.run(story())


def test_more_than_can_be_asked_get_the_models_answer_at_once(bundle):
    wait = threading.Event()

    async def story():
        app = app_of(bundle, Oracle(wait.wait), escalations=1)
        answers = await asyncio.gather(*(decide(app) for _ in range(6)))
        notes = [one["note"] for one in answers]
        assert sum("too much is waiting for oracle" in one for one in notes) == 4
        assert not any(one["sure"] for one in answers)
        away = 'turnwise_escalations_total{by="oracle",outcome="turned_away"}'
        assert await counted(app, away) == 4
        wait.set()

    asyncio.run(story())


def fails(error):
    def fail():
        raise error

    return fail


def test_one_who_is_away_or_at_fault_costs_no_answer(bundle, caplog):
    async def story():
        for error, note in (
            (EscalationError("oracle rests"), "oracle rests"),
            (KeyError("what the customer wrote"), "oracle failed"),
        ):
            app = app_of(bundle, Oracle(fails(error)))
            answer = await decide(app)
            assert (answer["sure"], answer["note"]) == (False, note)
            failed = 'turnwise_escalations_total{by="oracle",outcome="failed"}'
            assert await counted(app, failed) == 1

    with caplog.at_level(logging.INFO):
        asyncio.run(story())
    assert "KeyError" in caplog.text
    assert "what the customer wrote" not in caplog.text


def test_a_fault_of_ours_shows_and_logs_nothing_of_the_text(bundle, caplog):
    def fault(*_):
        raise ValueError("what the customer wrote")

    async def story():
        bundles = Bundles.alone(Policy(bundle))
        bundles.champion.classify = fault
        config = ServerConfig(bundle.folder, no_keys=True)
        app = make_app(bundles, lambda _: bundles.champion, config)
        status, body = await ask(app, "POST", "/v1/classify", TALK)
        assert (status, json.loads(body)["error"]["code"]) == (500, "internal")
        assert b"customer" not in body

    with caplog.at_level(logging.INFO):
        asyncio.run(story())
    assert "ValueError at" in caplog.text
    assert "what the customer wrote" not in caplog.text
