"""Delimited text, one message a row: csv and tsv, with or without a mapping of columns.

Without a mapping the columns are told by their names in the header. A file with neither a
conversation nor a role is a list of utterances: each row is a conversation of its own. The rows
of one conversation have to follow one another.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, Gold, Role, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.jsonl import written_moment
from turnwise.formats.pseudo import Labelled
from turnwise.formats.records import Record, rejected
from turnwise.formats.rows import Group, Row, grouped, rows, turns_of
from turnwise.formats.streams import head, replacing

SEVERAL = "|"  # between the labels of one cell
DELIMITERS = ",;\t|"
GOLD_PREFIX = "gold."
PSEUDO_PREFIX = "pseudo."  # of labels by models, which are not read
CONFIDENCE_PREFIX = "confidence."
_FIXED = ("conversation_id", "started_at", "locale", "market", "channel", "position", "role")
_ABOUT = ("locale", "market", "channel")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column holds what; what is left empty is told by the names in the header.

    Attributes:
        conversation: the conversation's id.
        role: who spoke.
        text: what was said.
        time: when; the conversation began at the time of its first row.
        position: number of the message in its conversation, or several for a merged turn. A
            jump keeps two messages of one role apart.
        roles: value of the role column -> role, beside the names that are known anyway.
        gold: dimension -> column of its label; several labels stand between `|`.
    """

    conversation: str = ""
    role: str = ""
    text: str = ""
    time: str = ""
    position: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    gold: Mapping[str, str] = field(default_factory=dict)


# Names of columns, without case and without what is neither letter nor digit, best first.
_GUESSES: Mapping[str, str] = {
    "conversation": "conversationid conversation convid dialogueid dialogid dialogue chatid chat "
    "sessionid session threadid thread ticketid ticket caseid callid interactionid",
    "role": "role speaker author sender from participant participantrole senderrole sendertype "
    "authorrole authortype actor side",
    "text": "text utterance message content body transcript query sentence",
    "time": "time timestamp startedat createdat sentat datetime date",
    "position": "position turnnumber turnindex messageindex messagenumber",
}
_GUESSED_GOLD = {"intent": "intent", "label": "intent", "domain": "domain", "issue": "issue"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Positions of the columns in a row; -1 where there is none."""

    conversation: int
    role: int
    text: int
    time: int
    position: int
    about: Mapping[str, int]
    gold: Mapping[str, int]
    roles: Mapping[str, Role]
    header: tuple[str, ...]


def delimiter_of(header: str) -> str:
    """The delimiter that stands most often in a header."""
    return max(DELIMITERS, key=header.count)


def has_text_column(header: list[str]) -> bool:
    """Whether one of the columns is named as the text of a message often is."""
    return _find([name.strip().strip('"') for name in header], "text", "") >= 0


def read(path: Path, columns: ColumnMapping | None = None) -> Iterator[Record]:
    """Yield the conversations of a file; a damaged row is left out of its conversation.

    Raises:
        FormatError: a column that is needed or was named is not in the header.
    """
    table = rows(path, delimiter_of(head(path).split("\n", 1)[0]))
    header = next(table, None)
    if not isinstance(header, Row):
        raise (header and header.error) or FormatError("there is no header", path=path, line=1)
    try:
        chosen = _chosen(header.cells, columns or ColumnMapping())
    except FormatError as error:
        error.path, error.line = path, header.line
        raise
    if chosen.conversation < 0:
        for row in table:
            yield row if isinstance(row, Record) else _utterance(row, chosen, path)
        return
    for group in grouped(table, lambda row: row.cells[chosen.conversation].strip(), path):
        if isinstance(group, Record):
            yield group
        else:
            yield from _conversation(group, chosen, path)


def _chosen(header: list[str], mapping: ColumnMapping) -> _Columns:
    """Find the columns of a mapping in a header, and guess those that it leaves open."""
    header = [checks.clean(name.strip()) for name in header]
    found = {part: _find(header, part, getattr(mapping, part)) for part in _GUESSES}
    if found["text"] < 0:
        raise _no_column("what was said", "text", header)
    if found["conversation"] < 0 <= found["role"]:
        raise _no_column("the conversation's id", "conversation", header)
    if found["role"] < 0 <= found["conversation"]:
        raise _no_column("who spoke", "role", header)
    taken = set(found.values())
    gold = mapping.gold or {
        name: column for column in header if (name := _guessed_dimension(column))
    }
    named = {name: _find(header, "gold", column) for name, column in gold.items()}
    roles = {name.strip().lower(): role for name, role in mapping.roles.items()}
    return _Columns(
        **found,
        about={name: header.index(name) if name in header else -1 for name in _ABOUT},
        gold={name: index for name, index in named.items() if index not in taken},
        roles={**checks.ROLE_NAMES, **roles},
        header=tuple(header),
    )


def _find(header: list[str], part: str, named: str) -> int:
    if named:
        if named not in header:
            raise _no_column(f"{part} that is called {named!r}", part, header)
        return header.index(named)
    plain = ["".join(filter(str.isalnum, name.lower())) for name in header]
    guesses = _GUESSES[part].split()
    return next((plain.index(guess) for guess in guesses if guess in plain), -1)


def _guessed_dimension(column: str) -> str:
    if column.startswith(GOLD_PREFIX):
        return column.removeprefix(GOLD_PREFIX)
    return _GUESSED_GOLD.get(column.lower(), "")


def _no_column(what: str, part: str, header: list[str]) -> FormatError:
    names = ", ".join(repr(name) for name in header[:20])
    hint = f"Name it in the mapping of columns ({part}=COLUMN); the header has {names}"
    return FormatError(f"there is no column for {what}", hint=hint)


def _conversation(group: Group, columns: _Columns, path: Path) -> Iterator[Record]:
    turns, faults = turns_of(group, lambda row, at: _turn(row, at, columns), path)
    yield from faults
    first = group.rows[0].cells
    try:
        about = {
            name: checks.name(first[index].strip(), name) if index >= 0 else ""
            for name, index in columns.about.items()
        }
        time = first[columns.time].strip() if columns.time >= 0 else ""
        checks.few_enough(group.rows)
        built = checks.conversation(
            turns,
            id=checks.name(group.id, columns.header[columns.conversation]),
            started_at=checks.moment(time, columns.header[columns.time]),
            locale=about["locale"],
            market=about["market"],
            channel=about["channel"],
        )
    except FormatError as error:
        yield rejected(error, path, group.line, group.rows[0].text)
    else:
        yield Record(group.line, built)


def _turn(row: Row, index: int, columns: _Columns) -> Turn:
    messages: tuple[int, ...] = (index,)
    if columns.position >= 0:
        messages = _positions(row.cells[columns.position], columns.header[columns.position])
    try:
        role = checks.speaker(row.cells[columns.role], columns.roles)
        return Turn(role, checks.said(row.cells[columns.text]), _gold(row, columns), messages)
    except FormatError as error:
        at = {"role": columns.role, "text": columns.text}.get(error.field or "", -1)
        error.field = columns.header[at] if at >= 0 else error.field
        raise


def _positions(cell: str, column: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(float(part)) for part in cell.split())
    except (ValueError, OverflowError):
        numbers = ()
    if not numbers:
        raise FormatError(f"{cell[:40]!r} is no number of a message", field=column)
    return numbers


def _gold(row: Row, columns: _Columns) -> Gold:
    gold: dict[str, tuple[str, ...]] = {}
    for dimension, index in columns.gold.items():
        labels = tuple(label.strip() for label in row.cells[index].split(SEVERAL))
        if kept := tuple(checks.clean(label) for label in labels if label):
            gold[dimension] = kept
    return gold


def _utterance(row: Row, columns: _Columns, path: Path) -> Record:
    try:
        built = checks.utterance(row.cells[columns.text], _gold(row, columns))
    except FormatError as error:
        error.field = columns.header[columns.text]
        return rejected(error, path, row.line, row.text)
    return Record(row.line, built)


def write(labelled: Iterable[Labelled], path: Path, delimiter: str = ",") -> int:
    """Write one turn a row; all but meta is read back by `read` without a mapping.

    Labels of models, and how sure they are, stand in columns that `read` passes over. Which
    columns there are is known only when the last conversation was seen, so the rows go through
    a temporary file before the header; it lies where there has to be space anyway.

    Raises:
        FormatError: a label or an id that would not be read back, or the disk is full.
    """
    columns: dict[str, None] = {}
    written = 0
    with (
        replacing(path) as stream,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as kept,
    ):
        draft = csv.writer(kept)
        for conversation, annotations in labelled:
            draft.writerows(_cells(conversation, annotations, columns))
            written += 1
        kept.seek(0)
        output = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        header = [*_FIXED, "text", *columns]
        output.writerow(header)
        for row in csv.reader(kept):
            output.writerow(row + [""] * (len(header) - len(row)))
    return written


def write_tabs(labelled: Iterable[Labelled], path: Path) -> int:
    """The same with tabs between the cells."""
    return write(labelled, path, "\t")


def _cells(
    conversation: Conversation, annotations: Sequence[Annotation], columns: dict[str, None]
) -> Iterator[list[str]]:
    """The rows of a conversation; new columns of labels are added behind those that are known."""
    if conversation.id != conversation.id.strip():
        reason = f"conversation id {conversation.id!r} begins or ends with white space"
        raise FormatError(reason, hint="Write jsonl")
    about = [
        conversation.id,
        written_moment(conversation.started_at),
        conversation.locale,
        conversation.market,
        conversation.channel,
    ]
    pseudo = _pseudo_cells(annotations)
    position = 0
    for index, turn in enumerate(conversation.turns):
        labels = _gold_cells(turn.gold) | pseudo.get(index, {})
        columns.update(dict.fromkeys(labels))
        messages = turn.messages or (position,)
        position = messages[-1] + 1
        cells = [labels.get(name, "") for name in columns]
        yield [*about, " ".join(map(str, messages)), turn.role, turn.text, *cells]


def _gold_cells(gold: Gold) -> dict[str, str]:
    for dimension, labels in gold.items():
        if any(SEVERAL in label or label != label.strip() for label in labels):
            reason = f"label {labels} of {dimension!r} holds a {SEVERAL} or white space at its ends"
            raise FormatError(reason, hint="Write jsonl, or rename the label")
    return {f"{GOLD_PREFIX}{name}": SEVERAL.join(labels) for name, labels in gold.items()}


def _pseudo_cells(annotations: Iterable[Annotation]) -> dict[int, dict[str, str]]:
    """Turn -> column -> cell; of several annotators the last one holds, as in training."""
    cells: dict[int, dict[str, str]] = {}
    for one in annotations:
        if one.label is not None:
            turn = cells.setdefault(one.turn, {})
            turn[f"{PSEUDO_PREFIX}{one.dimension}"] = one.label
            turn[f"{CONFIDENCE_PREFIX}{one.dimension}"] = f"{one.confidence:.4f}"
    return cells
