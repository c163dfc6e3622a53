"""Runs a benchmark cell by cell: each is written as it finishes, and a second run resumes.

benchmarks/out/<name>.jsonl   one finished cell a line (git-ignored)
standard error                progress, for people
standard output               the last line is one JSON object: the whole table
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypedDict

from benchmarks.data import REPOSITORY
from benchmarks.machine import TreeMemory, machine
from turnwise.errors import TurnwiseError

OUT = REPOSITORY / "benchmarks" / "out"

SHOWN = 3

Plain = str | int | float | bool | None
Key = Mapping[str, Plain]
Figures = Mapping[str, "Plain | Mapping[str, Plain]"]


class Cell(TypedDict):
    """A finished cell: what was measured, what came out, in how many seconds, by which code."""

    key: Key
    figures: Figures
    seconds: float
    code: str


class Table:
    """The cells of one benchmark, kept in a file.

    A cell is known by its key: what was measured, on what, with which settings. Each also
    keeps the code version that made it; cells of different versions may stand in one table,
    and the final object says how many there are.

    Args:
        path: one JSON object a line; made with its folder where it is missing.
        fresh: forget what an earlier run finished.
    """

    def __init__(self, path: Path, fresh: bool = False) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            path.unlink(missing_ok=True)
        self._cells = {_name(cell["key"]): cell for cell in _read(path)}
        self._wanted: list[str] = []

    def cell(self, key: Key, measure: Callable[[], Figures]) -> Figures:
        """Return the figures of a cell: those kept, or those that `measure` returns now."""
        name = _name(key)
        self._wanted.append(name)
        if name not in self._cells:
            say(f"{_shown(key)} ...")
            start = time.perf_counter()
            figures = dict(measure())
            seconds = round(time.perf_counter() - start, 1)
            self._cells[name] = Cell(
                key=dict(key), figures=figures, seconds=seconds, code=code_version()
            )
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._cells[name]) + "\n")
        kept = self._cells[name]["figures"]
        say(f"{_shown(key)}\n    {_shown(kept)}")
        return kept

    def asked(self) -> list[Cell]:
        """The cells that this run asked for, in its order."""
        return [self._cells[one] for one in dict.fromkeys(self._wanted) if one in self._cells]


def _read(path: Path) -> list[Cell]:
    """The finished cells of a file; a line that a kill cut short is passed over, and ended."""
    if not path.exists():
        return []
    written = path.read_text(encoding="utf-8")
    if written and not written.endswith("\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    cells: list[Cell] = []
    for line in written.splitlines():
        try:
            cells.append(json.loads(line))
        except ValueError:
            say(f"{path}: a cell that was cut short is measured again")
    return cells


@cache
def code_version() -> str:
    """The first 12 hex digits of the sha256 over all sources of library and benchmarks."""
    digest = sha256()
    for folder in (REPOSITORY / "src" / "turnwise", REPOSITORY / "benchmarks"):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def say(text: str) -> None:
    """Progress for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def _name(key: object) -> str:
    return json.dumps(key, sort_keys=True)


def _shown(values: Mapping[str, object]) -> str:
    """Names and values; of a mapping within only what comes first, which is what matters most."""
    parts = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            parts.append(f"{name}({_shown(dict(islice(value.items(), SHOWN)))})")
        else:
            parts.append(f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}")
    return " ".join(parts)


def parser(description: str, hours: str) -> argparse.ArgumentParser:
    """The options that every benchmark has.

    Args:
        hours: what the full form takes, and on what.
    """
    made = argparse.ArgumentParser(description=description, epilog=f"Full form: {hours}.")
    made.add_argument("--quick", action="store_true", help="smoke form: one seed, 3,000 turns")
    made.add_argument("--data", type=Path, help="folder of the public data sets")
    made.add_argument("--fresh", action="store_true", help="measure again what is kept")
    return made


def run(
    name: str,
    options: argparse.Namespace,
    measure: Callable[[Table, argparse.Namespace], Mapping[str, object]],
) -> int:
    """Run a benchmark and print its final object; return the exit code (2: the user's to mend).

    The quick form keeps its cells in a file of its own and always measures anew.
    """
    quick = bool(options.quick)
    path = OUT / f"{name}{'.quick' if quick else ''}.jsonl"
    try:
        facts = machine()
        table = Table(path, fresh=quick or options.fresh)
        start = time.perf_counter()
        with TreeMemory() as memory:
            summary = measure(table, options)
    except TurnwiseError as error:
        say(str(error))
        return 2
    final = {
        "benchmark": name,
        "quick": quick,
        **summary,
        "machine": asdict(facts),
        "peak_mb": memory.peak_mb,
        "seconds": round(time.perf_counter() - start, 1),
        "code_versions": len({cell["code"] for cell in table.asked()}),
        "cells": table.asked(),
    }
    print(json.dumps(final), flush=True)
    return 0


def seeds_of(text: str) -> Sequence[int]:
    """`0,1,2` as numbers, for argparse."""
    return tuple(int(part) for part in text.split(","))
