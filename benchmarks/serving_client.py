"""Clients of a server: plain sockets that are kept open, in processes of their own.

    in_turns   one request at a time, each route and the bare model in turn
    driven     many at once: each connection asks again when it has its answer (closed), or
               requests come at stated times whatever the server does (open); then the time that
               a request waits for a free connection is part of its latency

A hundred lines of Python over a socket cost about a twentieth of a millisecond a request, less
than any HTTP library, which would be measured as if it were the server's.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Thread
from typing import Literal, ParamSpec, TypeVar

from benchmarks.serving_bare import bare_process
from turnwise.conversations import Conversation

PATIENCE = 30.0  # seconds until an answer counts as lost
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
BAD_EVERY, HANG_UP_EVERY = 20, 50  # one request of so many is bad; one is not waited for
WARM = 20  # requests of each kind before the clock starts
BAD = (
    b"{",
    b"[]",
    b"\xff\xfe",
    b"[" * 5_000,
    b'{"messages": []}',
    b'{"messages": "hello"}',
    b'{"messages": [{"role": "agent", "content": "hello"}]}',
    b'{"messages": [{"role": "customer", "content": 7}]}',
    b'{"messages": [{"role": "customer", "content": "hello"}], "more": 1}',
    b'{"messages": [{"role": "customer", "content": "' + b"a" * 30_000 + b'"}]}',
)

Arrivals = Literal["even", "random"]
Kind = Literal["good", "bad", "hung up", "half sent"]
Given = ParamSpec("Given")
Result = TypeVar("Result")


class LostError(Exception):
    """The connection ended before an answer did."""


class Line:
    """A connection that is opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, sent: bytes) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(sent)
        return self._socket

    def ask(self, sent: bytes) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            LostError: there was none.
        """
        try:
            line, got = self.send(sent), b""
            while (end := got.find(b"\r\n\r\n")) < 0:
                got += _more(line)
            head, body = got[:end], got[end + 4 :]
            found = LENGTH.search(head)
            while found and len(body) < int(found[1]):
                body += _more(line)
        except OSError as error:
            self.close()
            raise LostError(str(error)) from None
        if CLOSES.search(head):
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _more(line: socket.socket) -> bytes:
    if got := line.recv(65536):
        return got
    raise OSError("closed")


@dataclass(frozen=True, slots=True)
class Target:
    """A route of a server.

    Attributes:
        key: an API key; empty: none is sent. core: that the client runs on.
        process: the server's.
    """

    port: int
    path: str
    key: str
    core: int
    process: int

    def request(self, body: bytes) -> bytes:
        """The bytes of a request."""
        key = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n{key}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def body_of(said: Conversation, name: str = "") -> bytes:
    """A conversation as the body of a request."""
    messages = [{"role": one.role, "content": one.text} for one in said.turns]
    named = {"conversation_id": name} if name else {}
    return json.dumps({"messages": messages, **named}).encode()


def apart(function: Callable[Given, Result], *given: Given.args, **more: Given.kwargs) -> Result:
    """What a function returns from a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *given, **more).result()


def in_turns(
    targets: Mapping[str, Target], bundle: Path, said: Sequence[Conversation], core: int, times: int
) -> tuple[dict[str, list[float]], float]:
    """One request at a time: name -> milliseconds; `bare` is the model alone on the same turn.

    Args:
        core: that the server runs on, and the bare model with it.

    Returns:
        The milliseconds, and the tokens of a conversation on average.
    """
    os.sched_setaffinity(0, {one.core for one in targets.values()})
    lines = {name: Line(one.port) for name, one in targets.items()}
    found: dict[str, list[float]] = {name: [] for name in (*targets, "bare")}
    with bare_process(bundle, said, core) as (bare, tokens, _):
        for turn in range(-WARM, times):
            number = turn % len(said)
            names = list(found)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                if name == "bare":
                    took = bare(number, 0)[0]
                else:
                    took = _asked(lines[name], targets[name].request(body_of(said[number])))
                if turn >= 0:
                    found[name].append(took)
    return found, tokens


def _asked(line: Line, request: bytes) -> float:
    start = time.perf_counter()
    status, body = line.ask(request)
    took = (time.perf_counter() - start) * 1e3
    if status != 200:
        raise RuntimeError(f"answered {status}: {body[:300]!r}")
    return took


@dataclass(frozen=True, slots=True)
class Plan:
    """How a server is driven.

    Attributes:
        connections: at the same time; rate: requests a second, 0: as fast as answers come.
        arrivals: at even or random (Poisson) distances, where there is a rate.
        faulty: some requests are bad, and some are not waited for.
    """

    seconds: float
    connections: int
    rate: float = 0.0
    arrivals: Arrivals = "even"
    faulty: bool = False

    def times(self) -> list[float]:
        """Seconds from the beginning at which requests are sent, where there is a rate."""
        made, at, found = random.Random(0), 0.0, []
        while at < self.seconds and self.rate:
            found.append(at)
            spread = made.expovariate(self.rate) if self.arrivals == "random" else 1 / self.rate
            at += spread
        return found


@dataclass(slots=True)
class Load:
    """What came of driving a server.

    Attributes:
        milliseconds: of good requests that were answered with 200.
        statuses: of good ones; of_bad: of bad ones; hung_up: that were not waited for.
        lost: requests that had no answer and should have.
    """

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    of_bad: Counter[int] = field(default_factory=Counter)
    hung_up: int = 0
    lost: int = 0

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds


def driven(target: Target, bodies: Sequence[bytes], plan: Plan) -> Load:
    """Drive a server by a plan."""
    os.sched_setaffinity(0, {target.core})
    load, lock, numbers, times = Load(), Lock(), count(), plan.times()
    start = time.perf_counter()

    def work() -> None:
        line = Line(target.port)
        for number in numbers:  # shared by the threads: each takes the next
            since = time.perf_counter()
            if number >= len(times) if plan.rate else since - start >= plan.seconds:
                break
            if plan.rate:
                since = start + times[number]
                time.sleep(max(0.0, since - time.perf_counter()))
            kind, body = _kind(number, plan.faulty), bodies[number % len(bodies)]
            status = _one(line, target, kind, _bad(number) if kind == "bad" else body)
            with lock:
                _note(load, kind, status, time.perf_counter() - since)
        line.close()

    threads = [Thread(target=work) for _ in range(plan.connections)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    load.seconds = time.perf_counter() - start
    return load


def _kind(number: int, faulty: bool) -> Kind:
    if faulty and number % BAD_EVERY == 7:
        return "bad"
    if faulty and number % HANG_UP_EVERY == 11:
        return "half sent" if number // HANG_UP_EVERY % 2 else "hung up"
    return "good"


def _bad(number: int) -> bytes:
    return BAD[number // BAD_EVERY % len(BAD)]


def _one(line: Line, target: Target, kind: Kind, body: bytes) -> int:
    """The status of the answer; 0 where there was none."""
    request = target.request(body)
    try:
        if kind in ("good", "bad"):
            return line.ask(request)[0]
        line.send(request if kind == "hung up" else request[: -len(body) // 2])
        line.close()
    except (LostError, OSError):
        line.close()
    return 0


def _note(load: Load, kind: Kind, status: int, seconds: float) -> None:
    if kind in ("hung up", "half sent"):
        load.hung_up += 1
    elif not status:
        load.lost += 1
    else:
        (load.of_bad if kind == "bad" else load.statuses)[status] += 1
    if kind == "good" and status == 200:
        load.milliseconds.append(seconds * 1e3)
