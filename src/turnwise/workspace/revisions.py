"""Which revision a database has, and bringing an older one up to date.

Revisions are numbered ("0001"), one file each in `migrations/versions`. Alembic applies them;
it is imported only when there is something to apply, so that opening stays quick.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from turnwise import __version__
from turnwise.errors import WorkspaceError
from turnwise.workspace.database import Database

HEAD = "0004"
MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database) -> None:
    """Apply the migrations that a database lacks: all of them, or none if it fails or is killed.

    Raises:
        WorkspaceError: the database was written by a newer Turnwise.
    """
    with database.reading() as connection:
        current = _revision(connection, database.place) == HEAD
    if not current:
        # SQLite changes some tables by dropping them, which must not delete what refers to them.
        with closing(Database(database.engine.url, foreign_keys=False)) as unchecked:
            _upgrade(unchecked)


def _revision(connection: sa.Connection, place: str) -> str:
    """The revision of a database that this version can read or upgrade; empty for none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    stored = str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")
    if stored > HEAD:
        raise WorkspaceError(
            f"{place} has revision {stored}, written by a newer Turnwise; this one, {__version__}, "
            f"knows revisions up to {HEAD}. Upgrade with: pip install --upgrade turnwise"
        )
    return stored


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.writing() as connection:
        if _revision(connection, database.place) == HEAD:  # another process was quicker
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if database.is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            assert broken is None, f"a migration broke a reference: {broken}"
