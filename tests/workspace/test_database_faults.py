"""Full, locked, damaged, read-only: each is said in words, and nothing finished is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from workspace_samples import new_workspace, talk, talks

from turnwise.errors import WorkspaceError
from turnwise.workspace import SqliteVectorStore, Workspace, database

LONG = " ".join(["word"] * 2_000)


def fill(workspace: Workspace) -> int:
    """Add conversations until the disk is full; returns how many were stored by then."""
    for number in range(2_000):
        try:
            workspace.add([talk(f"long {number:04d}", LONG)])
        except WorkspaceError as fault:
            return number if "the disk is full" in str(fault) else pytest.fail(str(fault))
    return pytest.fail("the disk was never full")


def test_a_full_database_keeps_what_was_finished(workspace: Workspace) -> None:
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=100")

    engine = workspace._database.engine
    event.listen(engine, "checkout", limit)
    stored = fill(workspace)
    assert 0 < stored < 100
    workspace.close()
    with Workspace.open(workspace.folder) as again:
        assert len(again.ids()) == again.counts().conversations == stored
        again.add([talk("more", LONG)])


def test_a_full_disk_keeps_what_was_finished_and_goes_on_when_there_is_room() -> None:
    with small_disk() as disk:
        workspace = new_workspace(disk / "logs")
        (disk / "ballast").write_bytes(bytes(300_000))
        stored = fill(workspace)
        assert stored > 0
        with pytest.raises(WorkspaceError, match="disk"):
            workspace.vectors("encoder").put({b"key": bytes(3_000_000)})
        workspace.close()
        (disk / "ballast").unlink()
        with Workspace.open(disk / "logs") as again:
            assert len(list(again.conversations())) == again.counts().conversations == stored
            again.add([talk("more", LONG)])


@contextmanager
def small_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs root")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        shutil.rmtree(folder)


def test_a_locked_database_says_who_is_in_the_way(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.add(talks(1))
    other = sqlite3.connect(workspace.folder / "turnwise.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with Workspace.open(workspace.folder) as impatient:
        assert len(impatient.ids()) == 1, "readers need not wait"
        with pytest.raises(WorkspaceError, match="another process is writing"):
            impatient.add(talks(2))
        other.execute("ROLLBACK")
        assert impatient.add(talks(2)).added == 1


def test_a_damaged_database_says_so(workspace: Workspace) -> None:
    workspace.add(talks(500))
    workspace.close()
    file = workspace.folder / "turnwise.db"
    whole = bytearray(file.read_bytes())
    whole[8_192:] = b"\xa5" * (len(whole) - 8_192)
    file.write_bytes(whole)
    with pytest.raises(WorkspaceError, match=r"turnwise.db: the file is damaged. Restore it"):
        list(Workspace.open(workspace.folder).conversations())


def test_a_file_that_is_no_database_says_so(workspace: Workspace) -> None:
    workspace.close()
    (workspace.folder / "turnwise.db").write_text("conversations, in my own format\n" * 100)
    with pytest.raises(WorkspaceError, match=r"no SQLite database. Restore it"):
        Workspace.open(workspace.folder)


def test_a_read_only_folder_says_so() -> None:
    folder = Path(tempfile.mkdtemp())  # not below pytest's folder, which others may not enter
    try:
        new_workspace(folder / "logs").close()
        SqliteVectorStore(folder / "logs" / "vectors.db").close()
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        with as_nobody():
            with pytest.raises(WorkspaceError, match=r"can't be (written|opened)"):
                Workspace.open(folder / "logs").add(talks(1))
            with pytest.raises(WorkspaceError, match=r"can't be (written|opened)"):
                SqliteVectorStore(folder / "logs" / "vectors.db").put({b"key": b"vector"})
            with pytest.raises(WorkspaceError, match="can't be made"):
                Workspace.create(folder / "more")
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777)
        shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere: be someone else for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_writers_wait_for_each_other(workspace: Workspace) -> None:
    def add(first: int) -> int:
        with Workspace.open(workspace.folder) as mine:
            parts = [talks(300, first=first)[at : at + 20] for at in range(0, 300, 20)]
            return sum(mine.add(part).added for part in parts)

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(add, [0, 200, 400])) == 700
    assert list(workspace.conversations()) == talks(700)
