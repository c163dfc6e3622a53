"""10,000 requests that mean harm, sent to a server: none is served unless it is valid.

    python -m benchmarks.serving_hostile [--requests N] [--seed S] [--bundle DIR]

Seven in ten are bodies, sent as HTTP wants it (`hostile_bodies`); the rest are wires that are no
HTTP, and some come byte by byte (`hostile_wires`). Each of eight clients draws its own from the
seed. Held against:

    served      200 only for a body that is valid by the server's OpenAPI document, as another
                library reads it; and no valid body is refused
    errors      no status of 5xx but 503; each refusal in the one shape that is documented
    alive       the same process answers a good request at the end, and its log names no fault
    memory      resident at the end at most 5% above what it was after half of the requests

The last line is one JSON object; the exit code is 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from benchmarks.hostile_bodies import FINE, Hostile, Judge, hostile
from benchmarks.hostile_wires import exchanged, refusal, slow, whole, wire
from benchmarks.machine import machine
from benchmarks.runner import say
from benchmarks.serving_bundles import trained
from benchmarks.serving_client import Line, LostError
from benchmarks.serving_server import Running, cores, running
from turnwise.serving.http import SCOPES, add_key

PATHS = ("/v1/classify", "/v1/decide")
CLIENTS = 8
BODIES, SLOW = 0.7, 0.01  # shares of the requests
GROWTH = 0.05
READ = 1_000_000  # bytes of a body; who sends more may find the connection closed while at it
SHOWN = 10  # requests of each sort that should not have been


@dataclass(slots=True)
class Found:
    """What came of it.

    Attributes:
        statuses: kind -> status, 0 where the server closed without an answer -> how often.
        let_in: requests answered with 200 that are not valid; kept_out: valid ones that were
            refused; misshapen: refusals of another shape; lost: bodies without any answer.
    """

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    let_in: list[str] = field(default_factory=list)
    kept_out: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def note(self, kind: str, status: int) -> None:
        self.statuses.setdefault(kind, Counter())[status] += 1

    @property
    def faults(self) -> int:
        """Answers of 5xx but 503."""
        return sum(
            number
            for counted in self.statuses.values()
            for status, number in counted.items()
            if status >= 500 and status != 503
        )


@dataclass(frozen=True, slots=True)
class Attack:
    """A client's part: so many requests from a seed, at a server on a port."""

    port: int
    key: str
    judge: Judge
    found: Found
    lock: Lock

    def run(self, seed: int, requests: int) -> None:
        """Send them one after the other."""
        draw, line = random.Random(seed), Line(self.port)
        for _ in range(requests):
            path, sort = draw.choice(PATHS), draw.random()
            if sort < BODIES:
                self._body(line, path, hostile(draw))
                continue
            line.close()  # rather than have it wait: a connection that idles may be closed
            if sort < BODIES + SLOW:
                self._raw("slow", slow(draw, path, self.key), drip=b" " * 400)
            else:
                self._raw(*wire(draw, path, self.key))
        line.close()

    def _body(self, line: Line, path: str, sent: Hostile) -> None:
        valid = self.judge.valid(path, sent)
        try:
            status, body = line.ask(whole(path, self.key, sent))
        except LostError:
            status, body = 0, b""
        told = (
            f"{path} {sent.kind} {dict(sent.headers)} {sent.body[:300]!r} {status} {body[:200]!r}"
        )
        with self.lock:
            self.found.note(sent.kind, status)
            self.found.let_in += [told] if status == 200 and not valid else []
            self.found.kept_out += [told] if 400 <= status < 500 and valid else []
            self.found.lost += [told] if not status and len(sent.body) <= READ else []
            self.found.misshapen += [told] if status >= 400 and not refusal(body) else []

    def _raw(self, kind: str, sent: bytes, drip: bytes = b"") -> None:
        answer = exchanged(self.port, sent, drip)
        status = int(answer[9:12]) if answer[:7] == b"HTTP/1." else 0
        with self.lock:
            self.found.note(kind, status)
            self.found.let_in += [f"{kind} {sent[:500]!r}"] if status == 200 else []


def attacked(port: int, key: str, seed: int, requests: int) -> Found:
    """Send requests from some clients at once."""
    judge = Judge(json.loads(_got(port, "GET", "/openapi.json", key)[1]))
    found, lock = Found(), Lock()
    one = Attack(port, key, judge, found, lock)
    seeds = [seed * CLIENTS + at for at in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one.run, seeds, [requests // CLIENTS] * CLIENTS))
    return found


def served(port: int, key: str) -> bool:
    """Whether good requests are answered."""
    body = json.dumps(FINE).encode()
    return all(_got(port, "POST", path, key, body)[0] == 200 for path in PATHS)


def _got(port: int, method: str, path: str, key: str, body: bytes = b"") -> tuple[int, bytes]:
    request = whole(path, key, Hostile("good", body)).replace(b"POST", method.encode(), 1)
    line = Line(port)
    try:
        return line.ask(request)
    finally:
        line.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bundle", type=Path, help="a bundle instead of one of the sample")
    chosen = parser.parse_args(arguments)
    facts = asdict(machine())
    with TemporaryDirectory(prefix="turnwise-hostile-") as name:
        folder = Path(name)
        bundle = chosen.bundle or trained(folder / "work")
        key = add_key(folder / "keys.json", "hostile", SCOPES)
        log = folder / "server.log"
        said = {"bundle": str(bundle), "keys": str(folder / "keys.json")}
        with running(log, cores()[0], **said) as server:
            figures, held = _measured(server, key, chosen.seed, chosen.requests, log)
    told = {"benchmark": "serving_hostile", **figures, "held": held, "machine": facts}
    print(json.dumps(told), flush=True)
    return 0 if all(held.values()) else 1


def _measured(
    server: Running, key: str, seed: int, requests: int, log: Path
) -> tuple[dict[str, object], dict[str, bool]]:
    start, halves, resident = time.perf_counter(), list[Found](), list[float]()
    for half in (0, 1):
        halves.append(attacked(server.port, key, 2 * seed + half, requests // 2))
        resident.append(server.resident_now())
        say(f"{half + 1} of 2: {resident[-1]} MB")
    alive = server.process.poll() is None and served(server.port, key)
    kinds = sorted({kind for one in halves for kind in one.statuses})
    statuses = {
        kind: sum((one.statuses.get(kind, Counter()) for one in halves), Counter())
        for kind in kinds
    }
    wrong = {
        name: [told for one in halves for told in getattr(one, name)]
        for name in ("let_in", "kept_out", "misshapen", "lost")
    }
    for name, told in wrong.items():
        for one in told[:SHOWN]:
            say(f"{name}: {one}")
    counted = sum(statuses.values(), Counter())
    faults = sum(one.faults for one in halves)
    growth = resident[1] / resident[0] - 1
    figures: dict[str, object] = {
        "requests": counted.total(),
        "seconds": round(time.perf_counter() - start, 1),
        "errors_5xx": faults,
        "statuses": {str(status): number for status, number in sorted(counted.items())},
        "kinds": {
            kind: {str(status): number for status, number in sorted(of_kind.items())}
            for kind, of_kind in statuses.items()
        },
        **{name: len(told) for name, told in wrong.items()},
        "resident_mb_half": resident[0],
        "resident_mb_end": resident[1],
        "growth": round(growth, 4),
    }
    held = {
        "served": not wrong["let_in"] and not wrong["kept_out"],
        "errors": not faults and not wrong["misshapen"] and not wrong["lost"],
        "alive": alive and "Error at" not in log.read_text(encoding="utf-8"),
        "memory": growth <= GROWTH,
    }
    return figures, held


if __name__ == "__main__":
    sys.exit(main())
