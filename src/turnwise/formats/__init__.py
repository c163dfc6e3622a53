"""Conversation files, in and out: one module per format, all read as streams.

    for record in read(path):          # told by its content; .gz and .xz too
        record.conversation or record.error

A record that can't be read is handed on with its error and the rest is read all the same. What
every conversation must be stands in `checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from turnwise.conversations import Conversation
from turnwise.errors import ConfigError, FormatError
from turnwise.formats import csv, dialogflow, jsonl, label_studio, multidogo, rasa, sgd
from turnwise.formats.csv import ColumnMapping
from turnwise.formats.detect import Looks, detect
from turnwise.formats.jsonl import read_text
from turnwise.formats.pseudo import Labelled, unlabelled
from turnwise.formats.records import Record, rejected

__all__ = [
    "FORMATS",
    "ColumnMapping",
    "Format",
    "Labelled",
    "Record",
    "format_to_write",
    "read",
    "read_text",
    "write",
    "write_labelled",
]

Reader = Callable[[Path], Iterator[Record]]
Writer = Callable[[Iterable[Labelled], Path], int]


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is read and written.

    Attributes:
        read: yields the records of a file.
        write: writes conversations with their gold and labels of models, and returns how many;
            None where it is only read.
        accepts: what the content may look like for this format to be said of it.
        names: how the names of its files end, where that tells it when one is to be written.
        loses: what it has no place for, in words.
        holds_pseudo: whether labels of models have a place of their own, apart from gold.
        dimension: the only one whose labels it holds; empty where it holds all.
    """

    read: Reader
    write: Writer | None
    accepts: frozenset[str]
    names: tuple[str, ...] = ()
    loses: str = ""
    holds_pseudo: bool = True
    dimension: str = ""


_TABLES = frozenset(("csv", "tsv", "multidogo", ""))
_META = "meta (whatever else the source said of a conversation)"

FORMATS: Mapping[str, Format] = {
    "jsonl": Format(
        jsonl.read,
        jsonl.write,
        frozenset(("jsonl",)),
        names=(".jsonl", ".ndjson"),
    ),
    "chat": Format(
        jsonl.read,
        jsonl.write_chat,
        frozenset(("jsonl",)),
        loses="which messages made a turn, and the bounds between turns of one role in a row",
    ),
    "csv": Format(csv.read, csv.write, _TABLES, names=(".csv",), loses=_META),
    "tsv": Format(csv.read, csv.write_tabs, _TABLES, names=(".tsv", ".tab"), loses=_META),
    "sgd": Format(sgd.read, None, frozenset(("sgd",))),
    "multidogo": Format(multidogo.read, None, frozenset(("multidogo",))),
    "rasa": Format(
        rasa.read,
        rasa.write,
        frozenset(("rasa",)),
        names=(".yml", ".yaml"),
        loses="all but the texts of customer turns with an intent, and that intent",
        holds_pseudo=False,
        dimension=rasa.DIMENSION,
    ),
    "dialogflow": Format(dialogflow.read, None, frozenset(("dialogflow",))),
    "label-studio": Format(
        label_studio.read, label_studio.write_tasks, frozenset(("label-studio",))
    ),
}


def read(
    path: Path, format: str = "auto", columns: ColumnMapping | None = None
) -> Iterator[Record]:
    """Read the conversations of a file, one record each.

    Args:
        path: a file, or the folder of a Dialogflow agent.
        format: one of `FORMATS`, or "auto" to tell it by the content.
        columns: which column holds what, for csv and tsv; guessed where not given.

    Returns:
        The records in the order of the file. Where the file can't be read to its end, the last
        record says so, and how many conversations came before.

    Raises:
        FormatError: nothing of the file can be read: it is missing, empty, or of another format
            than was said.
        ConfigError: there is no such format, or columns are given for one without columns.
    """
    name = _format_of(detect(path), path, format, columns)
    reader = partial(csv.read, columns=columns) if columns is not None else FORMATS[name].read
    records = reader(path)
    try:
        first = next(records, None)
    except FormatError as error:
        error.path = error.path or path
        raise
    if first is None:
        raise FormatError("there is no conversation in the file", path=path)
    return _to_the_end(chain([first], records), path)


def _format_of(looks: Looks, path: Path, format: str, columns: ColumnMapping | None) -> str:
    if format != "auto" and format not in FORMATS:
        hint = f"There are {', '.join(FORMATS)}, and auto to tell it by the content"
        raise ConfigError(f"there is no format {format!r}", hint=hint)
    if columns is not None and format == "auto" and looks.format in _TABLES:
        return "csv"
    if format == "auto":
        if looks.format:
            format = looks.format
        else:
            hint = f"Turnwise reads {', '.join(FORMATS)}"
            reason = f"the format can't be told: this looks like {looks.words}"
            raise FormatError(reason, path=path, hint=hint)
    elif looks.format not in FORMATS[format].accepts:
        hint = f"Read it as {looks.format}" if looks.format else "Check the file"
        reason = f"this is not {format}: it looks like {looks.words}"
        raise FormatError(reason, path=path, hint=hint)
    if columns is not None and format not in ("csv", "tsv"):
        raise ConfigError(f"{format} has no columns to map", path=path, hint="Leave them out")
    return format


def _to_the_end(records: Iterable[Record], path: Path) -> Iterator[Record]:
    """Hand records on; what ends them before their end becomes the last record."""
    read = 0
    try:
        for record in records:
            read += record.conversation is not None
            yield record
    except FormatError as error:
        error.reason = f"{error.reason}; {read:,} conversations were read before"
        yield rejected(error, path, error.line or 1)


def write(conversations: Iterable[Conversation], path: Path, format: str) -> int:
    """Write conversations with their gold to a file, compressed where its name ends in .gz or .xz.

    The file appears when it is complete; one that was there before is replaced.

    Returns:
        How many conversations were written.

    Raises:
        ConfigError: there is no such format, or it is only read.
        FormatError: the disk is full, or something has no place in the format.
    """
    return write_labelled(unlabelled(conversations), path, format)


def write_labelled(labelled: Iterable[Labelled], path: Path, format: str) -> int:
    """The same with labels that models gave, where the format has a place for them.

    Args:
        labelled: each conversation with annotations of its turns; none by a person.
    """
    chosen = FORMATS.get(format)
    if chosen is None or chosen.write is None:
        raise _no_format(format)
    return chosen.write(labelled, path)


def format_to_write(path: Path, format: str | None = None) -> str:
    """The format that is said, or the one that the name of a file stands for, compressed or not.

    Raises:
        ConfigError: it can't be told, does not exist, or is only read.
    """
    if format is not None:
        if format not in FORMATS or FORMATS[format].write is None:
            raise _no_format(format)
        return format
    name = path.name.removesuffix(path.suffix if path.suffix in (".gz", ".xz") else "").lower()
    for known, one in FORMATS.items():
        if one.names and name.endswith(one.names):
            return known
    reason = "the name of the file does not tell in which format to write it"
    raise ConfigError(reason, path=path, hint=f"Name it with --format: {_writable()}")


def _no_format(format: str) -> ConfigError:
    return ConfigError(f"there is no format {format!r} to write", hint=f"There are {_writable()}")


def _writable() -> str:
    return ", ".join(name for name, one in FORMATS.items() if one.write)
