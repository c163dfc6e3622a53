"""One database: its connections and its transactions.

Writers take turns on either kind of database: SQLite by BEGIN IMMEDIATE, PostgreSQL by an
advisory lock. What a transaction has read when it writes is therefore still so, and a second
command waits for the first instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from turnwise.errors import WorkspaceError
from turnwise.workspace.faults import BUSY_SECONDS, explained
from turnwise.workspace.tables import metadata

# Any number will do, as long as no other program uses it in the same database.
ADVISORY_LOCK = 7_461_003

# Text that is deleted is overwritten (secure_delete). A commit is safe from a killed process at
# once and from a power cut at the next checkpoint (synchronous). 32 MB of pages at most.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "secure_delete=ON",
    "cache_size=-32000",
)


SLICE = 500  # ids that one statement names at most

T = TypeVar("T")


class Database:
    """A database and the transaction that is open on it, if any.

    Use it from one thread at a time; several processes may share the database.

    Attributes:
        engine: SQLAlchemy's.
        place: the file or the address, without its password, for messages.
    """

    def __init__(self, url: sa.URL, *, foreign_keys: bool = True) -> None:
        self.engine = _engine(url, foreign_keys)
        self.place = url.database or "" if self.is_sqlite else url.render_as_string()
        self._held: sa.Connection | None = None
        self._failed = False

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database throughout."""
        with explained(self.place):
            if self._held is not None:
                yield self._held
            else:
                with self.engine.connect() as connection:
                    yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection for changes that are kept together or not at all.

        Inside `transaction` they are part of it.
        """
        if self._held is None:
            with explained(self.place), self._writer() as connection:
                yield connection
            return
        try:
            with explained(self.place):
                yield self._held
        except BaseException:
            self._failed = True
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Join everything that is written inside: all of it is kept, or none when it raises.

        Raises:
            WorkspaceError: a write inside failed, even where the caller went on regardless.
        """
        if self._held is not None:
            yield
            return
        with explained(self.place), self._writer() as connection:
            self._held, self._failed = connection, False
            try:
                yield
            finally:
                self._held = None
            if self._failed:
                raise WorkspaceError(f"{self.place}: a step failed, so nothing of all was stored")

    @contextmanager
    def _writer(self) -> Iterator[sa.Connection]:
        with self.engine.execution_options(turnwise_writes=True).begin() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            yield connection

    def compact(self) -> None:
        """Rewrite the database so that no byte of deleted rows is left in its files.

        Raises:
            WorkspaceError: another process is reading; the disk has no room for the copy.
        """
        with explained(self.place), self.engine.connect() as connection:
            if self.is_sqlite:
                compact_sqlite(driver_of(connection), self.place)
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in metadata.sorted_tables:
                    connection.exec_driver_sql(f"VACUUM FULL {table.name}")

    def empty_log(self) -> None:
        """Bring what the write-ahead log of SQLite holds into the database, and empty it."""
        if self.is_sqlite:
            with explained(self.place), self.engine.connect() as connection:
                empty_log(driver_of(connection), self.place)

    def close(self) -> None:
        self.engine.dispose()


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """Cut a sequence into parts that fit one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))


def insert_rows(
    connection: sa.Connection, table: sa.Table, columns: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert plain tuples, JSON already as text.

    Past SQLAlchemy's own parameters, which cost more than the database does: measured at 20
    turns and 30 labels a conversation, 79,000 turns/s of processor time against 217,000.

    Args:
        columns: names, separated by commas, in the order of the tuples.
    """
    if rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join([mark] * len(columns.split(",")))
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
        connection.exec_driver_sql(statement, list(rows))


def compact_sqlite(connection: sqlite3.Connection, place: str) -> None:
    """Rewrite a SQLite file without its free space, and empty its write-ahead log.

    What we delete is overwritten at once (secure_delete); this also rids the file of what any
    other program deleted, and gives its space back.
    """
    connection.execute("VACUUM")
    empty_log(connection, place)


def empty_log(connection: sqlite3.Connection, place: str) -> None:
    """Bring the write-ahead log of a SQLite file into it, and cut it to nothing."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise WorkspaceError(
            f"{place}: another process is reading, so deleted text can't be wiped yet. "
            "End it, then run the same command again"
        )


def sqlite_url(path: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(path))


def parse_url(text: str) -> sa.URL:
    """Read a database URL; PostgreSQL without a driver means psycopg.

    Raises:
        WorkspaceError: it is no URL, or of another database than SQLite and PostgreSQL.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        # Without the text: it may hold a password.
        raise WorkspaceError(
            "the database URL can't be read. Write it as postgresql://user:password@host/name"
        ) from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise WorkspaceError(
            f"{backend} databases are not supported. Use postgresql://..., or leave the URL out "
            "to keep everything in the workspace's folder"
        )
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def _engine(url: sa.URL, foreign_keys: bool) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        pragmas = (*PRAGMAS, f"foreign_keys={foreign_keys:d}")
        event.listen(engine, "connect", lambda driver, _: _prepare_sqlite(driver, pragmas))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise WorkspaceError(
            "PostgreSQL needs the package psycopg. Install it with: pip install 'psycopg[binary]'"
        ) from None


def _prepare_sqlite(connection: sqlite3.Connection, pragmas: Sequence[str]) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin_sqlite
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("turnwise_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def driver_of(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
