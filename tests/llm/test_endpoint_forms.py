"""Servers take the schema of an answer in different ways: found out from what they answer."""

import json

import pytest
from asking import GOOD, ask, ask_in_turn
from scripted_server import Answer, said

from turnwise.errors import ConfigError
from turnwise.llm import Endpoint


def form(request) -> str:
    return request.get("response_format", {}).get("type", "plain")


def refused(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"message": message, "type": "invalid_request_error"}})


def prompt(request) -> str:
    return request["messages"][-1]["content"]


def test_a_server_that_enforces_the_schema_is_asked_with_it_alone(serve):
    server = serve(lambda request: said(GOOD))
    ask_in_turn(server, 5)
    assert {form(request) for request in server.requests} == {"json_schema"}
    assert not any("schema" in prompt(request) for request in server.requests)


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, "Input should be 'text' or 'json_object': response_format.type"),
        refused(400, "response_format json_schema is not supported"),
        refused(422, "unknown field response_format.json_schema"),
    ],
    ids=lambda answer: answer.status,
)
def test_a_refusal_of_the_schema_is_not_repeated_and_the_next_form_remembered(serve, answer):
    server = serve(lambda request: answer if form(request) == "json_schema" else said(GOOD))
    _, replies = ask_in_turn(server, 5)
    assert [form(request) for request in server.requests] == ["json_schema"] + ["json_object"] * 5
    assert all(reply.value for reply in replies)
    assert "label" in server.requests[1]["response_format"]["schema"]["properties"]
    assert "JSON schema" in prompt(server.requests[1])


def test_a_500_without_a_reason_costs_two_tries_until_the_form_is_known(serve):
    broken = Answer(500, "Internal Server Error", kind="text/plain")
    server = serve(lambda request: broken if form(request) == "json_schema" else said(GOOD))
    ask_in_turn(server, 6)
    forms = [form(request) for request in server.requests]
    assert forms == ["json_schema", "json_object"] * 2 + ["json_object"] * 4


def test_one_500_by_accident_does_not_cost_the_endpoint_its_schema(serve):
    answers = iter([Answer(500, "oops")])
    server = serve(lambda request: next(answers, None) or said(GOOD))
    ask_in_turn(server, 5)
    forms = [form(request) for request in server.requests]
    assert forms == ["json_schema", "json_object"] + ["json_schema"] * 4


def test_a_server_that_takes_no_response_format_is_told_in_the_prompt(serve):
    server = serve(
        lambda request: refused(500, "boom") if "response_format" in request else said(GOOD)
    )
    _, replies = ask_in_turn(server, 5)
    assert all(reply.value for reply in replies)
    assert {form(request) for request in server.requests[-3:]} == {"plain"}
    assert '"enum": ["cancel", "refund"]' in prompt(server.requests[-1])


def test_a_server_that_ignores_the_schema_is_known_by_its_answers(serve):
    def script(request):
        return said(GOOD if "JSON schema" in prompt(request) else "I think they want to cancel")

    server = serve(script)
    _, replies = ask_in_turn(server, 6)
    assert all(reply.value.label == "cancel" for reply in replies)
    assert [reply.kept.attempts for reply in replies] == [2, 2, 1, 1, 1, 1]


def test_a_wrong_answer_now_and_then_does_not_cost_the_endpoint_its_schema(serve):
    turns = iter([GOOD, GOOD, "well", GOOD, GOOD, GOOD, "well", GOOD, GOOD, GOOD])
    server = serve(lambda request: said(next(turns)))
    ask_in_turn(server, 8)
    assert {form(request) for request in server.requests} == {"json_schema"}


def test_many_first_questions_find_out_once(serve):
    def script(request):
        if form(request) != "plain":
            return refused(400, "no response_format")
        return said(GOOD, delay=0.02)

    server = serve(script)
    _, replies = ask(server, *map(str, range(40)), concurrency=32)
    assert all(reply.value for reply in replies)
    forms = [form(request) for request in server.requests]
    assert (forms[:3], set(forms[3:])) == (["json_schema", "json_object", "plain"], {"plain"})
    assert 1 < server.most <= 32


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("temperature", "Unsupported value: 'temperature' does not support 0.0"),
        ("max_tokens", "Unrecognized field max_tokens"),
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead"),
    ],
)
def test_a_field_that_a_server_does_not_take_is_left_out_or_renamed(serve, field, message):
    server = serve(lambda request: refused(422, message) if field in request else said(GOOD))
    _, replies = ask_in_turn(server, 3)
    assert all(reply.value for reply in replies)
    assert [field in request for request in server.requests] == [True, False, False, False]
    renamed = ["max_completion_tokens" in request for request in server.requests[1:]]
    assert set(renamed) == {"instead" in message}
    assert form(server.requests[-1]) == "json_schema"


def test_a_422_that_names_nothing_has_the_optional_fields_left_out_one_by_one(serve):
    basic = {"model", "messages"}
    server = serve(
        lambda request: Answer(422, {"detail": "extra"}) if set(request) > basic else said(GOOD)
    )
    _, replies = ask_in_turn(server, 3)
    assert all(reply.value for reply in replies)
    assert set(server.requests[-1]) == basic


def test_instructions_go_with_the_question_where_a_model_has_no_role_for_them(serve):
    def script(request):
        roles = [message["role"] for message in request["messages"]]
        return refused(400, "System role not supported") if "system" in roles else said(GOOD)

    server = serve(script)
    _, replies = ask_in_turn(server, 2)
    assert all(reply.value for reply in replies)
    assert prompt(server.requests[-1]).startswith("Choose a label")
    assert len(server.requests) == 3


def test_the_name_that_a_server_echoes_is_not_looked_at(serve):
    def script(request):
        answer = said(GOOD)
        answer.body["model"] = "quite-another-model"
        return answer

    _, (reply,) = ask(serve(script))
    assert reply.kept.model == "tiny"


def test_nothing_is_asked_for_that_servers_answer_differently(serve):
    # No several answers, no log probabilities, no stream: many give one, None, and cut streams.
    server = serve(lambda request: said(GOOD))
    ask_in_turn(server, 2)
    fields = {"model", "messages", "max_tokens", "temperature", "response_format"}
    assert all(set(request) == fields and request["messages"] for request in server.requests)


def test_of_several_answers_the_first_is_read(serve):
    def script(request):
        answer = said(GOOD)
        other = {"index": 1, "message": {"role": "assistant", "content": "or not"}}
        answer.body["choices"] = [*answer.body["choices"], other]
        return answer

    _, (reply,) = ask(serve(script))
    assert (reply.value.label, reply.kept.attempts) == ("cancel", 1)


def test_a_stream_that_breaks_off_is_a_failure(serve):
    event = {"choices": [{"index": 0, "delta": {"content": GOOD}}]}
    broken = Answer(200, f"data: {json.dumps(event)}\n\n", kind="text/event-stream")
    answers = iter([broken])
    server = serve(lambda request: next(answers, None) or said(GOOD))
    _, (reply,) = ask(server)
    assert (reply.value.label, reply.kept.attempts) == ("cancel", 2)


def test_an_answer_in_a_stream_or_in_parts_is_read(serve):
    parts = [{"index": 0, "delta": {"content": part}} for part in (GOOD[:9], GOOD[9:])]
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [{"choices": [part]} for part in (*parts, last)]
    events.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    text = "\n\n".join(f"data: {json.dumps(event)}" for event in events) + "\n\ndata: [DONE]\n"
    answers = iter(
        [
            Answer(200, text, kind="text/event-stream"),
            said([{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}]),
        ]
    )
    _, replies = ask_in_turn(serve(lambda request: next(answers)), 2)
    assert all(reply.value.label == "cancel" for reply in replies)
    assert (replies[0].kept.tokens_in, replies[0].kept.tokens_out) == (7, 3)


@pytest.mark.parametrize("usage", [None, {}, "many", {"prompt_tokens": 0, "completion_tokens": -1}])
def test_tokens_that_a_server_does_not_count_are_estimated(serve, usage):
    _, (reply,) = ask(serve(lambda request: said(GOOD, usage=usage)))
    assert 10 < reply.kept.tokens_in < 100
    assert 5 < reply.kept.tokens_out < 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "127.0.0.1:8080"},
        {"base_url": "http://me:secret@host/v1"},
        {"model": ""},
        {"concurrency": 0},
        {"timeout": float("nan")},
        {"requests_per_minute": 0},
        {"temperature": -1.0},
        {"answer_tokens": 8192},
    ],
    ids=str,
)
def test_an_endpoint_that_can_not_be_is_refused(wrong):
    with pytest.raises(ConfigError) as error:
        Endpoint(**({"base_url": "http://host/v1", "model": "m"} | wrong))
    assert error.value.field == next(iter(wrong))
