"""More than can be done: rates, a full queue, and a server that is told to stop."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_process import PATIENCE, running, stopped

from turnwise.serving.http.rates import Rates

TALK = {"messages": [{"role": "customer", "content": "hi"}]}
# Seconds of work for one thread.
LONG = {"messages": [{"role": "customer", "content": "where is my parcel " * 100}] * 30}
BATCH = {"conversations": [LONG] * 16}


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


@pytest.fixture
def narrow(bundle_folder, tmp_path):
    """A server of one thread, at which nothing may wait."""
    settings = {"no_keys": True, "threads": 1, "waiting": 0}
    with running(tmp_path, bundle_folder, **settings) as server:
        yield server


def test_what_comes_over_the_queue_is_turned_away_at_once_and_counted(narrow):
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(narrow.ask, "POST", "/v1/classify", BATCH)
        until(lambda: narrow.ask("GET", "/readyz").status == 503)
        shed = [narrow.ask("POST", path, TALK) for path in ("/v1/classify", "/v1/decide")]
        assert narrow.ask("GET", "/healthz").status == 200
        assert not batch.done(), "the batch was too short to be in anybody's way"
    for answer in shed:
        assert (answer.status, answer.error[0]) == (503, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
    assert narrow.metric("turnwise_shed_total") >= len(shed)
    assert batch.result().status == 200
    assert narrow.ask("POST", "/v1/decide", TALK).status == 200, "and then it serves again"
    assert narrow.ask("GET", "/readyz").status == 200


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_finishes_what_is_in_flight(narrow, by):
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(narrow.ask, "POST", "/v1/decide", BATCH)
        until(lambda: narrow.ask("GET", "/readyz").status == 503)
        assert stopped(narrow, by) == 0
        answer = batch.result(PATIENCE)
    assert answer.status == 200
    assert len(answer.json["results"]) == len(BATCH["conversations"])
    with pytest.raises(ConnectionRefusedError):
        narrow.ask("GET", "/healthz")


def test_a_port_that_is_taken_is_said(narrow, bundle_folder):
    from turnwise.errors import ConfigError
    from turnwise.serving.http import ServerConfig, serve

    with pytest.raises(ConfigError, match="can't be listened on"):
        serve(ServerConfig(bundle_folder, port=narrow.port, no_keys=True))


def test_a_key_over_its_rate_is_told_when_to_come_again(bundle_folder, tmp_path):
    settings = {"no_keys": True, "rate": 0.05, "burst": 4}
    with running(tmp_path, bundle_folder, **settings) as server:
        assert server.ask("POST", "/v1/classify", TALK).status == 200
        # A batch counts by its conversations: it is served, and paid for afterwards.
        assert server.ask("POST", "/v1/classify", {"conversations": [TALK] * 10}).status == 200
        for path in ("/v1/classify", "/v1/decide"):
            answer = server.ask("POST", path, TALK)
            assert (answer.status, answer.error[0]) == (429, "rate_limited")
            assert int(answer.headers["retry-after"]) > 60
        assert server.ask("GET", "/healthz").status == 200


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 20)), max_size=40),
)
def test_nobody_gets_more_than_the_burst_and_what_has_flowed_since(rate, burst, steps):
    clock = Clock()
    rates = Rates(rate, burst, clock)
    taken = 0
    for seconds, more in steps:
        clock.now += seconds
        for _ in range(more):
            taken += rates.take("a") == 0
        assert taken <= burst + clock.now * rate + 1e-6
    assert rates.take("b") == 0, "buckets are apart"


@given(rate=st.floats(0.1, 100), debt=st.integers(0, 300))
def test_a_debt_is_paid_when_the_time_that_was_named_is_over(rate, debt):
    clock = Clock()
    rates = Rates(rate, 1, clock)
    assert rates.take("a") == 0
    rates.charge("a", debt)
    wait = rates.take("a")
    assert wait > 0
    clock.now += wait * 0.999
    assert rates.take("a") > 0
    clock.now += wait * 0.002
    assert rates.take("a") == 0
