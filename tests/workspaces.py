"""Workspaces that are made once and copied: what is large in a copy is linked."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def copy_folder(source: Path, target: Path) -> Path:
    """Copy a workspace or a bundle; models are hard links, so replace one, don't write into it."""
    return Path(shutil.copytree(source, target, copy_function=_linked_if_large))


def _linked_if_large(source: str, target: str) -> None:
    if source.endswith(".onnx"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one of the test processes makes for all of them; nobody may change it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a new one for each run, with a folder of each process in it
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / name).exists():
            unfinished = factory.mktemp(name) / name
            make(unfinished)
            unfinished.rename(base / name)
    return base / name
