"""An older database is upgraded, a newer one is refused, and both lose nothing."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from workspace_samples import answer, new_workspace, talks

from turnwise.errors import WorkspaceError
from turnwise.workspace import Workspace, revisions
from turnwise.workspace.tables import metadata

# It rebuilds a table that others refer to, which is how SQLite changes a column.
BEFORE = revisions.HEAD
AFTER = f"{int(BEFORE) + 1:04d}"
NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{AFTER}", "{BEFORE}"

def upgrade():
    with op.batch_alter_table("conversations") as table:
        table.add_column(sa.Column("region", sa.Text()))
        table.alter_column("market", nullable=True)
    {{then}}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same program with one more migration; returns the migration's file."""
    shutil.copytree(revisions.MIGRATIONS, tmp_path / "migrations")
    file = tmp_path / "migrations" / "versions" / f"v{AFTER}_next.py"
    file.write_text(NEXT.format(then=""))
    monkeypatch.setattr(revisions, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(revisions, "HEAD", AFTER)
    return file


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with new_workspace(tmp_path / "old") as workspace:
        workspace.add(talks(20))
    return tmp_path / "old"


def columns(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "turnwise.db") as connection:
        return {row[1] for row in connection.execute("PRAGMA table_info(conversations)")}


def test_the_migrations_make_the_tables_that_the_program_uses(workspace: Workspace) -> None:
    with workspace._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_head_is_the_last_migration() -> None:
    files = sorted((revisions.MIGRATIONS / "versions").glob("v*.py"))
    assert files[-1].name.startswith(f"v{revisions.HEAD}_")


def test_an_older_database_is_upgraded_on_opening(old: Path, next_version: Path) -> None:
    with Workspace.open(old) as workspace:
        assert list(workspace.conversations()) == talks(20), "the rebuild cascaded to the turns"
    assert "region" in columns(old)


def test_a_workspace_of_the_first_version_keeps_answers_after_opening(old: Path) -> None:
    with sqlite3.connect(old / "turnwise.db") as connection:
        for statement in (
            "DROP TABLE decisions",
            "DROP TABLE exposures",
            "DROP TABLE feedback",
            "ALTER TABLE forgets DROP COLUMN logged",
            "DROP TABLE origins",
            "DROP TABLE superseded",
            "DROP TABLE taxonomy_changes",
            "DROP TABLE answers",
            "DROP TABLE spending",
            "ALTER TABLE forgets DROP COLUMN answers",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.execute(statement)
    with Workspace.open(old) as workspace:
        workspace.answers.put(answer("c00001"))
        assert workspace.answers.get(answer("c00001").key) == answer("c00001")
        assert workspace.forget(["c00001"]).answers == 1
        with workspace._database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    old: Path, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version.write_text(NEXT.format(then="raise KeyError('killed here')"))
    with pytest.raises(KeyError):
        Workspace.open(old)
    assert "region" not in columns(old)
    next_version.unlink()
    monkeypatch.setattr(revisions, "HEAD", BEFORE)
    with Workspace.open(old) as workspace:
        assert list(workspace.conversations()) == talks(20)


def test_a_database_of_a_newer_version_is_refused(old: Path) -> None:
    with sqlite3.connect(old / "turnwise.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0815'")
    with pytest.raises(
        WorkspaceError, match=rf"revision 0815.*up to {BEFORE}.*pip install --upgrade"
    ):
        Workspace.open(old)


def test_two_that_open_an_older_database_at_once_upgrade_it_once(
    old: Path, next_version: Path
) -> None:
    with ThreadPoolExecutor(2) as pool:
        for workspace in pool.map(Workspace.open, [old, old]):
            assert len(workspace.ids()) == 20
            workspace.close()
