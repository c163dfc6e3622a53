"""What format a file is in, by its first bytes and, where they leave it open, by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from turnwise.formats import csv, dialogflow, multidogo
from turnwise.formats.streams import head, is_zip

_NLU = re.compile(r"^nlu\s*:", re.MULTILINE)
_LINES_LOOKED_AT = 5


class Looks(NamedTuple):
    """What a file looks like: a format's name, empty where it is none of ours, and in words."""

    format: str
    words: str


_LINES = Looks("jsonl", "JSON lines")


def detect(path: Path) -> Looks:
    """Tell the format of a file or folder.

    Raises:
        FormatError: it is missing, empty, in UTF-16 or no text at all.
    """
    if path.is_dir() or is_zip(path):
        if dialogflow.is_agent(path):
            return Looks("dialogflow", "a Dialogflow agent")
        kind = "a folder" if path.is_dir() else "a zip archive (an Excel workbook is one too)"
        return Looks("", f"{kind} without a Dialogflow agent")
    text = head(path).lstrip("\ufeff")
    return _by_content(text) or _by_name(path) or Looks("", _in_words(text))


def _by_content(text: str) -> Looks | None:
    start = text.lstrip()
    if start.startswith("["):
        return _array(text)
    if text.startswith(multidogo.HEADER):
        return Looks("multidogo", "a MultiDoGO table")
    header, *others = [line for line in text.split("\n") if line.strip()][:_LINES_LOOKED_AT]
    delimiter = csv.delimiter_of(header)
    if start.startswith("{"):
        return _LINES
    if delimiter in header and csv.has_text_column(header.split(delimiter)):
        return _table(delimiter)
    if _NLU.search(text):
        return Looks("rasa", "Rasa NLU YAML")
    # The first line may be a damaged one.
    return _LINES if any(line.lstrip().startswith("{") for line in others) else None


def _array(text: str) -> Looks | None:
    if '"dialogue_id"' in text:
        return Looks("sgd", "Schema-Guided Dialogue")
    if '"data"' in text and any(f'"{key}"' in text for key in ("annotations", "predictions")):
        return Looks("label-studio", "Label Studio tasks")
    if '"turns"' in text or '"messages"' in text:
        return Looks("jsonl", "a JSON array of conversations")
    return Looks("", "a JSON array of something else than conversations")


def _table(delimiter: str) -> Looks:
    if delimiter == "\t":
        return Looks("tsv", "a table with tabs")
    return Looks("csv", f"a table with {delimiter!r} between the cells")


def _by_name(path: Path) -> Looks | None:
    name = path.name.lower().removesuffix(".gz").removesuffix(".xz")
    formats = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}
    for suffix, format in formats.items():
        if name.endswith(suffix):
            return Looks(format, f"a {suffix} file")
    return None


def _in_words(text: str) -> str:
    known = {"<": "XML or HTML", "%PDF": "a PDF", "version:": "YAML without a section nlu"}
    start = text.lstrip()
    for beginning, words in known.items():
        if start.startswith(beginning):
            return words
    first = start.split("\n", 1)[0].strip()[:60]
    return f"plain text that begins {first!r}"
