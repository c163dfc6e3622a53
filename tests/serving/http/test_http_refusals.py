"""What is refused, with which status, and which field is named."""

from __future__ import annotations

import gzip
import json

import pytest

PATHS = ("/v1/classify", "/v1/decide")
CUSTOMER = {"role": "customer", "content": "hi"}


def of(*messages, **more) -> dict:
    return {"messages": list(messages), **more}


UNFIT = [
    ({}, "messages"),
    (of(), "messages"),
    (of({"role": "user", "content": "hi"}), "messages.0.role"),
    (of({"role": "Customer", "content": "hi"}), "messages.0.role"),
    (of(CUSTOMER, {"role": "agent"}), "messages.1.content"),
    (of({"role": "customer", "content": 5}), "messages.0.content"),
    (of({"role": "customer", "content": None}), "messages.0.content"),
    (of({**CUSTOMER, "name": "x"}), "messages.0.name"),
    (of({"role": "agent", "content": "hi"}), "messages"),
    (of("hi"), "messages.0"),
    ({"messages": "hi"}, "messages"),
    (of(CUSTOMER, conversation_id=""), "conversation_id"),
    (of(CUSTOMER, conversation_id=7), "conversation_id"),
    (of(CUSTOMER, conversation_id="x" * 201), "conversation_id"),
    (of(CUSTOMER, locale="english please"), "locale"),
    (of(CUSTOMER, policy="x"), "policy"),
    (of(*[CUSTOMER] * 201), "messages"),
    (of({"role": "customer", "content": "x" * 20_001}), "messages.0.content"),
    (of(*[{"role": "customer", "content": "x" * 20_000}] * 6), "messages"),
    ({"conversations": []}, "conversations"),
    ({"conversations": [of(CUSTOMER)] * 257}, "conversations"),
    ({"conversations": [of(CUSTOMER), of()]}, "conversations.1.messages"),
    ({"conversations": [of(CUSTOMER)], "locale": "en"}, "locale"),
    ({"conversations": [of({"role": "bot", "content": ""})]}, "conversations.0.messages"),
    ([], None),
    (None, None),
    ("messages", None),
]
STATES = [
    ({"open": "yes"}, "state.open"),
    ({"unsettled": -1}, "state.unsettled"),
    ({"unsettled": 1.5}, "state.unsettled"),
    ({"asked": [{}] * 33}, "state.asked.0.text"),
    ({"before": {"intent": [{"label": "A", "probability": 1.5}]}}, "state.before.intent.0"),
    ({"turns": 3}, "state.turns"),
]


@pytest.mark.parametrize("path", PATHS)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(server, path):
    for body, field in UNFIT:
        answer = server.ask("POST", path, json.dumps(body).encode())
        assert (answer.status, answer.error) == (422, ("invalid", field)), body


def test_a_state_that_does_not_fit_is_refused_by_the_name_of_its_field(server):
    for state, field in STATES:
        answer = server.ask("POST", "/v1/decide", of(CUSTOMER, state=state))
        assert answer.status == 422, state
        assert answer.error[1].startswith(field), state


def test_the_roles_that_are_allowed_are_named(server):
    answer = server.ask("POST", "/v1/classify", of({"role": "user", "content": "hi"}))
    for role in ("customer", "agent", "bot"):
        assert role in answer.json["error"]["message"]


def test_classify_knows_no_state(server):
    answer = server.ask("POST", "/v1/classify", of(CUSTOMER, state={}))
    assert (answer.status, answer.error[1]) == (422, "state")


def test_the_largest_that_is_allowed_is_served(server):
    assert server.ask("POST", "/v1/classify", of(*[CUSTOMER] * 200)).status == 200
    long = {"role": "customer", "content": "word " * 4000}
    assert server.ask("POST", "/v1/classify", of(long)).status == 200
    many = {"conversations": [of(CUSTOMER)] * 256}
    assert len(server.ask("POST", "/v1/classify", many).json["results"]) == 256


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"messages": [', b"\xef\xbb\xbf{}"])
def test_what_is_no_json_is_a_bad_request(server, body):
    answer = server.ask("POST", "/v1/classify", body)
    assert (answer.status, answer.error) == (400, ("invalid_json", None))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=UTF-8", 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_bodies_are_json_in_utf8(server, kind, status):
    answer = server.ask("POST", "/v1/classify", of(CUSTOMER), headers={"content-type": kind})
    assert answer.status == status


def test_compressed_bodies_are_not_opened(server):
    bomb = gzip.compress(b" " * 50_000_000)
    for encoding in ("gzip", "br", "gzip, gzip"):
        headers = {"content-encoding": encoding}
        answer = server.ask("POST", "/v1/classify", bomb, headers=headers)
        assert (answer.status, answer.error[0]) == (415, "unsupported_encoding")
    assert server.ask("POST", "/v1/classify", bomb).status == 400


def test_a_body_over_the_limit_is_refused_by_its_length_alone(server):
    body = json.dumps(of({"role": "customer", "content": "x" * 1_000_000})).encode()
    answer = server.ask("POST", "/v1/classify", body)
    assert (answer.status, answer.error[0]) == (413, "too_long")
    assert server.ask("POST", "/v1/classify", b" " * 999_900 + b"{}").status == 422


def test_a_body_in_chunks_is_counted_as_it_comes(server):
    answer = server.ask("POST", "/v1/classify", (b" " * 10_000 for _ in range(150)))
    assert (answer.status, answer.error[0]) == (413, "too_long")


def test_a_body_in_chunks_is_read_whole(server):
    body = json.dumps(of(CUSTOMER)).encode()
    answer = server.ask("POST", "/v1/classify", (body[at : at + 7] for at in range(0, 99, 7)))
    assert answer.status == 200


def head(server, *lines: str) -> bytes:
    """The head of a request, with a key."""
    said = (f"authorization: Bearer {server.key}", "content-type: application/json", *lines)
    return ("POST /v1/classify HTTP/1.1\r\nhost: x\r\n" + "\r\n".join(said) + "\r\n\r\n").encode()


def test_an_offer_of_another_protocol_is_passed_over(server):
    body = json.dumps(of(CUSTOMER)).encode()
    offer = ("connection: upgrade, http2-settings, close", "upgrade: h2c", "http2-settings: AAMA")
    got = server.raw(head(server, *offer, f"content-length: {len(body)}") + body)
    assert got.startswith(b"HTTP/1.1 200"), got


def test_a_body_that_does_not_come_is_not_waited_for(server):
    got = server.raw(head(server, "content-length: 100"), b'{"messages"')
    assert got.startswith(b"HTTP/1.1 408")
    assert b"too_slow" in got


def test_a_body_may_not_trickle_without_end(server):
    got = server.raw(head(server, "transfer-encoding: chunked"), *[b"1\r\n \r\n"] * 50)
    assert got.startswith(b"HTTP/1.1 408")


def test_a_caller_who_goes_away_harms_nobody(server):
    import socket

    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(head(server, "content-length: 100") + b"{")
    assert server.ask("POST", "/v1/classify", of(CUSTOMER)).status == 200
    assert "Traceback" not in server.log.read_text()


def test_heads_have_an_end(server):
    got = server.raw(b"GET /healthz HTTP/1.1\r\n" + b"x: " + b"y" * 300_000)
    assert got.startswith(b"HTTP/1.1 431") or got == b""
    assert server.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_is_answered_in_the_same_shape(server, sent):
    got = server.raw(sent)
    assert got.startswith(b"HTTP/1.1 400")
    assert json.loads(got.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


def test_other_methods_are_named_by_allow(server):
    for method, path, allowed in (("GET", "/v1/classify", "POST"), ("POST", "/healthz", "GET")):
        answer = server.ask(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        assert answer.error[0] == "method_not_allowed"
