"""Deleting conversations with everything that was derived from their text.

Rows go first, in one transaction that also notes what is left to do: vectors, files, and the
bytes that a database keeps of deleted rows. The note is taken away last, so that a run that is
killed half-way is completed by the next one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from turnwise.errors import WorkspaceError
from turnwise.progress import Progress, silent
from turnwise.workspace import tables as t
from turnwise.workspace.adding import epoch
from turnwise.workspace.counting import change_annotation_counts, change_counts, read_sources
from turnwise.workspace.database import Database, slices
from turnwise.workspace.decision_log import LoggedRows
from turnwise.workspace.quotes import strings_of_results, strings_of_taxonomies, take_out_quotes
from turnwise.workspace.reading import unknown_ids
from turnwise.workspace.vectors import SqliteVectorStore

BUNDLES, REPORTS, REJECTED = "bundles", "reports", "rejected"
DISCOVERY, GENERATED = "discovery", "generated"
VECTORS = "vectors.db"
# Tasks whose questions show what many conversations say: an answer may quote any of them.
SHOWING_MANY = (
    "discovery-name",
    "generate-question",
    "generate-answer",
    "generate-moves",
    "generate-customer-turn",
    "generate-agent-turn",
    "ambiguous-edit",
    "ambiguous-pair",
    "clarify-assistant",
    "clarify-customer",
    "clarify-enough",
    "clarify-ratings",
    "session-rating",
    "answer-rating",
)
ROWS_AT_ONCE = 10_000

# As labels.py writes it; inside a quoted text these quotation marks would be escaped.
CITED = re.compile(r'"conversation_id": "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted, and what may still know it.

    Attributes:
        conversations, turns: deleted; an id that only the log knew is one of them.
        annotations: deleted with them, gold too, and those on other conversations that cited
            them as evidence; what was labelled so counts as not labelled.
        vectors: of texts that stand nowhere else.
        files: reports, what discovery and generation wrote, and rejected records, which quote
            texts.
        bundles: names of those that were packed after the first of the conversations was
            imported. They hold no text, but may have been trained on it: train again.
        undated: conversations that were kept since nothing tells their age.
        logged: decisions, exposures and feedback that a service logged of them, or before the
            moment.
    """

    conversations: int = 0
    turns: int = 0
    annotations: int = 0
    answers: int = 0
    vectors: int = 0
    files: int = 0
    bundles: tuple[str, ...] = ()
    undated: int = 0
    logged: int = 0


def forget(
    database: Database,
    folder: Path,
    ids: Sequence[str],
    before: datetime | None,
    progress: Progress = silent,
) -> Forgotten:
    """Delete conversations by id, and those that began before a moment; see `Workspace.forget`."""
    with database.writing() as connection:
        chosen = _chosen(connection, ids, before, database)
        logged = LoggedRows({*ids, *chosen.values()}, before)
        if chosen or logged.any(connection):
            _delete_rows(connection, chosen, logged)
        undated = 0 if before is None else _undated(connection)
        notes = connection.execute(sa.select(t.forgets)).all()
    if not notes:
        return Forgotten(undated=undated)
    progress("forget", 1, 4)
    vectors = _forget_vectors(database, folder / VECTORS)
    progress("forget", 2, 4)
    files = _delete_files(folder)
    progress("forget", 3, 4)
    database.compact()
    with database.writing() as connection:
        done = t.forgets.c.id.in_([note.id for note in notes])
        connection.execute(t.forgets.delete().where(done))
    database.empty_log()
    progress("forget", 4, 4)
    return Forgotten(
        conversations=len(set().union(*(note.conversations for note in notes))),
        turns=sum(note.turns for note in notes),
        annotations=sum(note.annotations for note in notes),
        answers=sum(note.answers for note in notes),
        vectors=vectors,
        files=files,
        bundles=_bundles_since(folder / BUNDLES, [note.oldest for note in notes]),
        undated=undated,
        logged=sum(note.logged for note in notes),
    )


def _chosen(
    connection: sa.Connection, ids: Sequence[str], before: datetime | None, database: Database
) -> dict[int, str]:
    """key -> id of the conversations to delete."""
    c = t.conversations.c
    chosen: dict[int, str] = {}
    for some in slices(list(set(ids))):
        rows = connection.execute(sa.select(c.key, c.id).where(c.id.in_(some)))
        chosen.update((row.key, row.id) for row in rows)
    begun = connection.scalars(sa.select(t.forgets.c.conversations))
    known = set(chosen.values()).union(*begun, LoggedRows(ids).known(connection))
    if unknown := set(ids) - known:
        raise WorkspaceError(unknown_ids(unknown, database) + ". Nothing was deleted")
    if before is not None:
        old = sa.select(c.key, c.id).where(c.started_epoch < epoch(before))
        chosen.update((row.key, row.id) for row in connection.execute(old))
    return chosen


def _undated(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).where(t.conversations.c.started_epoch.is_(None))
    return connection.scalar(query) or 0


def _delete_rows(connection: sa.Connection, chosen: Mapping[int, str], logged: LoggedRows) -> None:
    ids = set(logged.ids)
    in_results = strings_of_results(connection)
    quoted = in_results.intersection(logged.texts(connection)) if in_results else set()
    totals: Counter[str] = Counter()
    annotations: Counter[int] = Counter()
    oldest: list[float] = []
    for keys in slices(list(chosen)):
        texts = sa.select(t.turns.c.text).where(t.turns.c.conversation.in_(keys))
        quoted |= in_results.intersection(connection.scalars(texts))
        heads = connection.execute(
            sa.select(t.conversations).where(t.conversations.c.key.in_(keys))
        ).all()
        for head in heads:
            totals["conversations"] += 1
            totals["turns"] += head.turns
            totals["customer_turns"] += head.customer_turns
            totals["gold_conversations"] += head.gold > 0
        oldest.append(min(head.added_epoch for head in heads))
        annotations.update(_annotations_of(connection, keys))
        totals["answers"] += _delete_answers(connection, keys)
        connection.execute(t.conversations.delete().where(t.conversations.c.key.in_(keys)))
    citing, misled = _delete_citing(connection, ids)
    annotations.update(citing)
    answers = totals.pop("answers", 0) + _delete_answers(connection, misled)
    answers += _delete_answers_on_many(connection)
    take_out_quotes(connection, quoted, ids)
    change_counts(connection, {name: -number for name, number in totals.items()})
    change_annotation_counts(connection, {one: -number for one, number in annotations.items()})
    note = {
        "conversations": sorted(ids),
        "turns": totals["turns"],
        "annotations": annotations.total(),
        "answers": answers,
        "oldest": min(oldest, default=None),
        "logged": logged.delete(connection),
    }
    connection.execute(t.forgets.insert().values(note))


def _annotations_of(connection: sa.Connection, keys: Sequence[int]) -> dict[int, int]:
    """Source -> its annotations on the conversations, which go with them."""
    c = t.annotations.c
    query = (
        sa.select(c.source, sa.func.count().label("number"))
        .where(c.conversation.in_(keys))
        .group_by(c.source)
    )
    return {row.source: row.number for row in connection.execute(query)}


def _delete_answers(connection: sa.Connection, keys: Sequence[int]) -> int:
    """Delete what models answered to questions about conversations; returns how many."""
    c = t.answers.c.conversation
    return sum(
        connection.execute(t.answers.delete().where(c.in_(some))).rowcount for some in slices(keys)
    )


def _delete_answers_on_many(connection: sa.Connection) -> int:
    tasks = sa.select(t.spending.c.id).where(t.spending.c.task.in_(SHOWING_MANY))
    return connection.execute(t.answers.delete().where(t.answers.c.spending.in_(tasks))).rowcount


def _delete_citing(connection: sa.Connection, ids: set[str]) -> tuple[Counter[int], list[int]]:
    """Delete annotations whose evidence cites forgotten conversations.

    The work that they came from counts as not done.

    Returns:
        How many by source; the conversations of those by language models, whose answers may
        quote what the annotation cited.
    """
    doomed = list(_citing(connection, ids, t.annotations))
    _delete(connection, t.annotations, [row[0] for row in doomed])
    earlier = list(_citing(connection, ids, t.superseded))
    _delete(connection, t.superseded, [row[0] for row in earlier])
    undone = {(conversation, source) for _, conversation, source in doomed}
    w = t.work.c
    for keys in slices(sorted({conversation for conversation, _ in undone})):
        rows = connection.execute(
            sa.select(w.key, w.conversation, w.sources).where(w.conversation.in_(keys))
        ).all()
        gone = [
            row.key for row in rows if any((row.conversation, s) in undone for s in row.sources)
        ]
        for some_keys in slices(gone):
            connection.execute(t.work.delete().where(w.key.in_(some_keys)))
    models = {key for key, one in read_sources(connection).items() if one.kind == "llm"}
    misled = sorted(
        {conversation for _, conversation, source in (*doomed, *earlier) if source in models}
    )
    return Counter(source for _, _, source in doomed), misled


def _delete(connection: sa.Connection, table: sa.Table, rows: Sequence[int]) -> None:
    for some in slices(rows):
        connection.execute(table.delete().where(table.c.id.in_(some)))


def _citing(
    connection: sa.Connection, ids: set[str], table: sa.Table
) -> Iterator[tuple[int, int, int]]:
    """(id, conversation, source) of annotations that cite one of the ids."""
    escaped = {json.dumps(one)[1:-1] for one in ids}
    c = table.c
    query = (
        sa.select(c.id, c.conversation, c.source, sa.cast(c.evidence, sa.Text))
        .where(c.evidence.is_not(None))
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for key, conversation, source, evidence in connection.execute(query):
        if not escaped.isdisjoint(CITED.findall(evidence)):
            yield key, conversation, source


def _forget_vectors(database: Database, path: Path) -> int:
    if not path.exists():
        return 0
    store = SqliteVectorStore(path)
    try:
        with database.reading() as connection:
            return store.keep_only(_remaining_texts(connection))
    finally:
        store.close()


def _remaining_texts(connection: sa.Connection) -> Iterator[str]:
    yield from strings_of_taxonomies(connection)
    query = sa.select(t.turns.c.text).execution_options(yield_per=ROWS_AT_ONCE)
    yield from connection.scalars(query)


def _delete_files(folder: Path) -> int:
    files = [
        path
        for name in (REPORTS, REJECTED, DISCOVERY, GENERATED)
        for path in (folder / name).rglob("*")
        if path.is_file() or path.is_symlink()
    ]
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _bundles_since(folder: Path, moments: Sequence[float | None]) -> tuple[str, ...]:
    """Names of the bundles that were packed after the first of some moments."""
    known = [one for one in moments if one is not None]
    if not known:  # what was logged alone was never trained on
        return ()
    moment, manifests = min(known), folder.glob("*/manifest.json")
    return tuple(sorted(one.parent.name for one in manifests if one.stat().st_mtime >= moment))
