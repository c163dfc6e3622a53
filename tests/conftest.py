"""What many tests share: the sample, a finished workspace, and the command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.command import run_here, run_installed
from tests.workspaces import copy_folder, made_once

REPOSITORY = Path(__file__).parents[1]
SAMPLE = REPOSITORY / "examples" / "larkspur"
SLICE_SPLIT = ("--seed", 18, "--test", 10)
# Two test processes share two cores: torch's threads of both would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Each of some hundred processes that tests start would compile the same files again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
CACHE = Path(os.environ.setdefault("TURNWISE_CACHE", str(REPOSITORY / ".cache" / "turnwise")))

# How long an example takes says how busy the machine is, and nothing of what is claimed.
settings.register_profile("turnwise", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("turnwise")


@pytest.fixture(scope="session")
def turnwise():
    """Run the command within this process; gives what it said as a finished process would."""
    return run_here


@pytest.fixture(scope="session")
def installed():
    """Run the installed command, in a process of its own."""
    return run_installed


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

    def make(folder: Path) -> None:
        turnwise("init", folder, "--taxonomy", SAMPLE / "taxonomy.yaml", *SLICE_SPLIT)
        turnwise("import", sample_slice, "-w", folder)
        for command in ("stats", "label", "train", "evaluate"):
            turnwise(command, "-w", folder)

    made = made_once(tmp_path_factory, "finished", make)
    return copy_folder(made, tmp_path_factory.mktemp("finished") / "work")
