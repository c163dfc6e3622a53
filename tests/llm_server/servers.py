"""Real servers, where they are installed: found, started with the tiny model, and ended."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
OWN = REPOSITORY / ".venv-llm" / "bin" / "python"  # where `make test-llm` installs llama_cpp.server
CONTEXT = 4096  # tokens of one prompt and its answer
AT_ONCE = 4  # answers that llama-server works on at a time; llama_cpp.server takes one by one
START = 60.0  # seconds
NAMES = ("llama_cpp.server", "llama-server")


@dataclass(frozen=True)
class RealServer:
    """A server that runs; `log` is what it writes."""

    name: str
    url: str
    log: Path


def installed() -> list[str]:
    """The servers that can be started here.

    What `make test-llm` names is taken to be there, and fails the tests where it is not: it was
    asked for.
    """
    here = [_python() is not None, shutil.which("llama-server") is not None]
    return [name for name, found in zip(NAMES, here, strict=True) if found]


def _python() -> str | None:
    """The interpreter that has llama_cpp.server."""
    if named := os.environ.get("TURNWISE_LLM_PYTHON"):
        return named
    if OWN.with_name("llama_cpp.installed").exists():
        return str(OWN)
    return sys.executable if find_spec("llama_cpp") and find_spec("uvicorn") else None


def _command(name: str, model: Path, port: int) -> list[str]:
    """How a server is started."""
    place = ["--host", "127.0.0.1", "--port", str(port), "--model", str(model)]
    if name == "llama-server":
        context = ["--ctx-size", str(CONTEXT * AT_ONCE), "--parallel", str(AT_ONCE)]
        return [name, *place, "--alias", "tiny", *context, "--threads", "1"]
    limits = ["--n_ctx", str(CONTEXT), "--n_threads", "1"]
    return [str(_python()), "-m", name, *place, "--model_alias", "tiny", *limits]


@contextmanager
def running(name: str, model: Path, folder: Path) -> Iterator[RealServer]:
    """Run a server while in the context."""
    port = _free_port()
    words = _command(name, model, port)
    server = RealServer(name, f"http://127.0.0.1:{port}/v1", folder / f"{name}.log")
    with (
        server.log.open("wb") as log,
        subprocess.Popen(words, cwd=folder, stdout=log, stderr=log) as process,
    ):
        try:
            _wait(server, process)
            yield server
        finally:
            process.kill()


def _wait(server: RealServer, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; while it loads its model it does not, or says 503."""
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"{server.name} did not start:\n{server.log.read_text('utf-8', 'replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
