"""Vectors on disk: a cache that spares encoding a text twice. A file of its own, for its size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock

from turnwise.errors import WorkspaceError
from turnwise.workspace.database import compact_sqlite, slices
from turnwise.workspace.faults import BUSY_SECONDS, explained

LAYOUT = 1  # of the file; raised when an older Turnwise could not use it
KEYS_AT_ONCE = 5_000

PRAGMAS = (
    "page_size=8192",  # five vectors of 384 halves or two of 768 floats leave little of it empty
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "secure_delete=ON",
    "cache_size=-32000",
)
# An ordinary table with an index on the key, since keys are hashes: in a table ordered by key
# each vector would land on another page. Measured on 100,000 vectors of 768 bytes: 101,000/s
# against 25,000/s stored, 849 bytes a vector against 978.
TABLES = (
    "CREATE TABLE IF NOT EXISTS vectors"
    " (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS encoders (id TEXT PRIMARY KEY)",
)


class SqliteVectorStore:
    """A vector store (`encoders.VectorStore`) in one SQLite file. Threads may share it.

    Args:
        path: of the file, which is made when it is missing.
        encoder_id: of the encoder whose vectors are put. It is remembered, so that `keep_only`
            can tell which vector belongs to which text.
    """

    def __init__(self, path: Path, encoder_id: str = "") -> None:
        self._path = path
        self._place = f"{path} (kept vectors; they are made again when the file is deleted)"
        self._lock = Lock()
        with explained(self._place):
            self._connection = _connect(path)
            self._check_layout()
            if encoder_id:
                with self._writing():
                    known = "INSERT OR IGNORE INTO encoders (id) VALUES (?)"
                    self._connection.execute(known, (encoder_id,))

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return key -> vector of those keys that are kept."""
        found: dict[bytes, bytes] = {}
        with explained(self._place), self._lock:
            for some in slices(keys):
                marks = ", ".join("?" * len(some))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                found.update(self._connection.execute(query, some))
        return found

    def put(self, items: Mapping[bytes, bytes]) -> None:
        """Keep vectors, all of them or none."""
        with explained(self._place), self._lock, self._writing():
            self._connection.executemany(
                "INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", items.items()
            )

    def keep_only(self, texts: Iterable[str]) -> int:
        """Delete the vectors of all other texts, and every trace of them in the file.

        Returns:
            How many were deleted.

        Raises:
            WorkspaceError: another process is reading the file.
        """
        with explained(self._place), self._lock:
            self._connection.execute("CREATE TEMP TABLE kept (key BLOB PRIMARY KEY) WITHOUT ROWID")
            with self._writing():
                keys = self._keys(texts)
                while some := list(islice(keys, KEYS_AT_ONCE)):
                    self._connection.executemany("INSERT OR IGNORE INTO kept VALUES (?)", some)
                unwanted = "DELETE FROM vectors WHERE key NOT IN (SELECT key FROM kept)"
                deleted = self._connection.execute(unwanted).rowcount
            self._connection.execute("DROP TABLE kept")
            compact_sqlite(self._connection, self._place)
        return deleted

    def close(self) -> None:
        self._connection.close()

    def _keys(self, texts: Iterable[str]) -> Iterator[tuple[bytes]]:
        # Here, not above: reading a workspace should not load ONNX Runtime.
        from turnwise.encoders import vector_key

        encoders = [str(row[0]) for row in self._connection.execute("SELECT id FROM encoders")]
        return ((vector_key(encoder, text),) for text in texts for encoder in encoders)

    def _check_layout(self) -> None:
        layout = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if layout > LAYOUT:
            raise WorkspaceError(
                f"{self._path} was written by a newer Turnwise. Upgrade with: "
                "pip install --upgrade turnwise, or delete the file: it is made again"
            )
        if layout < LAYOUT:
            with self._writing():
                for statement in TABLES:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version={LAYOUT}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # A full disk has ended the transaction already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection
