"""`turnwise serve` for long: at 80% of what it can, with switches, experiments and bad clients.

    python -m benchmarks.serving_soak [--short] [--bundle DIR]

Ten minutes, with a switch each minute; --short one minute, with a switch each ten seconds. In turn
an experiment begins between two bundles, another bundle becomes the champion (which ends it), the
next experiment begins, and the champion before is rolled back to: by the functions behind the
commands, while the server runs. Meanwhile 5% of the requests are bad and 5% are given up by their
clients (`serving_faults`). Held against:

    errors      no status of 5xx but 503 with Retry-After
    answers     no request lost, no answer about another conversation, no bad request let in
    switches    each followed, within 15 s; of an experiment's conversations each by its own arm
    exposures   whoever was answered in an experiment is in the workspace's log afterwards
    memory      the least that was resident in the last 30% of the time is at most 5% above the
                least of the 30% before: what stays, when the second bundle is gone

The last line is one JSON object; the exit code is 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from benchmarks.machine import machine
from benchmarks.runner import Figures, say
from benchmarks.serving_bare import SAMPLE, talks
from benchmarks.serving_bundles import copied, trained
from benchmarks.serving_client import Plan, Target, apart, body_of, driven
from benchmarks.serving_faults import troubled
from benchmarks.serving_server import TURNWISE, Running, cores, started
from benchmarks.serving_soak_figures import (
    PATIENCE,
    SAMPLE_SECONDS,
    Switch,
    exposed,
    verdict,
)
from turnwise.project import CURRENT
from turnwise.serving.deployment import Deployment
from turnwise.serving.http import SCOPES, add_key
from turnwise.steps import deploying

TOKENS, TALKS = 64, 64
CONNECTIONS = 32
KEYS = 4  # the rate of one is 200 a second
NAMES = 1_000  # conversations; the server keeps the states of 10,000


@dataclass(frozen=True, slots=True)
class Length:
    """How long a soak is, and how hard.

    Attributes:
        seconds: of all; every: between two switches, and half of it at least from when one was
            followed; sweep: of measuring the highest throughput before.
        share: of the highest throughput.
    """

    seconds: float
    every: float
    sweep: float
    share: float = 0.8


LONG, SHORT = Length(600, 60, 10), Length(60, 10, 3)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="one minute")
    parser.add_argument("--bundle", type=Path, help="a bundle instead of one of the sample")
    chosen = parser.parse_args(arguments)
    facts = asdict(machine())
    with TemporaryDirectory(prefix="turnwise-soak-") as name:
        work = Path(name) / "work"
        if chosen.bundle is None:
            trained(work)
        else:
            workspace(work, chosen.bundle)
        figures, held = soaked(work, SHORT if chosen.short else LONG, cores())
    told = {"benchmark": "serving_soak", **figures, "held": held, "machine": facts}
    print(json.dumps(told), flush=True)
    return 0 if all(held.values()) else 1


def workspace(work: Path, bundle: Path) -> Path:
    """A workspace with a bundle, which is its current one."""
    command: list[str | Path] = [TURNWISE, "init", work, "--taxonomy", SAMPLE / "taxonomy.yaml"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    copytree(bundle, work / "bundles" / bundle.name)
    (work / "bundles" / CURRENT).write_text(bundle.name + "\n", encoding="utf-8")
    return work


def soaked(work: Path, length: Length, pinned: tuple[int, int]) -> tuple[Figures, dict[str, bool]]:
    """Serve a workspace for so long; what came of it, and which of the promises held.

    Args:
        work: whose current bundle is the first champion; a copy of it becomes the other.
        pinned: the server's core, and the clients'.
    """
    server_core, client_core = pinned
    champion = deploying.deployment(work).champion
    other = copied(work / "bundles" / champion, f"{champion}-b").name
    file = work / "soak-keys.json"
    keys = [add_key(file, f"soak{at}", SCOPES) for at in range(KEYS)]
    command = [TURNWISE, "serve", "-w", str(work), "--keys", str(file), "--port", "0"]
    with started(command, work / "soak.log", {server_core}) as server:
        say("the highest throughput ...")
        bodies = [body_of(one) for one in talks(work / "bundles" / champion, TOKENS, TALKS)]
        target = Target(server.port, "/v1/decide", keys[0], client_core, server.process.pid)
        targets = [replace(target, key=one) for one in keys]
        highest = _highest(targets, bodies, length)
        plan = Plan(length.seconds, CONNECTIONS, length.share * highest, "random")
        names = max(1, min(NAMES, int(plan.rate * plan.seconds * 0.3)))
        say(f"{plan.seconds:g} s at {plan.rate:.1f} requests a second ...")
        with ThreadPoolExecutor(1) as beside, _watching(server) as resident:
            driving = beside.submit(partial(apart, troubled, targets, bodies, names, plan))
            done = _switching(work, (champion, other), (server.port, keys[0]), length)
            outcome = driving.result()
    exposures = exposed(work, outcome.answered, done)
    return verdict({"highest": round(highest, 1)}, outcome, done, exposures, resident)


def _highest(targets: Sequence[Target], bodies: Sequence[bytes], length: Length) -> float:
    """Requests a second in a closed loop, each client with a key of its own."""
    plan = Plan(length.sweep, 2)
    with ThreadPoolExecutor(len(targets)) as pool:
        loads = list(pool.map(lambda one: apart(driven, one, bodies, plan), targets))
    return sum(one.rate for one in loads)


@contextmanager
def _watching(server: Running) -> Iterator[list[float]]:
    """The server's memory in MB, again and again while the context is entered."""
    resident: list[float] = []

    def watch() -> None:
        while not over:
            resident.append(server.resident_now())
            time.sleep(SAMPLE_SECONDS)

    over: list[bool] = []
    with ThreadPoolExecutor(1) as beside:
        watching = beside.submit(watch)
        yield resident
        over.append(True)
        watching.result()


def _switching(
    work: Path, bundles: tuple[str, str], server: tuple[int, str], length: Length
) -> list[Switch]:
    """Begin an experiment, promote, begin the next, roll back, and so on."""
    begun = at = time.time()
    done: list[Switch] = []
    while (at := max(at + length.every, time.time() + length.every / 2)) < begun + length.seconds:
        time.sleep(max(0.0, at - time.time()))
        deployed = _step(work, bundles, len(done))
        told = time.time()
        followed = _followed(server, deployed)
        done.append(Switch(told, followed, deployed.experiment))
        say(f"switch {len(done)}, followed after {followed} s")
    return done


def _step(work: Path, bundles: tuple[str, str], step: int) -> Deployment:
    if step % 4 == 1:
        return deploying.promote(work, bundles[1])
    if step % 4 == 3:
        return deploying.roll_back(work)
    challenger = bundles[0] if step % 4 else bundles[1]
    return deploying.start_experiment(work, f"soak{step}", [(challenger, 0.5)], 10)


def _followed(server: tuple[int, str], deployed: Deployment) -> float | None:
    experiment = deployed.experiment
    wanted = {deployed.champion: 1.0} if experiment is None else experiment.shares
    since = time.perf_counter()
    while time.perf_counter() - since < PATIENCE:
        if _serving(*server) == wanted:
            return round(time.perf_counter() - since, 2)
        time.sleep(0.1)
    return None


def _serving(port: int, key: str) -> Mapping[str, float]:
    """The bundles that serve, each with its share."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", "/v1/bundles", headers={"authorization": f"Bearer {key}"})
        told = json.loads(line.getresponse().read())
    except OSError:
        return {}
    finally:
        line.close()
    return {one["id"]: one["share"] for one in told.get("bundles", ()) if one["serving"]}


if __name__ == "__main__":
    sys.exit(main())
