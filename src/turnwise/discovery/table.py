"""The proposal as a table that a person edits in a spreadsheet, and back.

One row an intent. `name`, `title`, `group` and `description` may be rewritten; `keep: no` drops a
row, `merge_into` gives its examples to the row, or the existing label, of that name. `examples` may
be edited, one a line; the other columns are there to decide by, and are not read.
`decisions.py` makes labels of what was read.

The file is CSV in UTF-8 with a mark, by which spreadsheets tell the encoding. What would be taken
for a formula there has an apostrophe before it (OWASP, CSV Injection), which reading takes off.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import PATH_SEPARATOR, Label

MOST_BYTES = 20_000_000
DELIMITERS = ",;\t"

WRITTEN = ("name", "title", "language", "group", "description", "keep", "merge_into")
SHOWN = ("turns", "share", "coherent", "nearest", "examples")
NEEDED = ("name", "keep")
YES = frozenset(["yes", "y", "true", "1", "x", "ja", "oui", "si", "sí"])
NO = frozenset(["no", "n", "false", "0", "nein", "non"])
_FORMULA = frozenset("=+-@\t\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One intent of the table.

    Attributes:
        label: as it is proposed.
        turns: customer turns that say it; share: of all of theirs, in [0, 1].
        coherent: what the judge of the result says.
        nearest: the existing label that is nearest to it; empty without a taxonomy.
    """

    label: Label
    turns: int
    share: float
    coherent: bool
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A row as a person left it.

    Attributes:
        line: on which it begins. keep: None where the cell says neither yes nor no.
        the others: the cells, without white space around them.
    """

    line: int
    name: str
    title: str
    language: str
    group: tuple[str, ...]
    description: str
    keep: bool | None
    merge_into: str
    examples: tuple[str, ...]

    def label(self, examples: Sequence[str]) -> Label:
        titles = {self.language or "en": self.title} if self.title else {}
        path = (*self.group, self.name)
        return Label(self.name, path, self.description, tuple(examples), titles=titles)


def table_text(rows: Sequence[Row]) -> str:
    """The table as text, to be written as it is: it begins with a byte order mark."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow((*WRITTEN, *SHOWN))
    for row in rows:
        label = row.label
        language, title = next(iter(label.titles.items()), ("", ""))
        cells = (
            label.name,
            title,
            language,
            f" {PATH_SEPARATOR.strip()} ".join(label.path[:-1]),
            label.description,
            "yes",
            "",
            str(row.turns),
            f"{row.share:.4f}",
            "yes" if row.coherent else "no",
            row.nearest,
            "\n".join(label.examples),
        )
        table.writerow([_guarded(cell) for cell in cells])
    return codecs.BOM_UTF8.decode() + out.getvalue()


def read_rows(path: Path) -> Iterator[Edited]:
    """Read the rows of an edited table, as they are.

    Raises:
        TaxonomyError: the file can't be read, is no table, or lacks a column.
    """
    text = _text(path)
    head, _, _ = text.partition("\n")
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count))
    try:
        header = [cell.strip().lower() for cell in next(table, [])]
        missing = [name for name in NEEDED if name not in header]
        if missing:
            raise TaxonomyError(
                f"the column {missing[0]} is missing",
                path=path,
                line=1,
                hint=f"Keep the first row as 'turnwise discover' wrote it: {', '.join(WRITTEN)}",
            )
        line = table.line_num + 1
        for cells in table:
            if any(cell.strip() for cell in cells):
                yield _edited(line, dict(zip(header, map(_unguarded, cells), strict=False)))
            line = table.line_num + 1
    except csv.Error as error:
        hint = "Save it as CSV again"
        line = table.line_num
        raise TaxonomyError(f"is no table: {error}", path=path, line=line, hint=hint) from error


def _edited(line: int, cells: Mapping[str, str]) -> Edited:
    def cell(name: str) -> str:
        return " ".join(cells.get(name, "").split())

    said = cell("keep").lower()
    nodes = (part.strip() for part in cell("group").split(PATH_SEPARATOR.strip()))
    return Edited(
        line=line,
        name=cell("name"),
        title=cell("title"),
        language=cell("language"),
        group=tuple(filter(None, nodes)),
        description=cell("description"),
        keep=True if said in YES else False if said in NO else None,
        merge_into=cell("merge_into"),
        examples=tuple(filter(None, map(str.strip, cells.get("examples", "").splitlines()))),
    )


def _text(path: Path) -> str:
    """The file as text: UTF-8, or UTF-16 with its mark, as spreadsheets write `Unicode text`."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise TaxonomyError(f"can't be read: {error.strerror}", path=path) from error
    if len(data) > MOST_BYTES:
        raise TaxonomyError(f"has more than {MOST_BYTES:,} bytes", path=path)
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "Save it as 'CSV UTF-8'"
        raise TaxonomyError("is not UTF-8", path=path, line=line, hint=hint) from error
    return text.replace("\0", "")


def _guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    bare = cell.lstrip("'")
    return f"'{cell}" if bare[:1] in _FORMULA and bare else cell


def _unguarded(cell: str) -> str:
    bare = cell.lstrip("'")
    return cell[1:] if cell.startswith("'") and bare[:1] in _FORMULA and bare else cell
