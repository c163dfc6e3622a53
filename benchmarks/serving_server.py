"""The servers that are measured, each a process of its own on the server's core.

    ours    turnwise.serving.http.serve with the defaults of `turnwise serve`: keys asked for, every
            request and every decision logged, retrieval for turns in doubt; only a key's rate is
            raised, and vectors of earlier turns are kept where it is said
    rival   FastAPI around a transformers pipeline in torch, same encoder weights, one label head
            (of weights that nobody trained: speed is all that is asked of it), a plain `def`

Run as a program it serves what its one argument, JSON, says.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from pydantic import BaseModel

from benchmarks.data import REPOSITORY

NO_LIMIT = 1e9
RIVAL_PATH = "/classify"
TURNWISE = str(Path(sys.executable).with_name("turnwise"))
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that was started.

    Attributes:
        resident: memory in MB (2**20 bytes) when it was ready.
    """

    process: subprocess.Popen[str]
    port: int
    resident: float

    def resident_now(self) -> float:
        """Its memory in MB by now."""
        return resident_mb(self.process.pid)


def cores() -> tuple[int, int]:
    """The server's core and the clients'; the same one where there is one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


def resident_mb(process: int) -> float:
    """The memory that a process holds resident, in MB (2**20 bytes)."""
    return round(psutil.Process(process).memory_info().rss / 2**20, 1)


@contextmanager
def running(log: Path, core: int, **said: object) -> Iterator[Running]:
    """Start a server by what it is told, and stop it at the end."""
    command = [sys.executable, "-m", "benchmarks.serving_server", json.dumps(said)]
    with started(command, log, {core}) as found:
        yield found


@contextmanager
def started(command: list[str], log: Path, cores: set[int]) -> Iterator[Running]:
    """Start a command that prints its address, on some cores, and stop it at the end."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # what is started inherits it
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    os.sched_setaffinity(0, before)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1:]
        if not address:
            raise RuntimeError(f"{command} did not start:\n{log.read_text()[-2000:]}")
        yield Running(process, urlsplit(address[0]).port or 0, resident_mb(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    said = json.loads(sys.argv[1])
    if "source" in said:
        rival(**said)
    else:
        ours(**said)


def ours(bundle: str, keys: str, work: str = "", keeps: bool = False) -> None:
    """Serve as `turnwise serve` does.

    Args:
        work: the workspace to log decisions to, none: nowhere.
        keeps: whether vectors of earlier turns are kept, as `turnwise serve` does. Where the same
            conversations are sent again and again, nothing would be left to measure.
    """
    from benchmarks.serving_bare import keep_nothing
    from turnwise.serving import Retrieval
    from turnwise.serving.http import ServerConfig, serve
    from turnwise.workspace import Workspace

    if not keeps:
        keep_nothing()
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("turnwise.serving").setLevel(logging.INFO)
    config = ServerConfig(Path(bundle), port=0, keys=Path(keys), rate=NO_LIMIT, burst=NO_LIMIT)
    log = Workspace.open(Path(work)).decision_log if work else None
    serve(config, Retrieval, lambda address: print(address, flush=True), log)


class Asked(BaseModel):
    """What the rival is asked."""

    messages: list[dict[str, str]]


def rival(source: str, labels: int) -> None:
    """Serve what a first version of such a service is most often made of."""
    import socket

    import torch
    import uvicorn
    from fastapi import FastAPI
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    logging.getLogger("transformers").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=labels)
    tokenizer = AutoTokenizer.from_pretrained(source)
    classifier = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    app = FastAPI()

    @app.post(RIVAL_PATH)
    def classify(asked: Asked) -> list[dict[str, Any]]:
        text = f" {tokenizer.sep_token} ".join(one["content"] for one in asked.messages)
        found: list[dict[str, Any]] = classifier(text, truncation=True, max_length=256)
        return found

    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, log_level="warning")
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
