"""The measurements of `serving`: each function makes one cell."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np
import psutil

from benchmarks.runner import Figures, Plain, say
from benchmarks.serving_bare import bare_process, talks
from benchmarks.serving_client import (
    Arrivals,
    Load,
    Plan,
    Target,
    apart,
    body_of,
    driven,
    going_on,
    in_turns,
)
from benchmarks.serving_server import TURNWISE, Running, started

TOKENS = 64  # of the contexts of all but the latencies
TALKS = 256  # different conversations
LEVELS = (1, 2, 4, 8, 16, 32)  # connections
WAITING = 32  # connections where requests come at stated times
SHED = 503

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long everything is measured.

    Attributes:
        sample: conversations that the bundle is trained on; times: requests one at a time.
        level: seconds at one number of connections; turn, rounds: of what takes turns.
    """

    sample: int
    starts: int
    times: int
    level: float
    turn: float
    rounds: int


FULL = Sizes(250, 5, 2_000, 5.0, 10.0, 5)
QUICK = Sizes(40, 3, 300, 2.0, 4.0, 3)


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and where.

    Attributes:
        folder: for what is written meanwhile; server, client: their cores.
    """

    bundle: Path
    folder: Path
    sizes: Sizes
    server: int
    client: int
    key: str

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"


def seen(measure: Callable[[], Figures]) -> Callable[[], Figures]:
    """The same figures and `others`: cores that other processes kept busy meanwhile."""

    def measured() -> Figures:
        busy, own, since = _busy_seconds(), _own_seconds(), time.perf_counter()
        figures = measure()
        spent = _busy_seconds() - busy - (_own_seconds() - own)
        others = spent / (time.perf_counter() - since)
        return {**figures, "others": round(max(0.0, others), 2)}

    return measured


def _busy_seconds() -> float:
    """Seconds that all cores together have been busy since the machine started."""
    spent = psutil.cpu_times()
    return float(sum(spent) - spent.idle - getattr(spent, "iowait", 0.0))


def _own_seconds() -> float:
    """Seconds of cores that this process took, its children now and before, and theirs."""
    me = psutil.Process()
    return float(sum(sum(one.cpu_times()[:4]) for one in (me, *me.children(recursive=True))))


def start(bench: Bench) -> Figures:
    """From the start of the command until it is ready, on all cores; the middle of some starts."""
    cores = {bench.server, bench.client}
    command = [TURNWISE, "serve", "--bundle", str(bench.bundle), "-w", str(bench.folder)]
    command += ["--keys", str(bench.keys), "--port", "0"]
    seconds, resident = [], []
    for _ in range(bench.sizes.starts):
        began = time.perf_counter()
        with started(command, bench.folder / "start.log", cores) as found:
            if not _ready(found.port):
                raise RuntimeError("the server listens and is not ready")
            seconds.append(time.perf_counter() - began)
            resident.append(found.resident_now())
    return {
        "ready_seconds": round(float(np.median(seconds)), 2),
        "first": round(seconds[0], 2),
        "slowest": round(max(seconds), 2),
        "resident_mb": max(resident),
    }


def _ready(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("GET", "/readyz")
    status = line.getresponse().status
    line.close()
    return status == 200


def latency(bench: Bench, routes: Mapping[str, Target], tokens: int) -> Figures:
    """One request at a time, and the bare model in turn with it."""
    said = talks(bench.bundle, tokens, TALKS)
    times = bench.sizes.times
    found, fed = apart(in_turns, routes, bench.bundle, said, bench.server, times)
    figures: dict[str, Plain] = {"tokens_fed": round(fed, 1), "requests": times}
    for name, milliseconds in found.items():
        figures |= _percentiles(name, milliseconds)
    for name in routes:
        for which in ("p50", "p99"):
            ours, bare = (float(str(figures[f"{one}_{which}_ms"])) for one in (name, "bare"))
            figures[f"{name}_over_bare_{which}_ms"] = round(ours - bare, 3)
            figures[f"{name}_to_bare_{which}"] = round(ours / bare, 3)
    return figures


def kept(routes: Mapping[str, Target], bundle: Path, tokens: int) -> Figures:
    """One request at a time where a conversation's turns come one after the other."""
    found = apart(going_on, routes, talks(bundle, tokens, TALKS))
    figures: dict[str, Plain] = {"requests": min(map(len, found.values()))}
    for name, milliseconds in found.items():
        figures |= _percentiles(name, milliseconds)
    return figures


def _percentiles(name: str, milliseconds: Sequence[float]) -> dict[str, Plain]:
    middle, far = np.percentile(milliseconds, (50, 99))
    return {f"{name}_p50_ms": round(float(middle), 3), f"{name}_p99_ms": round(float(far), 3)}


def throughput(bench: Bench, targets: Mapping[str, Target]) -> Figures:
    """Requests a second of everybody, in their fastest rounds."""
    said = talks(bench.bundle, TOKENS, TALKS)
    bodies = [body_of(one) for one in said]
    swept = {name: _swept(name, bench, one, bodies) for name, one in targets.items()}
    rates: dict[str, list[float]] = {name: [] for name in ("bare", *targets)}
    costs: dict[str, list[float]] = {name: [] for name in rates}
    with bare_process(bench.bundle, said, bench.server) as (bare, _, process):
        for turn in range(bench.sizes.rounds):
            took, spent = _costing(process, partial(bare, 0, bench.sizes.turn))
            rates["bare"].append(len(took) / sum(took) * 1e3)
            costs["bare"].append(spent / len(took))
            for name, target in targets.items():
                plan = Plan(bench.sizes.turn, _best(swept[name]))
                drive = partial(apart, driven, target, bodies, plan)
                load, spent = _costing(target.process, drive)
                rates[name].append(_answered(load))
                costs[name].append(spent / load.statuses.total())
            shown = {name: round(each[-1], 1) for name, each in rates.items()}
            say(f"round {turn + 1} of {bench.sizes.rounds}: {shown} a second")
    return {
        **{name: round(max(each), 1) for name, each in rates.items()},
        **_ratios({name: max(each) for name, each in rates.items()}),
        "cpu_ms": {name: round(min(each), 2) for name, each in costs.items()},
        "of_bare_by_cpu": {
            name: round(min(costs["bare"]) / min(costs[name]), 3) for name in targets
        },
        "median": {name: round(float(np.median(each)), 1) for name, each in rates.items()},
        **{
            f"{name}_by_connections": {str(level): round(rate, 1) for level, rate in each.items()}
            for name, each in swept.items()
        },
    }


def _swept(name: str, bench: Bench, target: Target, bodies: Sequence[bytes]) -> Mapping[int, float]:
    """Connections -> requests a second, until more connections gain nothing twice."""
    found: dict[int, float] = {}
    for level in LEVELS:
        plan = Plan(bench.sizes.level, level)
        found[level] = _answered(apart(driven, target, bodies, plan))
        say(f"{name}, {level} connections: {found[level]:.1f} a second")
        if level >= 4 * _best(found):
            break
    return found


def _best(rates: Mapping[int, float]) -> int:
    return max(rates, key=lambda level: rates[level])


def _costing(process: int, work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work returns, and the milliseconds of a core that a process took meanwhile."""
    watched = psutil.Process(process)
    before = sum(watched.cpu_times()[:2])
    found = work()
    return found, (sum(watched.cpu_times()[:2]) - before) * 1e3


def _answered(load: Load) -> float:
    """Requests a second; every one of them was answered."""
    if load.lost or set(load.statuses) - {200, SHED}:
        raise RuntimeError(f"answered {dict(load.statuses)}, lost {load.lost}")
    return load.rate


def _ratios(rates: Mapping[str, float]) -> dict[str, Plain]:
    """Ours over the bare model and over the rival; null where that is not installed."""
    ours = [name for name in rates if name not in ("bare", "rival")]
    rival = rates.get("rival")
    return {
        **{f"{name}_of_bare": round(rates[name] / rates["bare"], 3) for name in ours},
        **{
            f"{name}_over_rival": None if rival is None else round(rates[name] / rival, 2)
            for name in ours
        },
    }


def half(
    bench: Bench, routes: Mapping[str, Target], rates: Mapping[str, float], server: Running
) -> Figures:
    """Latency at half of the highest throughput, and the server's memory after all of it."""
    bodies = [body_of(one) for one in talks(bench.bundle, TOKENS, TALKS)]
    figures: dict[str, Plain] = {}
    for name, target in routes.items():
        figures[f"{name}_rate"] = round(rates[name] / 2, 1)
        for arrivals in get_args(Arrivals):
            plan = Plan(2 * bench.sizes.turn, WAITING, rates[name] / 2, arrivals)
            load = apart(driven, target, bodies, plan)
            _answered(load)
            figures |= _percentiles(f"{name}_{arrivals}", load.milliseconds)
    figures["resident_mb"] = server.resident_now()
    return figures
