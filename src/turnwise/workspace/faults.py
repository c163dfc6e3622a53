"""What goes wrong between a program and its database, in words and with what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from turnwise.errors import WorkspaceError

BUSY_SECONDS = 30.0  # how long a writer waits for another one

# Result codes of SQLite (sqlite.org/rescode.html), without their extensions.
SQLITE_FAULTS = {
    "FULL": "the disk is full. What was finished is kept: free some space, then run the same "
    "command again",
    "BUSY": f"another process is writing to it and did not finish in {BUSY_SECONDS:.0f} s. "
    "Wait for it or end it, then run the same command again",
    "CORRUPT": "the file is damaged. Restore it from a backup; what is still readable can be "
    "saved with: sqlite3 FILE .recover",
    "NOTADB": "the file is no SQLite database. Restore it from a backup",
    "READONLY": "it can't be written: the file or its folder is read-only. Give this user the "
    "right to write there, or copy the workspace to where it has it",
    "CANTOPEN": "it can't be opened. Check that the folder exists and that this user may read "
    "and write there",
    "IOERR": "reading or writing the disk failed. Check its free space, your quota and its "
    "health, then run the same command again",
}
SQLITE_FAULTS |= {"LOCKED": SQLITE_FAULTS["BUSY"], "PERM": SQLITE_FAULTS["CANTOPEN"]}


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn the errors of a database that a user can mend into WorkspaceError.

    Args:
        place: the file or address that the message names.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        fault = _fault(error.orig if isinstance(error, DBAPIError) else error)
        if fault is None:
            raise
        raise WorkspaceError(f"{place}: {fault}") from error


def _fault(cause: object) -> str | None:
    """What happened and what to do; None for a mistake of the program."""
    if isinstance(cause, sqlite3.Error):
        name: str = getattr(cause, "sqlite_errorname", "")
        return SQLITE_FAULTS.get(name.removeprefix("SQLITE_").partition("_")[0])
    # psycopg is not imported for its class: it need not be installed.
    if any(base.__name__ == "OperationalError" for base in type(cause).__mro__):
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        return (
            f"the database server says: {reason}. What was finished is kept: mend it, then run "
            "the same command again"
        )
    return None
