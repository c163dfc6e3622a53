"""The stand-in for a language-model server answers, errs and counts as it was told to."""

from __future__ import annotations

import http.client
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from benchmarks.llm_answers import instance, pick, schema_in
from benchmarks.llm_behaviour import Behaviour
from benchmarks.llm_server import Running, prompt_id, running

SCHEMA = {
    "$defs": {"Intent": {"enum": ["ask", "buy", "cancel"], "type": "string"}},
    "type": "object",
    "properties": {
        "reason": {"type": "string", "maxLength": 20},
        "intent": {"$ref": "#/$defs/Intent"},
        "evidence": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "issue": {"anyOf": [{"$ref": "#/$defs/Intent"}, {"type": "null"}]},
        "sure": {"type": "boolean"},
    },
}
QUESTION = [
    {"role": "system", "content": "label"},
    {"role": "user", "content": "my parcel is lost"},
]
RIGHT = instance(SCHEMA, "label\nmy parcel is lost")
STRICT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


class Response:
    """What came back: status, headers, text; and what it says, if it is a chat completion."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()

    @property
    def choice(self) -> Any:
        return json.loads(self.text)["choices"][0]

    @property
    def content(self) -> Any:
        return self.choice["message"]["content"]


def ask(server: Running, messages: Any = QUESTION, key: str = "", **more: Any) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = {"model": "stand-in", "messages": messages, "response_format": STRICT, **more}
    headers = {"authorization": f"Bearer {key}"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    try:
        return Response(connection.getresponse())
    finally:
        connection.close()


def asked_with(*faults: str, **more: Any) -> list[Response]:
    """What comes back when one question is asked as often as there are faults."""
    with running(Behaviour(script=faults, **more)) as server:
        return [ask(server) for _ in faults]


def test_an_answer_follows_the_schema_and_quotes_the_prompt() -> None:
    (response,) = asked_with("")
    assert response.status == 200
    assert json.loads(response.content) == RIGHT
    assert RIGHT["intent"] in ("ask", "buy", "cancel")
    assert all(quote in QUESTION[1]["content"] for quote in RIGHT["evidence"])
    assert response.choice["finish_reason"] == "stop"
    assert json.loads(response.text)["usage"]["prompt_tokens"] == 2 + 5


def test_the_prompt_decides_the_label_and_all_labels_are_given() -> None:
    labels = {pick(f"prompt {number}", "/intent", "abc") for number in range(30)}
    assert labels == {"a", "b", "c"}
    assert instance(SCHEMA, "x") == instance(SCHEMA, "x")
    assert instance(SCHEMA, "x", fixed={"sure": None})["sure"] is None


def test_a_repair_gets_the_answer_of_its_question() -> None:
    repair = [*QUESTION, {"role": "assistant", "content": "?"}, {"role": "user", "content": "no"}]
    with running() as server:
        assert ask(server, repair).content == ask(server).content
        assert server.stats()["prompts"] == {prompt_id(QUESTION): [2, 2, 2]}


def test_refusals_say_when_to_come_again() -> None:
    plain, seconds, date, broken = asked_with("429", "429-seconds", "429-date", "500")
    assert [one.status for one in (plain, seconds, date, broken)] == [429, 429, 429, 500]
    assert plain.headers["retry-after"] is None
    assert seconds.headers["retry-after"] == "1"
    assert abs(parsedate_to_datetime(date.headers["retry-after"]).timestamp() - time.time()) < 5


@pytest.mark.parametrize("fault", ["cut-before", "cut-body"])
def test_a_cut_connection_gives_no_answer(fault: str) -> None:
    with running(Behaviour(script=(fault,))) as server:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            ask(server)
        assert ask(server).status == 200
        assert server.stats()["prompts"] == {prompt_id(QUESTION): [2, 1, 1]}


def test_a_question_that_hangs_ends_when_the_client_leaves() -> None:
    with running(Behaviour(script=("hang",))) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.2)
        body = json.dumps({"messages": QUESTION})
        connection.request("POST", "/v1/chat/completions", body)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        assert ask(server).status == 200
        assert server.stats()["most_in_flight"] <= 2


def test_answers_are_damaged_as_they_are_named() -> None:
    names = ("truncated-json", "length", "wrong-label", "null-content", "ignored", "no-usage")
    cut, length, wrong, null, ignored, no_usage = asked_with(*names)
    assert (cut.choice["finish_reason"], length.choice["finish_reason"]) == ("stop", "length")
    for broken in (cut, length, ignored):
        with pytest.raises(ValueError, match="line 1"):
            json.loads(broken.content)
    assert json.loads(wrong.content)["intent"] == f"no such label as {RIGHT['intent']}"
    assert null.content is None
    assert json.loads(no_usage.content) == RIGHT
    assert "usage" not in json.loads(no_usage.text)


def test_answers_are_wrapped_and_broken_as_they_are_named() -> None:
    names = ("prose", "fences", "duplicate-keys", "huge", "empty-choices", "html", "truncated-body")
    prose, fences, twice, huge, empty, html, truncated = asked_with(*names)
    assert json.dumps(RIGHT) in prose.content
    assert fences.content == f"```json\n{json.dumps(RIGHT)}\n```"
    assert twice.content.count('"intent"') == 2
    assert len(huge.content) > 1_000_000
    assert json.loads(empty.text)["choices"] == []
    assert html.text.startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match="char"):
        json.loads(truncated.text)


def test_response_formats_are_refused_or_ignored_as_servers_do() -> None:
    json_object = {"type": "json_object", "schema": SCHEMA}
    in_words = [{"role": "user", "content": f"Answer by this schema: {json.dumps(SCHEMA)} {{go}}"}]
    assert schema_in(in_words[0]["content"]) == SCHEMA
    with running(Behaviour(json_schema="refused")) as server:
        assert ask(server).status == 500
        assert json.loads(ask(server, response_format=json_object).content) == RIGHT
    with running(Behaviour(json_schema="ignored", json_object="ignored")) as server:
        for kind in (STRICT, json_object):
            assert ask(server, response_format=kind).content.startswith("Let me think")
        answer = json.loads(ask(server, in_words, response_format=None).content)
        assert answer.keys() == RIGHT.keys()


def test_what_a_server_refuses_for_good() -> None:
    odd = Behaviour(key="right", strict=True, models=("stand-in",), context=700)
    with running(odd) as server:
        assert ask(server, key="wrong").status == 401
        assert ask(server, key="right", model="other").status == 404
        assert ask(server, key="right", guided_json={}).status == 422
        long = [{"role": "user", "content": "word " * 1_000}]
        assert "context_length_exceeded" in ask(server, long, key="right").text
        assert ask(server, key="right").status == 200
        assert server.stats()["answered"] == 1


def test_chance_is_seeded_and_ends_after_the_most_faults() -> None:
    questions = [[{"role": "user", "content": f"question {number}"}] for number in range(60)]
    often = Behaviour(faults={"500": 0.3, "wrong-label": 0.2}, most_faults=2)

    def statuses(behaviour: Behaviour) -> list[list[int]]:
        with running(behaviour) as server:
            found = [[ask(server, one).status for _ in range(4)] for one in questions]
            assert server.stats()["faults"].keys() == {"500", "wrong-label"}
        return found

    first = statuses(often)
    assert first == statuses(often)
    failed = [row.count(500) for row in first]
    assert 0 < sum(failed) < 4 * 60 * 0.5
    assert max(failed) == 2


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Behaviour(faults={"gremlins": 0.1})


def test_evidence_of_the_history_is_quoted_from_before_the_last_turn():
    schema = {"properties": {name: {"type": "string"} for name in ("evidence", "history_evidence")}}
    prompt = '[0] customer: "hello there"\n[1] agent: "which parcel"\n[2] customer: "the blue"'
    said = instance(schema, prompt, quote=r'\[\d+\] \w+: "(.+)"')
    assert said == {"evidence": "the blue", "history_evidence": "which parcel"}
    alone = instance(schema, '[0] customer: "hello there"', quote=r'\[\d+\] \w+: "(.+)"')
    assert set(alone.values()) == {"hello there"}
