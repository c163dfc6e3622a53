"""What many tests share: the sample, the encoder (exported once), and the installed command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SAMPLE = REPOSITORY / "examples" / "larkspur"
SLICE_SPLIT = ("--seed", 18, "--test", 10)
# Two test processes share two cores: torch's threads of both would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
CACHE = Path(os.environ.setdefault("TURNWISE_CACHE", str(REPOSITORY / ".cache" / "turnwise")))


@pytest.fixture(scope="session")
def turnwise():
    """Run the installed command; gives the finished process with its output as text."""
    command = Path(sys.executable).with_name("turnwise")

    def run(*arguments: object, code: int = 0, text: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(command), *map(str, arguments)],
            input=text,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def sample_slice(tmp_path_factory) -> Path:
    """The first 40 conversations of the sample as a file of their own."""
    lines = (SAMPLE / "conversations.jsonl").read_text("utf-8").splitlines()[:40]
    path = tmp_path_factory.mktemp("slice") / "slice.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def finished(turnwise, sample_slice, tmp_path_factory) -> Path:
    """A workspace on the slice in which every command has run once; read it, don't change it."""
    folder = tmp_path_factory.mktemp("finished") / "work"
    turnwise("init", folder, "--taxonomy", SAMPLE / "taxonomy.yaml", *SLICE_SPLIT)
    turnwise("import", sample_slice, "-w", folder)
    for command in ("stats", "label", "train", "evaluate"):
        turnwise(command, "-w", folder)
    return folder
