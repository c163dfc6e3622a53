"""How fast decisions are answered over HTTP, beside the bare model and beside a usual server.

    python -m benchmarks.serving [--minutes N] [--bundle DIR] [--quick]

    start       `turnwise serve` from its first instruction until /readyz says so; memory then
    latency     one request at a time, contexts of 16, 64 and 128 tokens: /v1/classify, /v1/decide
                and the bare model (`InferenceSession.run` on the very arrays that the server
                feeds) in turn, as difference and ratio of P50 and P99
    throughput  closed loop, more connections until no more is gained: requests a second of both
                routes, of the bare model, and of FastAPI around a transformers pipeline in torch
                with the same encoder; all take turns, and each has its fastest round.
                `cpu_ms` is what a request costs the server's process in time of a core,
                which a busy machine changes less
    half        latency at half of the highest throughput, requests at even distances and at
                random ones (Poisson), from the time at which each was due
    soak        80% of the highest throughput for N minutes, 5% bad requests and 2% that nobody
                waits for: errors, lost requests, memory

The server has one core, and the bare model and the rival the same one when it is their turn, each
with one thread; clients, processes of their own, have another. With two cores that is as far apart
as they come: the kernel's share of the sockets, and what else runs on the machine, lie on both;
`others` says how many cores that took. Bundles can't be switched yet, and nothing is exposed: the
soak is without both. The bundle is trained on the sample, by default. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.runner import Figures, Key, Table, parser, run, say
from benchmarks.serving_bare import SAMPLE, TURNS
from benchmarks.serving_client import Target
from benchmarks.serving_measures import (
    FULL,
    QUICK,
    TOKENS,
    Bench,
    half,
    latency,
    seen,
    soak,
    start,
    throughput,
)
from benchmarks.serving_server import RIVAL_PATH, TURNWISE, Running, running
from turnwise.bundle import Bundle
from turnwise.encoders import DEFAULT_ENCODER
from turnwise.encoders.source import encoder_source
from turnwise.project import current_bundle
from turnwise.serving.http import SCOPES, add_key

ROUTES = {"classify": "/v1/classify", "decide": "/v1/decide"}
AIMS = {
    "p50_over_bare_ms": 1.5,
    "p50_ms": 6.0,
    "p99_at_half_ms": 15.0,
    "throughput_of_bare": 0.7,
    "throughput_over_rival": 4.0,
    "ready_seconds": 3.0,
    "resident_mb": 400.0,
}
AT_LEAST = ("throughput_of_bare", "throughput_over_rival")


def main(arguments: Sequence[str] | None = None) -> int:
    hours = "about 20 minutes on 2 cores, half of it the soak"
    options = parser((__doc__ or "").partition("\n")[0], hours)
    options.add_argument("--minutes", type=float, help="of the soak; default: 10, quick 0.5")
    options.add_argument("--bundle", type=Path, help="a bundle instead of one of the sample")
    chosen = options.parse_args(arguments)
    chosen.fresh = True  # a speed is worth nothing beside one of another day
    return run("serving", chosen, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table; returns what is held against the aims."""
    sizes = QUICK if options.quick else FULL
    sizes = replace(sizes, minutes=options.minutes or sizes.minutes)
    server, client = _cores()
    with TemporaryDirectory(prefix="turnwise-serving-") as name:
        folder = Path(name)
        bundle = options.bundle or trained(folder, sizes.sample)
        key = add_key(folder / "keys.json", "benchmark", SCOPES)
        bench = Bench(bundle.resolve(), folder, sizes, server, client, key)
        begun = table.cell({"what": "start"}, seen(partial(start, bench)))
        _keep_to(client)
        facts = _facts(bench)
        return {**facts, **_reached(begun, *_served(table, bench))}


def _cores() -> tuple[int, int]:
    """The server's core and the clients'; the same one where there is one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


def _keep_to(core: int) -> None:
    """Keep this process off the server's core, and what watches its memory behind the clients."""
    for thread in map(int, os.listdir("/proc/self/task")):
        os.sched_setaffinity(thread, {core})
        if thread != os.getpid():
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def trained(folder: Path, conversations: int) -> Path:
    """A bundle of the sample, by the commands and defaults that a user has."""
    lines = (SAMPLE / "conversations.jsonl").read_text(encoding="utf-8").splitlines(True)
    (folder / "part.jsonl").write_text("".join(islice(lines, conversations)), encoding="utf-8")
    work = folder / "work"
    commands: list[list[str | Path]] = [
        ["init", work, "--taxonomy", SAMPLE / "taxonomy.yaml", "--seed", "18", "--test", "10"],
        ["import", folder / "part.jsonl", "-w", work],
        ["label", "-w", work],
        ["train", "-w", work],
    ]
    for command in commands:
        say(f"turnwise {command[0]} ...")
        subprocess.run([TURNWISE, *command], check=True, stdout=subprocess.DEVNULL)
    return current_bundle(work)


def _served(table: Table, bench: Bench) -> tuple[Mapping[int, Figures], Figures, Figures, Figures]:
    """The cells of running servers: latency by tokens, throughput, at half of it, soak."""
    log, keys = bench.folder, str(bench.keys)
    with ExitStack() as servers:
        ours = running(log / "ours.log", bench.server, bundle=str(bench.bundle), keys=keys)
        server = servers.enter_context(ours)
        routes = {
            name: Target(server.port, path, bench.key, bench.client, server.process.pid)
            for name, path in ROUTES.items()
        }
        latencies = {
            tokens: table.cell(
                {"what": "latency", "tokens": tokens}, seen(partial(latency, bench, routes, tokens))
            )
            for tokens in TURNS
        }
        other = servers.enter_context(_rival(bench)) if _has_rival() else None
        targets = dict(routes)
        if other is not None:
            targets["rival"] = Target(other.port, RIVAL_PATH, "", bench.client, other.process.pid)
        highest = table.cell(
            {"what": "throughput", "tokens": TOKENS}, seen(partial(throughput, bench, targets))
        )
        rates = {name: float(str(highest[name])) for name in ROUTES}
        at_half = table.cell({"what": "half"}, seen(partial(half, bench, routes, rates)))
        key: Key = {"what": "soak", "minutes": bench.sizes.minutes}
        soaked = partial(soak, bench, routes["decide"], rates["decide"], server)
        return latencies, highest, at_half, table.cell(key, seen(soaked))


def _has_rival() -> bool:
    if all(importlib.util.find_spec(one) for one in ("torch", "transformers")):
        return True
    say("torch and transformers are not installed: the rival's figures are null")
    return False


def _rival(bench: Bench) -> AbstractContextManager[Running]:
    labels = len(Bundle.load(bench.bundle, verify=False).taxonomy.dimensions[0].names)
    source = str(encoder_source(DEFAULT_ENCODER))
    return running(bench.folder / "rival.log", bench.server, source=source, labels=labels)


def _facts(bench: Bench) -> Mapping[str, object]:
    manifest = Bundle.load(bench.bundle, verify=False).manifest
    apart = bench.server != bench.client
    return {
        "bundle": manifest.id,
        "encoder": manifest.encoder.id,
        "precision": manifest.precision,
        "dimensions": len(manifest.temperatures),
        "model_threads": 1,
        "pinned": f"server, bare model and rival on core {bench.server}, "
        f"clients on core {bench.client}{'' if apart else ': the same one'}",
        "not_covered": "switching of bundles, exposures",
    }


def _reached(
    begun: Figures,
    latencies: Mapping[int, Figures],
    highest: Figures,
    at_half: Figures,
    soaked: Figures,
) -> Mapping[str, object]:
    """What is held against the aims; of both routes the worse, of the throughput `classify`."""
    at = latencies[TOKENS]
    found = {
        "p50_over_bare_ms": _worst(at, "_over_bare_p50_ms"),
        "p50_ms": _worst(at, "_p50_ms"),
        "p99_at_half_ms": _worst(at_half, "_even_p99_ms"),
        "throughput_of_bare": highest["classify_of_bare"],
        "throughput_over_rival": highest["classify_over_rival"],
        "ready_seconds": begun["ready_seconds"],
        "resident_mb": soaked["resident_mb_most"],
    }
    reached = {
        name: None if value is None else _holds(name, float(str(value)))
        for name, value in found.items()
    }
    return {"found": found, "aims": AIMS, "reached": reached}


def _worst(figures: Figures, ending: str) -> float:
    return max(float(str(figures[f"{name}{ending}"])) for name in ROUTES)


def _holds(name: str, value: float) -> bool:
    return value >= AIMS[name] if name in AT_LEAST else value <= AIMS[name]


if __name__ == "__main__":
    sys.exit(main())
