"""What users type -> typed values; each complaint says what would be right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

import typer

from turnwise.conversations import ROLES, Conversation, Turn
from turnwise.discovery.config import Roles
from turnwise.errors import FormatError
from turnwise.formats import ColumnMapping, checks, read, read_text
from turnwise.generated import Method
from turnwise.labelling.annotator import By, StrategyName
from turnwise.labelling.selection import How
from turnwise.steps.exporting import Labels
from turnwise.steps.importing import OnError
from turnwise.steps.label_options import LabelOptions

COLUMNS = ("conversation", "role", "text", "time", "position")
MAX_INPUT = 10_000_000  # bytes


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


def labels_choice(value: str) -> Labels:
    if value == "gold":
        return "gold"
    if value == "pseudo":
        return "pseudo"
    if value == "all":
        return "all"
    raise typer.BadParameter(f"--labels is gold, pseudo or all, not {value!r}")


def by_choice(value: str) -> By:
    _one_of("by", value, By)
    return cast(By, value)


def method_choice(value: str) -> Method:
    _one_of("method", value, Method)
    return cast(Method, value)


def roles_choice(value: str) -> Roles:
    _one_of("roles", value, Roles)
    return cast(Roles, value)


def _one_of(name: str, value: str, kind: object) -> None:
    if value not in get_args(kind):
        known = ", ".join(get_args(kind))
        raise typer.BadParameter(f"--{name} is one of {known}, not {value!r}")


def label_options(
    *,
    strategy: str | None,
    by: str | None,
    select: str,
    calls: int | None,
    tokens: int | None,
    money: float | None,
) -> LabelOptions:
    """Options of `label`, each name one that there is."""
    _one_of("select", select, How)
    if strategy is not None:
        _one_of("strategy", strategy, StrategyName)
    return LabelOptions(
        strategy=cast(StrategyName | None, strategy),
        by=None if by is None else by_choice(by),
        select=cast(How, select),
        calls=calls,
        tokens=tokens,
        money=money,
    )


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
    """Conversations from a file or from standard input, as JSON or as plain lines.

    Raises:
        FormatError: the first record that can't be read.
    """
    name = "standard input" if file is None else str(file)
    if file is None or file.suffix in (".txt", ""):
        text = _plain_text(file, name)
        if not text.lstrip().startswith(("{", "[")):
            yield plain_conversation(text, name)
            return
        records = read_text(text, name)
    else:
        records = read(file)
    for record in records:
        if record.error is not None:
            raise record.error
        if record.conversation is not None:
            yield record.conversation


def _plain_text(file: Path | None, name: str) -> str:
    try:
        with file.open("rb") if file is not None else nullcontext(sys.stdin.buffer) as stream:
            data = stream.read(MAX_INPUT + 1)
        if len(data) > MAX_INPUT:
            raise FormatError(f"longer than {MAX_INPUT:,} bytes", path=name)
        return data.decode("utf-8")
    except OSError as error:
        raise FormatError(f"can't be read: {error.strerror or error}", path=name) from error
    except UnicodeDecodeError as error:
        raise FormatError("is not UTF-8", path=name, hint="Save it as UTF-8") from error


def plain_conversation(text: str, name: str) -> Conversation:
    """Lines `role: text`; a line without a role goes on with the customer."""
    turns: list[Turn] = []
    try:
        for number, line in enumerate(filter(str.strip, text.splitlines())):
            head, colon, rest = line.partition(":")
            said = head.strip().lower()
            if colon and said in ROLES:
                turns.append(checks.turn(said, rest.strip(), {}, (number,)))
            else:
                turns.append(checks.turn("customer", line.strip(), {}, (number,)))
        return checks.conversation(turns, id="input")
    except FormatError as error:
        error.path = name
        error.hint = error.hint or "Write lines such as 'customer: my tablet is slow'"
        raise
