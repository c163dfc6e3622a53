"""What a reader yields: one record per conversation of a file, or per place that can't be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from turnwise.conversations import Conversation
from turnwise.errors import FormatError

RAW_CHARACTERS = 2_000  # enough to recognise and mend a record, little enough to keep a million


@dataclass(frozen=True, slots=True)
class Record:
    """One conversation of a file, or why there is none.

    Attributes:
        line: where it begins in the file, from 1.
        conversation: None where the record can't be read.
        error: set exactly where `conversation` is None.
        raw: the beginning of what can't be read, at most `RAW_CHARACTERS` characters.
    """

    line: int
    conversation: Conversation | None
    error: FormatError | None = None
    raw: str = ""


def rejected(error: FormatError, path: Path | str, line: int, raw: str = "") -> Record:
    """A record that can't be read; fills in the error's place where it is not yet known."""
    error.path = error.path or path
    error.line = error.line or line
    return Record(line, None, error, raw[:RAW_CHARACTERS])
