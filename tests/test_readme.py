"""The README is followed: each command on the whole sample, the Python example on a part."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.S)
CONSOLE = [
    line.removeprefix("$ ").split("  #")[0].strip()
    for kind, text in BLOCKS
    if kind == "console"
    for line in text.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder that looks as the repository does to somebody who stands in it."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "examples").symlink_to(REPOSITORY / "examples")
    return folder


def run(folder: Path, *command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_two_commands_are_targets_of_make():
    listed = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for target in ("demo", "test"):
        assert f"make {target}" in CONSOLE
        assert f"\n{target}" in listed.stdout


def test_the_commands_do_what_they_say_one_after_the_other(folder):
    said = [run(folder, "bash", "-c", one) for one in CONSOLE if "turnwise" in one]
    assert "Imported 250 conversations" in said[1]
    assert "Labelled 130 conversations" in said[3]
    assert "Tested on 399 turns of 60 held-back conversations" in said[5]
    assert "Route to" in said[6]


def test_the_python_example_is_under_ten_lines_and_runs(tmp_path, sample_slice):
    sample = tmp_path / "examples" / "larkspur"
    sample.mkdir(parents=True)
    (sample / "taxonomy.yaml").symlink_to(REPOSITORY / "examples/larkspur/taxonomy.yaml")
    (sample / "conversations.jsonl").symlink_to(sample_slice)
    (example,) = [text for kind, text in BLOCKS if kind == "python"]
    assert len(example.splitlines()) < 10
    # The whole sample is what the commands above run on.
    smaller = example.replace("seed=60, test=60", "seed=18, test=10")
    assert smaller != example
    out = run(tmp_path, sys.executable, "-c", smaller)
    assert re.findall(r"'(\w+)': \(", out) == ["domain", "intent", "issue"]


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target
