"""Bodies that mean harm: none of them is a fault of the server, and none keeps others waiting."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from server_process import PATIENCE

from benchmarks.hostile_bodies import FINE, LARGE, Hostile, Judge, hostile
from benchmarks.hostile_wires import WIRES, exchanged, refusal, whole, wire
from benchmarks.serving_client import Line, LostError

READ = 1_000_000  # bytes of a body; who sends more may find the connection closed while at it


def answered(server, request: bytes) -> tuple[int, bytes]:
    """Status and body on a connection of its own; 0 where the server closed without an answer."""
    line = Line(server.port)
    try:
        return line.ask(request)
    except LostError:
        return 0, b""
    finally:
        line.close()


@pytest.fixture(scope="module")
def judge(server) -> Judge:
    return Judge(server.ask("GET", "/openapi.json").json)


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/decide"])
def test_only_valid_bodies_are_served_and_no_body_is_a_fault(server, judge, path):
    draw = random.Random(path)
    sent = [*(hostile(draw) for _ in range(200)), *(Hostile("large", one()) for one in LARGE)]
    counted: Counter[int] = Counter()
    for one in sent:
        status, body = answered(server, whole(path, server.key, one))
        counted[status] += 1
        assert status in (200, 400, 413, 415, 422) or len(one.body) > READ, one.body[:500]
        assert (status == 200) == judge.valid(path, one), (status, one.headers, one.body[:500])
        assert status in (0, 200) or refusal(body), body[:500]
    assert set(counted) >= {200, 400, 415, 422}, counted
    assert "Error at" not in server.log.read_text()


def test_what_is_no_http_is_never_served(server):
    draw = random.Random("wires")
    kinds: set[str] = set()
    for _ in range(120):
        kind, sent = wire(draw, "/v1/decide", server.key)
        answer = exchanged(server.port, sent)
        assert not answer.startswith(b"HTTP/1.1 2"), (kind, sent[:300], answer[:300])
        assert not answer.startswith(b"HTTP/1.1 5"), (kind, sent[:300], answer[:300])
        kinds.add(kind)
    assert len(kinds) == len(WIRES)
    assert server.ask("POST", "/v1/decide", FINE).status == 200


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
        sent = [hostile(draw) for _ in range(20)]
        sent = [one for one in sent if len(one.body) <= READ]
        return {answered(server, whole("/v1/decide", server.key, one))[0] for one in sent}

    with ThreadPoolExecutor(6) as pool:
        attacks = [pool.submit(attack, seed) for seed in range(6)]
        while not all(one.done() for one in attacks):
            assert server.ask("POST", "/v1/classify", FINE).status in (200, 503)
            time.sleep(0.02)
    for one in attacks:
        assert one.result() <= {200, 400, 413, 415, 422, 503}
