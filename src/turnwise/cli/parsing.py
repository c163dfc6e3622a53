"""What users type -> typed values; each complaint says what would be right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from turnwise.conversations import ROLES, Conversation, Role, Turn, merge_turns
from turnwise.errors import FormatError
from turnwise.formats import ColumnMapping, read, read_text
from turnwise.steps.importing import OnError

COLUMNS = ("conversation", "role", "text", "time", "position")
MAX_INPUT = 10_000_000  # characters on standard input


def column_mapping(pairs: list[str] | None) -> ColumnMapping | None:
    """`conversation=chat_id` ... -> a mapping of columns; None where nothing was said."""
    if not pairs:
        return None
    chosen: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise typer.BadParameter(f"--column wants FIELD=COLUMN, not {pair!r}")
        chosen[name] = column
    conversation, role, text, time, position = (chosen.pop(name, "") for name in COLUMNS)
    return ColumnMapping(conversation, role, text, time, position, gold=chosen)


def on_error_choice(value: str) -> OnError:
    if value == "skip":
        return "skip"
    if value == "stop":
        return "stop"
    raise typer.BadParameter(f"--on-error is skip or stop, not {value!r}")


def date(value: str | None) -> datetime | None:
    """A day, or a point in time, in UTC where no zone is given."""
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"a date looks like 2026-01-31, not {value!r}") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def read_conversations(file: Path | None) -> Iterator[Conversation]:
    """Conversations from a file or from standard input, as JSON or as plain lines."""
    if file is not None and file.suffix not in (".txt", ""):
        records = read(file)
    else:
        name = "standard input" if file is None else str(file)
        text = sys.stdin.read(MAX_INPUT + 1) if file is None else file.read_text("utf-8")
        if len(text) > MAX_INPUT:
            raise FormatError(f"longer than {MAX_INPUT:,} characters", path=name)
        if not text.lstrip().startswith(("{", "[")):
            yield plain_conversation(text, name)
            return
        records = read_text(text, name)
    for record in records:
        if record.error is not None:
            raise record.error
        if record.conversation is not None:
            yield record.conversation


def plain_conversation(text: str, name: str) -> Conversation:
    """Lines `role: text`; a line without a role goes on with the customer."""
    turns = []
    for line in filter(str.strip, text.splitlines()):
        head, colon, rest = line.partition(":")
        role: Role | None = next((one for one in ROLES if one == head.strip().lower()), None)
        if colon and role is not None:
            turns.append(Turn(role, rest.strip()))
        else:
            turns.append(Turn("customer", line.strip()))
    if not any(turn.role == "customer" and turn.text for turn in turns):
        raise FormatError(
            "no customer turn", path=name, hint="Write lines such as 'customer: my tablet is slow'"
        )
    return Conversation("input", merge_turns(turns))
