"""Delimited text as rows, where a damaged row costs that row alone.

A cell in quotes may hold delimiters and line ends. A quote that is never closed would swallow
the rows behind it; so a row that spans several lines is taken only when it ends within
`MAX_ROW_CHARACTERS` and has as many cells as the header. Otherwise its first line is reported
and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from turnwise.conversations import Turn
from turnwise.errors import FormatError
from turnwise.formats.checks import MAX_TURN_CHARACTERS, MAX_TURNS
from turnwise.formats.records import Record, rejected
from turnwise.formats.streams import Line, lines

MAX_ROW_CHARACTERS = MAX_TURN_CHARACTERS + 10_000
_QUOTE = '"'


class Row(NamedTuple):
    """One row: the line it begins on, its cells, and its text as it stands in the file."""

    line: int
    cells: list[str]
    text: str


class Group(NamedTuple):
    """The rows of one conversation, which stand together in the file."""

    line: int
    id: str
    rows: list[Row]


def rows(
    path: Path, delimiter: str, begins: Callable[[str], bool] = lambda text: False
) -> Iterator[Row | Record]:
    """Yield the rows of a file, the header first, and a record for each damaged row.

    Args:
        begins: whether a line is sure to begin a row, so that no open quote may run over it.

    Raises:
        FormatError: the compressed file is cut off or corrupt.
    """
    table = _Table(lines(path), delimiter, begins)
    while (line := table.next_line()) is not None:
        if line.error is None and not line.text.strip():
            continue
        try:
            yield table.row(line)
        except FormatError as error:
            yield rejected(error, path, line.number, line.text)


class _Table:
    """Lines that are put together to rows; lines beyond a damaged row are put back."""

    def __init__(
        self, source: Iterator[Line], delimiter: str, begins: Callable[[str], bool]
    ) -> None:
        self._source, self._delimiter, self._begins = source, delimiter, begins
        self._back: deque[Line] = deque()
        self._width = 0

    def next_line(self) -> Line | None:
        return self._back.popleft() if self._back else next(self._source, None)

    def row(self, line: Line) -> Row:
        """The row that begins on a line.

        Raises:
            FormatError: it is damaged.
        """
        if line.error is not None:
            raise line.error
        if _QUOTE not in line.text:
            return Row(line.number, self._fitted(line.text.split(self._delimiter)), line.text)
        taken: list[Line] = []
        try:
            text, cells = self._quoted(line.text, taken)
            return Row(line.number, self._fitted(cells), text)
        except FormatError:
            self._back.extendleft(reversed(taken))
            raise

    def _quoted(self, text: str, taken: list[Line]) -> tuple[str, list[str]]:
        """The text of a row with quotes, and its cells; further lines are added to `taken`."""
        cells = self._cells(text)
        while cells is None:
            line = self.next_line()
            if line is not None:
                taken.append(line)
            ended = line is None or line.error is not None or self._begins(line.text)
            if line is None or ended or len(text) > MAX_ROW_CHARACTERS:
                hint = 'Close it, and double each " inside a cell'
                raise FormatError("the row has a quote that is never closed", hint=hint)
            text = f"{text}\n{line.text}"
            if _QUOTE in line.text:
                cells = self._cells(text)
        return text, cells

    def _cells(self, text: str) -> list[str] | None:
        """The cells of a row, or None while a quote is open."""
        try:
            return next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
            hint = 'Put a cell with a quote in quotes, and double each " inside it'
            raise FormatError(f"the row can't be split: {error}", hint=hint) from None

    def _fitted(self, cells: list[str]) -> list[str]:
        if not self._width:
            self._width = len(cells)
        if len(cells) > self._width and not any(cells[self._width :]):
            return cells[: self._width]
        if len(cells) != self._width:
            reason = f"the row has {len(cells)} cells, the header {self._width}"
            raise FormatError(reason, hint="Put cells that hold the delimiter in quotes")
        return cells


def grouped(
    table: Iterable[Row | Record], id_of: Callable[[Row], str], path: Path
) -> Iterator[Group | Record]:
    """Put the rows of each conversation together; they have to follow one another.

    A record for a damaged row is handed on at once, before the conversation it stood in. Of a
    conversation with too many rows only so many are kept that it will be refused. What is
    remembered of each id is a set entry of about 100 bytes.
    """
    seen: set[int] = set()
    group: Group | None = None
    refused: str | None = None
    for row in table:
        if isinstance(row, Record):
            yield row
            continue
        id = id_of(row)
        if not id:
            yield rejected(FormatError("the conversation id is missing"), path, row.line, row.text)
            continue
        if group is not None and group.id == id:
            if len(group.rows) <= MAX_TURNS:
                group.rows.append(row)
            continue
        if group is not None:
            yield group
            group = None
        if _digest(id) not in seen:
            seen.add(_digest(id))
            group, refused = Group(row.line, id, [row]), None
        elif refused != id:
            refused = id
            yield rejected(_comes_back(id), path, row.line, row.text)
    if group is not None:
        yield group


def turns_of(
    group: Group, turn_of: Callable[[Row, int], Turn], path: Path
) -> tuple[list[Turn], list[Record]]:
    """The turns of a conversation's rows, and a record for each row that makes none.

    Args:
        turn_of: a row and its position in the conversation -> its turn, or a FormatError.
    """
    turns: list[Turn] = []
    faults: list[Record] = []
    for position, row in enumerate(group.rows):
        try:
            turns.append(turn_of(row, position))
        except FormatError as error:
            faults.append(rejected(error, path, row.line, row.text))
    return turns, faults


def _digest(id: str) -> int:
    return int.from_bytes(blake2b(id.encode("utf-8", "replace"), digest_size=8).digest())


def _comes_back(id: str) -> FormatError:
    return FormatError(
        f"conversation {id!r} comes back after rows of another",
        hint="Sort the file so that the rows of a conversation stand together",
    )
