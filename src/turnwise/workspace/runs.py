"""Runs: which command was given when, with which settings, and what came of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from turnwise.workspace import tables as t
from turnwise.workspace.database import Database

Json = Mapping[str, Any]  # what json.dumps takes, as the command gave it
Ended = Literal["finished", "failed"]
Status = Literal["running", "finished", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command.

    Attributes:
        command: its name; key: sha256 of its inputs; config: its settings, every default filled.
        status: `interrupted` when its process is gone and it has not ended.
        started_at, ended_at: in UTC.
        host, pid: where it runs or ran.
        result: what the command says it did; strings that may quote a customer are taken out
            when conversations are forgotten.
    """

    id: int
    command: str
    key: str
    config: Json
    status: Status
    started_at: datetime
    ended_at: datetime | None
    host: str
    pid: int
    result: Json | None


def begin_run(database: Database, command: str, config: Json, key: str) -> int:
    """Note that a command has begun; returns the number of the run."""
    values = {
        "command": command,
        "key": key,
        "config": dict(config),
        "status": "running",
        "started_at": datetime.now(UTC).isoformat(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_start": _process_start(os.getpid()),
    }
    with database.writing() as connection:
        added = connection.execute(t.runs.insert().values(values))
        assert added.inserted_primary_key is not None
        return int(added.inserted_primary_key[0])


def end_run(database: Database, run: int, status: Ended, result: Json | None) -> None:
    """Note how a run ended.

    Raises:
        ValueError: there is no such run.
    """
    values = {
        "status": status,
        "ended_at": datetime.now(UTC).isoformat(),
        "result": None if result is None else dict(result),
    }
    with database.writing() as connection:
        changed = connection.execute(t.runs.update().where(t.runs.c.id == run).values(values))
    if changed.rowcount != 1:
        raise ValueError(f"there is no run {run}")


def finished_run(database: Database, command: str, key: str) -> Run | None:
    """The latest run of a command on the same inputs that finished, if any."""
    c = t.runs.c
    query = (
        sa.select(t.runs)
        .where(c.command == command, c.key == key, c.status == "finished")
        .order_by(c.id.desc())
        .limit(1)
    )
    with database.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _run(row)


def read_runs(database: Database) -> list[Run]:
    """Every run, the earliest first."""
    with database.reading() as connection:
        return [_run(row) for row in connection.execute(sa.select(t.runs).order_by(t.runs.c.id))]


def _run(row: sa.Row[Any]) -> Run:
    gone = row.status == "running" and not _may_be_alive(row.host, row.pid, row.process_start)
    return Run(
        id=row.id,
        command=row.command,
        key=row.key,
        config=row.config,
        status="interrupted" if gone else row.status,
        started_at=datetime.fromisoformat(row.started_at),
        ended_at=datetime.fromisoformat(row.ended_at) if row.ended_at else None,
        host=row.host,
        pid=row.pid,
        result=row.result,
    )


def _may_be_alive(host: str, pid: int, process_start: str) -> bool:
    """Whether a process still runs; of one on another host nothing can be told: it may."""
    if host != socket.gethostname():
        return True
    if process_start:
        return _process_start(pid) == process_start
    if os.name != "posix":  # there, signal 0 is no question but the end of the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _process_start(pid: int) -> str:
    """When a process started, as Linux tells it: boot and clock ticks; else empty.

    Tells a process from a later one that was given the same number.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # The name, in brackets, may hold anything; starttime is the 20th field behind it.
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
    return f"{boot} {ticks}"
