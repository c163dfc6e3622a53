"""Clients send what a plan says, and count what comes back; ratios are what they are called."""

import os
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.serving_client import (
    BAD_EVERY,
    HANG_UP_EVERY,
    Line,
    LostError,
    Plan,
    Target,
    _kind,
    driven,
)
from benchmarks.serving_measures import _counts, _ratios

GOOD = b'{"fine": true}'


class Stub(BaseHTTPRequestHandler):
    """Answers a good body with 200, any other with 422; at /silent it closes without an answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/silent":
            self.close_connection = True
            return
        self.send_response(200 if body == GOOD else 422)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

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
    found = [line.ask(target.request(body)) for body in (GOOD, b"{", GOOD)]
    line.close()
    assert found == [(200, b"{}"), (422, b"{}"), (200, b"{}")]


def test_a_connection_that_ends_without_an_answer_is_told(target):
    line = Line(target.port)
    with pytest.raises(LostError):
        line.ask(replace(target, path="/silent").request(GOOD))


def test_every_request_of_a_plan_is_counted_once(target):
    plan = Plan(1.0, 8, rate=200, faulty=True)
    load = driven(target, [GOOD], plan)
    counted = load.statuses.total() + load.of_bad.total() + load.hung_up + load.lost
    assert counted == len(plan.times())
    assert (set(load.statuses), set(load.of_bad), load.lost) == ({200}, {422}, 0)
    assert load.of_bad.total() == counted // BAD_EVERY
    assert load.hung_up == counted // HANG_UP_EVERY
    assert len(load.milliseconds) == load.statuses[200]


def test_requests_without_an_answer_are_lost(target):
    load = driven(replace(target, path="/silent"), [GOOD], Plan(0.2, 2, rate=50))
    assert (load.lost, load.statuses.total()) == (len(Plan(0.2, 2, rate=50).times()), 0)


def test_arrivals_have_the_stated_rate_and_distances():
    even, spread = (Plan(100.0, 1, 50.0, kind).times() for kind in ("even", "random"))
    assert len(even) == pytest.approx(5000, abs=1)
    assert len(spread) == pytest.approx(5000, rel=0.05)
    assert even[10] - even[9] == pytest.approx(0.02)
    assert spread == sorted(spread)


def test_one_request_in_twenty_is_bad_and_one_in_fifty_is_not_waited_for():
    kinds = [_kind(number, faulty=True) for number in range(1000)]
    assert [kinds.count(one) for one in ("bad", "hung up", "half sent")] == [50, 10, 10]
    assert {_kind(number, faulty=False) for number in range(1000)} == {"good"}


def test_shed_requests_are_no_errors(target):
    load = driven(target, [GOOD], Plan(0.1, 1, rate=20))
    load.statuses.update({503: 3, 500: 2})
    figures = _counts(load)
    assert (figures["shed"], figures["errors_5xx"], figures["lost"]) == (3, 2, 0)


def test_ratios_are_of_the_bare_model_and_over_the_rival():
    found = _ratios({"bare": 100.0, "classify": 80.0, "rival": 10.0})
    assert found == {"classify_of_bare": 0.8, "classify_over_rival": 8.0}
    assert _ratios({"bare": 100.0, "classify": 80.0})["classify_over_rival"] is None
