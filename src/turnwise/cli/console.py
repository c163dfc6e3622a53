"""What the command line prints: bars on a terminal, plain lines elsewhere, JSON when asked."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from turnwise.progress import Progress

PLAIN_EVERY = 5.0  # seconds between two plain lines about the same work


@contextmanager
def progress_display() -> Iterator[Progress]:
    """Give a progress callback that writes to standard error, leaving standard output alone."""
    if not sys.stderr.isatty():
        yield _PlainLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int, note: str = "", /) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None, note="")
            bars.update(tasks[what], completed=done, total=total or None, note=note)

        yield show


class _PlainLines:
    """One line when work begins, one every few seconds, one when it is done."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, what: str, done: int, total: int, note: str = "", /) -> None:
        now = time.monotonic()
        finished = total > 0 and done >= total
        if finished or now - self._last.get(what, -PLAIN_EVERY) >= PLAIN_EVERY:
            self._last[what] = now
            of = f"/{total:,}" if total else ""
            rest = f" ({note})" if note else ""
            print(f"{what}: {done:,}{of}{rest}", file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(plain(value), ensure_ascii=False))


def plain(value: Any) -> Any:
    """Dataclasses, paths and tuples as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    return str(value) if isinstance(value, Path) else value


def print_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], names: bool = False
) -> None:
    """Print a table; every column but the first is aligned right.

    Args:
        names: the first column holds names to be copied, which are not broken.
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for position, name in enumerate(head):
        whole = names and not position
        table.add_column(
            name, justify="right" if position else "left", overflow="fold", no_wrap=whole
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console().print(table)


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"
