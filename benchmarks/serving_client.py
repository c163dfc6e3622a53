"""Clients of a server: plain sockets that are kept open, in processes of their own.

    in_turns   one request at a time, each route and the bare model in turn
    going_on   one request at a time, in conversations of which the turns before were asked about
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
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Thread
from typing import Literal, ParamSpec, TypeVar

from benchmarks.serving_bare import bare_process
from turnwise.conversations import Conversation

PATIENCE = 30.0  # seconds until an answer counts as lost
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
WARM = 20  # requests of each kind before the clock starts

Arrivals = Literal["even", "random"]
Given = ParamSpec("Given")
Result = TypeVar("Result")


class LostError(Exception):
    """The connection ended before an answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes


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
        answer = self.answer(sent)
        return answer.status, answer.body

    def answer(self, sent: bytes) -> Answer:
        """The answer.

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
        return Answer(int(head[9:12]), head, body)

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


def going_on(targets: Mapping[str, Target], said: Sequence[Conversation]) -> dict[str, list[float]]:
    """Name -> milliseconds of the last turn of conversations whose turns before were asked about.

    Each route has conversations of its own: what one asked about is known to the other.
    """
    os.sched_setaffinity(0, {one.core for one in targets.values()})
    lines = {name: Line(one.port) for name, one in targets.items()}
    found: dict[str, list[float]] = {name: [] for name in targets}
    for number, (one, name) in enumerate(zip(said, cycle(targets), strict=False)):
        turns = one.turns
        for end in range(1, len(turns) + 1, 2):  # the customer's are every other one, and the last
            asked = targets[name].request(body_of(replace(one, turns=turns[:end])))
            took = _asked(lines[name], asked)
        if number >= WARM * len(targets):
            found[name].append(took)
    return found


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
    """

    seconds: float
    connections: int
    rate: float = 0.0
    arrivals: Arrivals = "even"

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
        milliseconds: of requests that were answered with 200; lost: that had no answer.
    """

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds


def driven(target: Target, bodies: Sequence[bytes], plan: Plan) -> Load:
    """Drive a server by a plan."""
    os.sched_setaffinity(0, {target.core})
    load, lock = Load(), Lock()
    requests = [target.request(body) for body in bodies]

    def one(line: Line, number: int, since: float) -> None:
        try:
            status = line.ask(requests[number % len(requests)])[0]
        except LostError:
            status = 0
        took = (time.perf_counter() - since) * 1e3
        with lock:
            load.lost += not status
            load.statuses.update([status] if status else [])
            load.milliseconds += [took] if status == 200 else []

    load.seconds = paced(target.port, plan, one)
    return load


def paced(port: int, plan: Plan, one: Callable[[Line, int, float], None]) -> float:
    """Do something over and over, on several connections at once, as a plan says.

    Args:
        one: is given a connection, a number that counts up, and when it was due, by
            `time.perf_counter`.

    Returns:
        The seconds that it took.
    """
    numbers, times = count(), plan.times()
    start = time.perf_counter()

    def work() -> None:
        line = Line(port)
        for number in numbers:  # shared by the threads: each takes the next
            since = time.perf_counter()
            if number >= len(times) if plan.rate else since - start >= plan.seconds:
                break
            if plan.rate:
                since = start + times[number]
                time.sleep(max(0.0, since - time.perf_counter()))
            one(line, number, since)
        line.close()

    threads = [Thread(target=work) for _ in range(plan.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start
