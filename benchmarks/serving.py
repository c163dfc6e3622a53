"""How fast decisions are answered over HTTP, beside the bare model and beside a usual server.

    python -m benchmarks.serving [--bundle DIR] [--quick]

    start       `turnwise serve` from its first instruction until /readyz says so; memory then
    latency     one request at a time, contexts of 16, 64 and 128 tokens: /v1/classify, /v1/decide
                and the bare model (`InferenceSession.run` on the very arrays that the server
                feeds) in turn, as difference and ratio of P50 and P99
    kept        the same in conversations whose turns are asked about one after the other, by a
                server that keeps the vectors of earlier turns, as `turnwise serve` does;
                everywhere else here it keeps none, for the same conversations are sent again
    throughput  closed loop, more connections until no more is gained: requests a second of both
                routes, of the bare model, and of FastAPI around a transformers pipeline in torch
                with the same encoder; all take turns, and each has its fastest round.
                `cpu_ms` is what a request costs the server's process in time of a core,
                which a busy machine changes less
    half        latency at half of the highest throughput, requests at even distances and at
                random ones (Poisson), from the time at which each was due
    soak        see serving_soak: ten minutes with switches, experiments and bad clients
                (one minute in the quick form)

The server has one core, and the bare model and the rival the same one when it is their turn, each
with one thread; clients, processes of their own, have another. With two cores that is as far apart
as they come: the kernel's share of the sockets, and what else runs on the machine, lie on both;
`others` says how many cores that took. One core each, and one model thread, is the fairest that two
cores allow: with two threads the bare model would have both, and the server would share one of them
with its client. The bundle is trained on the sample, by default. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.runner import Figures, Table, parser, run, say
from benchmarks.serving_bare import TURNS
from benchmarks.serving_bundles import trained
from benchmarks.serving_client import Target
from benchmarks.serving_measures import (
    FULL,
    QUICK,
    TOKENS,
    Bench,
    half,
    kept,
    latency,
    seen,
    start,
    throughput,
)
from benchmarks.serving_server import RIVAL_PATH, Running, cores, running
from benchmarks.serving_soak import LONG, SHORT, soaked, workspace
from turnwise.bundle import Bundle
from turnwise.encoders import DEFAULT_ENCODER
from turnwise.encoders.source import encoder_source
from turnwise.serving.http import SCOPES, add_key

KEPT = (64, 128)  # tokens of contexts that have a history
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
    options.add_argument("--bundle", type=Path, help="a bundle instead of one of the sample")
    chosen = options.parse_args(arguments)
    chosen.fresh = True  # a speed is worth nothing beside one of another day
    return run("serving", chosen, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table; returns what is held against the aims."""
    sizes = QUICK if options.quick else FULL
    server, client = cores()
    with TemporaryDirectory(prefix="turnwise-serving-") as name:
        folder = Path(name)
        bundle = options.bundle or trained(folder / "work", sizes.sample)
        key = add_key(folder / "keys.json", "benchmark", SCOPES)
        bench = Bench(bundle.resolve(), folder, sizes, server, client, key)
        begun = table.cell({"what": "start"}, seen(partial(start, bench)))
        _keep_to(client)
        facts = _facts(bench)
        served = _served(table, bench)
        table.cell({"what": "soak"}, seen(partial(_soak, bench, options.quick)))
        return {**facts, **_reached(begun, *served)}


def _keep_to(core: int) -> None:
    """Keep this process off the server's core, and what watches its memory behind the clients."""
    for thread in map(int, os.listdir("/proc/self/task")):
        os.sched_setaffinity(thread, {core})
        if thread != os.getpid():
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def _served(table: Table, bench: Bench) -> tuple[Mapping[int, Figures], Figures, Figures]:
    """The cells of running servers: latency by tokens, throughput, at half of it."""
    log, keys = bench.folder, str(bench.keys)
    work = str(workspace(bench.folder / "served", bench.bundle))
    with ExitStack() as servers:
        said = {"bundle": str(bench.bundle), "keys": keys, "work": work}
        server = servers.enter_context(running(log / "ours.log", bench.server, **said))
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
        keeps = servers.enter_context(running(log / "keeps.log", bench.server, **said, keeps=True))
        known = {name: replace(one, port=keeps.port) for name, one in routes.items()}
        for tokens in KEPT:
            table.cell(
                {"what": "kept", "tokens": tokens},
                seen(partial(kept, known, bench.bundle, tokens)),
            )
        keeps.process.terminate()
        other = servers.enter_context(_rival(bench)) if _has_rival() else None
        targets = dict(routes)
        if other is not None:
            targets["rival"] = Target(other.port, RIVAL_PATH, "", bench.client, other.process.pid)
        highest = table.cell(
            {"what": "throughput", "tokens": TOKENS}, seen(partial(throughput, bench, targets))
        )
        rates = {name: float(str(highest[name])) for name in ROUTES}
        at_half = seen(partial(half, bench, routes, rates, server))
        return latencies, highest, table.cell({"what": "half"}, at_half)


def _soak(bench: Bench, quick: bool) -> Figures:
    work = workspace(bench.folder / "soak", bench.bundle)
    figures, held = soaked(work, SHORT if quick else LONG, (bench.server, bench.client))
    return {**figures, "held": held}


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
    }


def _reached(
    begun: Figures,
    latencies: Mapping[int, Figures],
    highest: Figures,
    at_half: Figures,
) -> Mapping[str, object]:
    """What is held against the aims: of both routes the worse; over the rival, `classify`."""
    at = latencies[TOKENS]
    found = {
        "p50_over_bare_ms": _worst(at, "_over_bare_p50_ms"),
        "p50_ms": _worst(at, "_p50_ms"),
        "p99_at_half_ms": _worst(at_half, "_even_p99_ms"),
        "throughput_of_bare": min(float(str(highest[f"{name}_of_bare"])) for name in ROUTES),
        "throughput_over_rival": highest["classify_over_rival"],
        "ready_seconds": begun["ready_seconds"],
        "resident_mb": at_half["resident_mb"],
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
