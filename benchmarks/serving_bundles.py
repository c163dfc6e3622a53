"""Bundles of the sample to serve, made by the commands that a user has."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks.runner import say
from benchmarks.serving_bare import SAMPLE
from benchmarks.serving_server import TURNWISE
from turnwise.bundle.manifest import read_manifest, write_manifest
from turnwise.project import current_bundle

FEW = 40  # conversations of the sample: a bundle in a minute, as fast as one of them all


def trained(work: Path, conversations: int = FEW) -> Path:
    """A bundle of the sample, in a workspace that is made for it."""
    part = work.with_name(f"{work.name}.jsonl")
    lines = (SAMPLE / "conversations.jsonl").read_text(encoding="utf-8").splitlines(True)
    part.write_text("".join(islice(lines, conversations)), encoding="utf-8")
    commands: list[list[str | Path]] = [
        ["init", work, "--taxonomy", SAMPLE / "taxonomy.yaml", "--seed", "18", "--test", "10"],
        ["import", part, "-w", work],
        ["label", "-w", work],
        ["train", "-w", work],
    ]
    for command in commands:
        say(f"turnwise {command[0]} ...")
        subprocess.run([TURNWISE, *command], check=True, stdout=subprocess.DEVNULL)
    return current_bundle(work)


def copied(bundle: Path, name: str) -> Path:
    """The same bundle under another id, beside it."""
    other = bundle.with_name(name)
    shutil.copytree(bundle, other)
    write_manifest(replace(read_manifest(bundle), id=name), other)
    return other
