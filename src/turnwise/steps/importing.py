"""Files of conversations -> workspace: read, check labels, redact, store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Literal

from turnwise.conversations import Conversation
from turnwise.errors import FormatError, InputError
from turnwise.formats import ColumnMapping, Record, read
from turnwise.privacy import Redactor
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.taxonomy import Taxonomy

BATCH = 1_000  # conversations a transaction: large enough for the disk, small enough to lose none
MAX_SHOWN = 5
OnError = Literal["skip", "stop"]


@dataclass(slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        added, same: conversations stored, and skipped since they were there already.
        rejected: records that could not be read, each written to one of `rejected_files`.
        turns: merged turns stored. joined: messages that became part of the turn before, as the
            same side wrote on. unanswered: conversations of several messages, all of the
            customer's and with no gap in their numbers, so that each is one turn.
        redacted: kind of personal data -> values replaced.
        errors: the first complaints, in words.
    """

    added: int = 0
    same: int = 0
    rejected: int = 0
    turns: int = 0
    joined: int = 0
    unanswered: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    rejected_files: list[Path] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Options:
    format: str
    columns: ColumnMapping | None
    on_error: OnError


def import_logs(
    project: Project,
    files: Sequence[Path],
    *,
    format: str = "auto",
    columns: ColumnMapping | None = None,
    on_error: OnError = "skip",
    progress: Progress = silent,
) -> ImportResult:
    """Import files into a project.

    A conversation that is there already is skipped; one with a known id but another content,
    an unknown label or any other fault is rejected. With `skip`, rejected records go to a file
    under `rejected/` and the rest is kept, batch by batch; with `stop`, the first fault ends
    the import and nothing of it is kept.

    Raises:
        FormatError: with `stop`, the first fault; with either, when a file does not exist.
    """
    options = _Options(format, columns, on_error)
    _refuse_missing(files)
    result = ImportResult()
    with project.recorded("import") as record:
        with project.workspace.transaction() if on_error == "stop" else nullcontext():
            for path in files:
                _import_file(project, path, options, result, progress)
        record.update(added=result.added, same=result.same, rejected=result.rejected)
    return result


def _refuse_missing(files: Iterable[Path]) -> None:
    for path in files:
        if not path.exists():
            raise FormatError("no such file", path=path, hint="Check the path")


def _import_file(
    project: Project, path: Path, options: _Options, result: ImportResult, progress: Progress
) -> None:
    taxonomy = project.given_taxonomy()
    redactor = Redactor() if project.config.redact else None
    rejects = _Rejects(project.folder / "rejected", path, options, redactor, result)
    try:
        records = read(path, options.format, options.columns)
    except FormatError as unreadable:  # the other files may be in order
        rejects.add(Record(1, None), unreadable)
        return
    for batch in _batches(records, BATCH):
        lines: list[int] = []
        kept: list[Conversation] = []
        for record in batch:
            if record.conversation is None or (fault := _fault(record, taxonomy, path)):
                rejects.add(record, record.error or fault)
                continue
            conversation = record.conversation
            lines.append(record.line)
            if redactor is not None:
                conversation, counts = _redacted(conversation, redactor)
                result.redacted.update(counts)
            kept.append(conversation)
        added = project.workspace.add(kept)
        result.added += added.added
        result.same += added.same
        result.turns += added.turns
        if added.added:
            _count_joined(kept, result)
        for one, position in zip(added.conflicting, added.conflicting_at, strict=True):
            error = FormatError(
                f"conversation id {one!r} is known with another content",
                path=path,
                line=lines[position],
                hint="Give it another id, or run 'turnwise forget' on the stored one first (its "
                "stored text is redacted: a changed setting of redact changes it too). Labels "
                "that people corrected in Label Studio: 'turnwise review import'",
            )
            rejects.add(Record(lines[position], None), error)
        progress(f"import {path.name}", result.added + result.same, 0)


def _count_joined(conversations: Sequence[Conversation], result: ImportResult) -> None:
    for one in conversations:
        joined = sum(max(0, len(turn.messages) - 1) for turn in one.turns)
        result.joined += joined
        result.unanswered += joined > 0 and len(one.turns) == 1


def _redacted(conversation: Conversation, redactor: Redactor) -> tuple[Conversation, Counter[str]]:
    """Redact the turns, and what the source says beside them; ids stay as they are."""
    redacted, counts = redactor.redact(conversation)
    if conversation.meta:
        meta = {name: redactor.redact_text(value) for name, value in conversation.meta.items()}
        redacted = replace(redacted, meta={name: text for name, (text, _) in meta.items()})
        for _, found in meta.values():
            counts.update(found)
    return redacted, counts


def _fault(record: Record, taxonomy: Taxonomy | None, path: Path) -> FormatError | None:
    """A label that the workspace's taxonomy does not know."""
    if taxonomy is None or record.conversation is None:
        return None
    for index, turn in enumerate(record.conversation.turns):
        for dimension, labels in turn.gold.items():
            if dimension not in taxonomy:
                reason = f"unknown dimension {dimension!r}"
                hint = f"The taxonomy has {', '.join(taxonomy.dimension_names)}"
            elif unknown := [one for one in labels if one not in taxonomy[dimension].index]:
                reason = f"unknown label {unknown[0]!r} of dimension {dimension!r}"
                hint = "Add it to taxonomy.yaml, or correct the record"
            else:
                continue
            where = f"turns.{index}.gold.{dimension}"
            return FormatError(reason, path=path, line=record.line, field=where, hint=hint)
    return None


class _Rejects:
    """Counts rejected records and keeps them in a file, or ends the import at the first."""

    def __init__(
        self,
        folder: Path,
        source: Path,
        options: _Options,
        redactor: Redactor | None,
        result: ImportResult,
    ) -> None:
        # Two sources of one name, in different folders, must not share a file.
        place = sha256(str(source.resolve()).encode()).hexdigest()[:8]
        self._path = folder / f"{source.name}-{place}.jsonl"
        self._options, self._redactor, self._result = options, redactor, result
        self._mode = "w"  # the first record replaces what an earlier import of it left

    def add(self, record: Record, error: InputError | None) -> None:
        if self._options.on_error == "stop" and error is not None:
            raise error
        self._result.rejected += 1
        if len(self._result.errors) < MAX_SHOWN:
            self._result.errors.append(str(error))
        if self._path not in self._result.rejected_files:
            self._result.rejected_files.append(self._path)
        raw = record.raw if self._redactor is None else self._redactor.redact_text(record.raw)[0]
        line: Mapping[str, str | int] = {"line": record.line, "error": str(error), "raw": raw}
        self._path.parent.mkdir(exist_ok=True)
        with self._path.open(self._mode, encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._mode = "a"


def _batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch
