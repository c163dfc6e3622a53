"""Clients of all sorts at once: good ones, bad requests, and some that leave without their answer.

Of a hundred requests five are bad, and five are given up: half of it sent, all of it sent and no
answer read, or the beginning of the answer of a batch. The rest are good, each about a
conversation that has a name, and what came of each is noted.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from benchmarks.serving_client import Answer, Line, LostError, Plan, Target, paced

BAD_EVERY, LEFT_EVERY = 20, 50  # of so many requests one is bad; three are given up
BATCH = 4  # conversations of a request whose answer is not read to its end
RETRY = re.compile(rb"\r\nretry-after: *\d+", re.IGNORECASE)
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

Kind = Literal["good", "bad", "half sent", "unread", "half read"]
LEAVING: dict[int, Kind] = {11: "half sent", 27: "unread", 43: "half read"}


@dataclass(frozen=True, slots=True)
class Answered:
    """A good request that was answered with 200: when it was begun and done, of `time.time`."""

    conversation: str
    bundle: str
    begun: float
    done: float


@dataclass(slots=True)
class Outcome:
    """What came of it all.

    Attributes:
        statuses: of good requests; of_bad: of bad ones; left: requests that were given up.
        lost: requests, good or bad, without the answer that they were waiting for.
        no_retry: answers of 503 that don't say when to try again; mixed_up: answers about
            another conversation than was asked about.
    """

    seconds: float = 0.0
    answered: list[Answered] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    of_bad: Counter[int] = field(default_factory=Counter)
    left: Counter[Kind] = field(default_factory=Counter)
    lost: int = 0
    no_retry: int = 0
    mixed_up: int = 0


def troubled(targets: Sequence[Target], talks: Sequence[bytes], names: int, plan: Plan) -> Outcome:
    """Drive a server by a plan with clients of all sorts.

    Args:
        targets: the same route with several keys, since each has its own rate.
        talks: conversations as bodies; names: that are given to them in turn.
    """
    os.sched_setaffinity(0, {targets[0].core})
    found, lock, said = Outcome(), Lock(), [json.loads(body) for body in talks]

    def one(line: Line, number: int, since: float) -> None:
        kind, begun = kind_of(number), time.time()
        target = targets[number % len(targets)]
        name = f"c{number % names}"
        talk = {**said[number % names % len(said)], "conversation_id": name}
        answer = _sent(line, target, kind, _body(kind, number, talk))
        with lock:
            if kind == "good" and answer is not None and answer.status == 200:
                told = json.loads(answer.body)
                found.mixed_up += told["conversation_id"] != name
                found.answered.append(Answered(name, told["bundle"], begun, time.time()))
                found.milliseconds.append((time.perf_counter() - since) * 1e3)
            _note(found, kind, answer)

    found.seconds = paced(targets[0].port, plan, one)
    return found


def kind_of(number: int) -> Kind:
    """What the request of a number is like."""
    if number % BAD_EVERY == 7:
        return "bad"
    return LEAVING.get(number % LEFT_EVERY, "good")


def _body(kind: Kind, number: int, talk: dict[str, object]) -> bytes:
    if kind == "bad":
        return BAD[number // BAD_EVERY % len(BAD)]
    return json.dumps({"conversations": [talk] * BATCH} if kind == "half read" else talk).encode()


def _sent(line: Line, target: Target, kind: Kind, body: bytes) -> Answer | None:
    """The answer; None where there was none."""
    request = target.request(body)
    try:
        if kind in ("good", "bad"):
            return line.answer(request)
        waiting = line.send(request[: -len(body) // 2] if kind == "half sent" else request)
        if kind == "half read":
            waiting.recv(20)
        line.close()
    except (LostError, OSError):
        line.close()
    return None


def _note(found: Outcome, kind: Kind, answer: Answer | None) -> None:
    if kind not in ("good", "bad"):
        found.left[kind] += 1
    elif answer is None:
        found.lost += 1
    else:
        (found.of_bad if kind == "bad" else found.statuses)[answer.status] += 1
        found.no_retry += answer.status == 503 and not RETRY.search(answer.head)
