"""How fast the labelling stage is where a language model answers, and how much memory it takes.

    python -m benchmarks.labelling [--quick]

A stand-in server (`llm_server`, a process of its own) answers after a fixed 200 ms. The stage
labels a workspace by `single`, 64 calls in flight: it reads conversations, asks, checks, keeps
every answer in SQLite, and stores annotations. Its turns a second, from the first call to the
last conversation that is stored, stand beside the ideal 64 / 0.2 s, and beside those of the bare
client that is asked the same questions and keeps answers in memory. Memory is the most that the
process held, by the kernel's count, at few turns and at many, the server answering at once: of
the stage, and of all that `turnwise label --by llm` does. Each measurement is a process of its
own. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.data import REPOSITORY
from benchmarks.labelling_stage import (
    TAXONOMY,
    fill,
    label_turns,
    many,
    run_command,
    stand_in,
)
from benchmarks.llm_server import running
from benchmarks.machine import machine, own_peak_mb
from turnwise.conversations import Example, examples
from turnwise.labelling.llm import Single
from turnwise.llm import Client, Endpoint, MemoryAnswers
from turnwise.taxonomy import load_taxonomy

AIM = 0.95  # of concurrency / latency
IN_FLIGHT, LATENCY = 64, 0.2
IDEAL = IN_FLIGHT / LATENCY  # turns a second
FLAT = 1.10  # the most that memory at many turns may be of memory at few

Figures = Mapping[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer turns: half a minute")
    options.add_argument("--only", choices=("speed", "memory"), help="measure one of the two")
    options.add_argument(
        "--measure", choices=("stage", "client", "command"), help=argparse.SUPPRESS
    )
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--url", help=argparse.SUPPRESS)
    options.add_argument("--turns", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.measure:
        endpoint = Endpoint(chosen.url, "stand-in", concurrency=IN_FLIGHT)
        if chosen.measure == "stage":
            figures = label_turns(chosen.folder, endpoint)
        elif chosen.measure == "command":
            figures = run_command(chosen.folder)
        else:
            figures = asyncio.run(ask_all(endpoint, chosen.turns))
        print(json.dumps({**figures, "peak_mb": own_peak_mb()}))
        return 0
    report: dict[str, object] = {"benchmark": "labelling", "machine": asdict(machine())}
    if chosen.only != "memory":
        report |= speed(2_560 if chosen.quick else 12_800)
    if chosen.only != "speed":
        report |= memory((1_000, 5_000) if chosen.quick else (1_000, 10_000, 100_000))
    print(json.dumps(report))
    return 0


def speed(turns: int) -> Mapping[str, object]:
    """Turns a second of the stage and of the bare client, beside the ideal."""
    cells = {what: measured(what, turns, LATENCY) for what in ("client", "stage")}
    ratios = {what: round(one["turns"] / one["seconds"] / IDEAL, 3) for what, one in cells.items()}
    return {
        "turns": cells["stage"]["turns"],
        "in_flight": IN_FLIGHT,
        "latency": LATENCY,
        "turns_per_second": {
            what: round(one["turns"] / one["seconds"], 1) for what, one in cells.items()
        },
        "of_ideal": ratios,
        "aim": AIM,
        "reached": ratios["stage"] >= AIM,
        "processor_ms_a_turn": {
            what: round(one["processor_seconds"] / one["turns"] * 1000, 2)
            for what, one in cells.items()
        },
    }


def memory(sizes: Sequence[int]) -> Mapping[str, object]:
    """The most that the labelling process held, at several numbers of turns."""
    report: dict[str, object] = {}
    for what in ("stage", "command"):
        cells = [measured(what, size, 0.0) for size in sizes]
        peaks = {str(round(one["turns"])): one["peak_mb"] for one in cells}
        first, *_, last = peaks.values()
        report[what] = {
            "peak_mb_at_turns": peaks,
            "growth": round(last / first, 3),
            "flat": last / first <= FLAT,
            "turns_per_second": round(cells[-1]["turns"] / cells[-1]["seconds"]),
        }
    return {"memory": report}


def measured(what: str, turns: int, latency: float) -> Figures:
    """One measurement, in a process of its own beside a server of its own."""
    with (
        TemporaryDirectory(prefix="turnwise-labelling-") as name,
        running(stand_in(latency=latency)) as server,
    ):
        folder = Path(name) / "work"
        if what != "client":
            fill(folder, turns, Endpoint(server.url, "stand-in", concurrency=IN_FLIGHT))
        command = [sys.executable, "-m", "benchmarks.labelling", "--measure", what]
        command += ["--folder", str(folder), "--url", server.url, "--turns", str(turns)]
        done = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
        figures: Figures = json.loads(done.stdout)
        stats = server.stats()
    say(f"{what}, {turns:,} turns, {latency * 1000:.0f} ms: {figures}")
    assert stats["answered"] == stats["right"] == figures["turns"], stats
    assert stats["most_in_flight"] <= IN_FLIGHT, stats
    return figures


async def ask_all(endpoint: Endpoint, turns: int) -> Figures:
    """Ask the questions of `single` by the client alone."""
    client = Client(endpoint, MemoryAnswers())
    single = Single(client, load_taxonomy(TAXONOMY))
    some = (example for talk in many(turns) for example in examples(talk))
    todo: Iterator[Example] = iter(list(islice(some, turns)))
    start, busy = time.perf_counter(), time.process_time()

    async def ask() -> int:
        usable = 0
        for example in todo:
            reply = await client.ask(single.question(example))
            usable += reply.value is not None
        return usable

    usable = sum(await asyncio.gather(*(ask() for _ in range(IN_FLIGHT))))
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    await client.close()
    assert usable == turns
    return {"turns": turns, "seconds": seconds, "processor_seconds": processor}


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
