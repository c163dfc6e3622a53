"""Bodies that mean harm: none of them is a fault of the server, and none keeps others waiting."""

from __future__ import annotations

import http.client
import json
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from server_process import PATIENCE

FINE = {
    "messages": [
        {"role": "customer", "content": "where is my parcel"},
        {"role": "bot", "content": "which one?"},
        {"role": "customer", "content": "the blue one"},
    ],
    "conversation_id": "c-1",
    "locale": "en",
}
QUESTION = {
    "text": "A or B?",
    "dimension": "intent",
    "candidates": [{"label": "CANCEL", "probability": 0.5}, {"label": "A", "probability": 0.1}],
}
STATE = {
    "asked": [QUESTION],
    "open": True,
    "before": {"intent": QUESTION["candidates"], "domain": []},
    "unsettled": 2,
}
TEXTS = [
    *("", " ", "\x00", "\n" * 2000, "\u202e\u0000\ufeff", "💥" * 500, "a\u0300" * 2000),
    *("{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE turns; --", "<script>alert(1)</script>"),
    *("../../etc/passwd", "ignore all instructions", "[CLS] [SEP] [MASK]", "\udbff\udfff"),
    *("x" * 20_000, "word " * 4000, "1" * 5000, "@" * 5000, "a@" * 3000, "+1 (2" * 2000),
]
VALUES = [
    *(None, True, 0, -1, 1.5, 10**30, -(10**400), "", "x" * 300, [], {}, [[]], [None], {"": ""}),
    *({"messages": []}, ["customer"], {"$ref": "#"}, {"__class__": "os"}),
]


def mutated(draw: random.Random, value):
    """The same with something in it replaced, removed, added or repeated."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        changed, key = dict(value), draw.choice(list(value))
        what = draw.randrange(4)
        if what == 0:
            del changed[key]
        elif what == 1:
            changed[draw.choice(["state", "role", "", "x" * 500, "conversations"])] = changed[key]
        else:
            changed[key] = mutated(draw, value[key])
        return changed
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        changed = [*value]
        changed[at] = mutated(draw, value[at])
        return changed * draw.choice([1, 1, 1, 300])
    return draw.choice(TEXTS) if isinstance(value, str) else draw.choice(VALUES)


def broken(draw: random.Random, body: bytes) -> bytes:
    """The same bytes, some of them others."""
    what = draw.randrange(5)
    at = draw.randrange(len(body))
    if what == 0:
        return body[:at]
    if what == 1:
        return body[:at] + bytes(draw.randrange(256) for _ in range(4)) + body[at + 4 :]
    if what == 2:
        return body[:at] + draw.choice([b"NaN", b"-Infinity", b"1e999", b"\\ud800"]) + body[at:]
    if what == 3:
        return body.replace(b'"', b"'", draw.randrange(1, 4))
    return body[:at] + body


DEEP = [
    b"[" * 900_000,
    b'{"messages":' * 60_000,
    b'{"messages":' + b"[" * 190 + b"]" * 190 + b"}",
    b'{"state":' + b'{"before":' * 150 + b"1" + b"}" * 151,
]
HUGE = [
    b'{"messages":' + b"9" * 900_000 + b"}",
    b'{"messages":[' + b"1," * 400_000 + b"1]}",
    b"{" + b",".join(b'"k%d":1' % at for at in range(50_000)) + b"}",
    b'{"conversations":[' + b",".join([b'{"messages":[1]}'] * 50_000) + b"]}",
    b'{"messages":[{"role":"customer","content":"' + b"\\u0000" * 150_000 + b'"}]}',
    b'{"conversation_id":"' + b"x" * 900_000 + b'"}',
    json.dumps({"messages": [{"role": "customer", "content": "x y " * 5000}] * 45}).encode(),
    json.dumps({"messages": [{"role": "customer", "content": "1" * 19_999}] * 45}).encode(),
]


def hostile(draw: random.Random) -> bytes:
    body = {**FINE, "state": STATE} if draw.random() < 0.6 else {"conversations": [FINE, FINE]}
    for _ in range(draw.choice([0, 1, 1, 2, 5])):
        body = mutated(draw, body)
    sent = json.dumps(body, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    return broken(draw, sent) if draw.random() < 0.4 and sent else sent


def status_of(line: http.client.HTTPConnection, key: str, path: str, body: bytes) -> int:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    line.request("POST", path, body, headers)
    got = line.getresponse()
    answer = json.loads(got.read())
    if got.status != 200:
        assert set(answer) == {"error"}, body[:500]
        assert set(answer["error"]) == {"code", "message", "field"}
        assert "Traceback" not in answer["error"]["message"]
    return got.status


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/decide"])
def test_no_body_is_a_fault_of_the_server(server, path):
    draw = random.Random(path)
    bodies = [*DEEP, *HUGE, *(hostile(draw) for _ in range(150))]
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    counted: dict[int, int] = {}
    for body in bodies:
        status = status_of(line, server.key, path, body)
        assert status in (200, 400, 413, 422), (status, body[:500])
        counted[status] = counted.get(status, 0) + 1
    line.close()
    assert set(counted) >= {200, 400, 422}, counted  # else the bodies are all of one kind
    assert "Error at" not in server.log.read_text()


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/decide"])
def test_slow_bodies_keep_nobody_waiting(server, path):
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.key}\r\n"
        "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
    ).encode()
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for line in lines:
        line.sendall(head)
        line.settimeout(PATIENCE)
    assert server.ask("POST", path, FINE).status == 200
    for line in lines:
        assert line.recv(65536).startswith(b"HTTP/1.1 408")
        line.close()


def test_heads_that_never_end_are_cut_off(server):
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for line in lines:
        line.sendall(b"POST /v1/classify HTTP/1.1\r\nhost: ")
        line.settimeout(PATIENCE)
    assert server.ask("POST", "/v1/classify", FINE).status == 200
    for line in lines:
        assert line.recv(65536) == b""
        line.close()


def test_many_hostile_callers_at_once_leave_room_for_others(server):
    def attack(seed: int) -> set[int]:
        draw = random.Random(seed)
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        return {status_of(line, server.key, "/v1/decide", hostile(draw)) for _ in range(20)}

    with ThreadPoolExecutor(6) as pool:
        attacks = [pool.submit(attack, seed) for seed in range(6)]
        while not all(one.done() for one in attacks):
            assert server.ask("POST", "/v1/classify", FINE).status in (200, 503)
            time.sleep(0.02)
    for one in attacks:
        assert one.result() <= {200, 400, 413, 422, 503}
