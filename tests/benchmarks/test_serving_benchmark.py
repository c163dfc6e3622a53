"""Clients send what a plan says, and count what comes back; ratios are what they are called."""

import json
import os
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.serving_client import Line, LostError, Plan, Target, driven
from benchmarks.serving_faults import kind_of, troubled
from benchmarks.serving_measures import _ratios

GOOD = b'{"fine": true}'
NAMES = 5


def named(body):
    return json.loads(body).get("conversation_id") if b"conversation_id" in body else None


class Stub(BaseHTTPRequestHandler):
    """Answers a body that says it is fine with 200, any other with 422; none at /silent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/silent":
            self.close_connection = True
            return
        answer = json.dumps({"conversation_id": named(body), "bundle": "b"}).encode()
        self.send_response(200 if b'"fine"' in body else 422)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    cores = os.sched_getaffinity(0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Target(server.server_port, "/", "key", min(cores), os.getpid())
    server.shutdown()
    server.server_close()
    os.sched_setaffinity(0, cores)


def test_requests_of_one_connection_are_answered_one_after_another(target):
    line = Line(target.port)
    found = [line.ask(target.request(body))[0] for body in (GOOD, b"{", GOOD)]
    line.close()
    assert found == [200, 422, 200]


def test_a_connection_that_ends_without_an_answer_is_told(target):
    line = Line(target.port)
    with pytest.raises(LostError):
        line.ask(replace(target, path="/silent").request(GOOD))


def test_every_request_of_a_plan_is_counted_once(target):
    plan = Plan(1.0, 8, rate=200)
    found = troubled([target, replace(target, key="other")], [GOOD], NAMES, plan)
    kinds = Counter(kind_of(number) for number in range(len(plan.times())))
    assert found.statuses == {200: kinds["good"]}
    assert found.of_bad == {422: kinds["bad"]}
    assert found.left == {one: kinds[one] for one in ("half sent", "unread", "half read")}
    assert (found.lost, found.mixed_up) == (0, 0)
    assert len(found.answered) == len(found.milliseconds) == kinds["good"]
    assert {one.conversation for one in found.answered} == {f"c{at}" for at in range(NAMES)}


def test_requests_without_an_answer_are_lost(target):
    load = driven(replace(target, path="/silent"), [GOOD], Plan(0.2, 2, rate=50))
    assert (load.lost, load.statuses.total()) == (len(Plan(0.2, 2, rate=50).times()), 0)


def test_arrivals_have_the_stated_rate_and_distances():
    even, spread = (Plan(100.0, 1, 50.0, kind).times() for kind in ("even", "random"))
    assert len(even) == pytest.approx(5000, abs=1)
    assert len(spread) == pytest.approx(5000, rel=0.05)
    assert even[10] - even[9] == pytest.approx(0.02)
    assert spread == sorted(spread)


def test_five_requests_in_a_hundred_are_bad_and_five_are_given_up():
    kinds = Counter(kind_of(number) for number in range(1000))
    assert (kinds["bad"], kinds["good"]) == (50, 900)
    assert kinds["half sent"] + kinds["unread"] + kinds["half read"] == 50


def test_ratios_are_of_the_bare_model_and_over_the_rival():
    found = _ratios({"bare": 100.0, "classify": 80.0, "rival": 10.0})
    assert found == {"classify_of_bare": 0.8, "classify_over_rival": 8.0}
    assert _ratios({"bare": 100.0, "classify": 80.0})["classify_over_rival"] is None
