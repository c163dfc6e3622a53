"""Files and folders that are whole or absent: filled beside their place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABANDONED = 24 * 3600  # seconds after which an unfinished folder of another machine is left over


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole, text as UTF-8; until then what stood there stays."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """Give an empty folder to fill; `move_into_place` makes it the finished one.

    It is deleted at the end where it was not moved. What was left in the parent by processes
    that were killed is deleted first.

    Args:
        parent: made where it is missing; processes, and machines, may share it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    made = Path(tempfile.mkdtemp(prefix=f"{_mark()}{os.getpid()}-", dir=parent))
    try:
        made.chmod(0o755)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def move_into_place(made: Path, folder: Path, proof: str) -> None:
    """Rename a filled folder; the same one, made by another process, may be there already.

    Args:
        proof: the name of a file that every whole folder of the kind has.

    Raises:
        OSError: something else is in its place, or the disk refuses.
    """
    try:
        os.rename(made, folder)
    except OSError:
        if not (folder / proof).is_file():
            raise


def _mark() -> str:
    """How the unfinished folders of this machine begin; the process's number follows."""
    return f".making-{socket.gethostname()}-"


def _sweep(parent: Path) -> None:
    """Delete what was left behind, and nothing that may still be filled."""
    for left in parent.glob(".making-*"):
        number = left.name.removeprefix(_mark()).split("-")[0]
        gone = left.name.startswith(_mark()) and number.isdigit() and not _runs(int(number))
        try:
            old = time.time() - left.stat().st_mtime > ABANDONED
        except FileNotFoundError:  # its owner has just finished
            continue
        if gone or old:
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as somebody else
        return True
    return True
