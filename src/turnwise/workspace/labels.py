"""Annotations in and out of the database, and which pieces of work they came from.

A piece of work is what one annotator made of one conversation. It is stored as a whole, under
a key that its caller makes from everything that went into it; a later piece by the same
annotator on the same conversation, under another key, takes its place. Gold is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from turnwise.annotations import Annotation, Evidence, Source
from turnwise.errors import WorkspaceError
from turnwise.workspace import tables as t
from turnwise.workspace.counting import change_annotation_counts, read_sources, source_id
from turnwise.workspace.database import Database, slices
from turnwise.workspace.reading import read_heads, unknown_ids

AT_ONCE = 64  # conversations whose annotations are read together: each may have hundreds


def put_annotations(
    database: Database, work_key: str, conversation_id: str, annotations: Sequence[Annotation]
) -> None:
    """Store a piece of work in place of what the same annotator had made of the conversation.

    Annotators are the same when kind and name of their sources are; the version may differ.

    Raises:
        WorkspaceError: the conversation is unknown, or was forgotten meanwhile.
        ValueError: an annotation is of another conversation, of a turn that does not exist, or
            by a person.
    """
    with database.writing() as connection:
        c = t.conversations.c
        head = connection.execute(sa.select(c.key, c.turns).where(c.id == conversation_id)).first()
        if head is None:
            raise WorkspaceError(unknown_ids({conversation_id}, database))
        for annotation in annotations:
            _check(annotation, conversation_id, head.turns)
        ids = {one: source_id(connection, one) for one in {a.source for a in annotations}}
        _take_away(connection, head.key, {(one.kind, one.name) for one in ids}, work_key)
        if annotations:
            rows = [_row(head.key, ids[one.source], one) for one in annotations]
            connection.execute(t.annotations.insert(), rows)
            made = [ids[one.source] for one in annotations]
            change_annotation_counts(connection, {one: made.count(one) for one in ids.values()})
        values = {"key": work_key, "conversation": head.key, "sources": sorted(ids.values())}
        connection.execute(t.work.insert().values(values))


def gold_labels(database: Database) -> dict[str, set[str]]:
    """Dimension -> the labels that people gave anywhere."""
    a, found = t.annotations.c, dict[str, set[str]]()
    query = (
        sa.select(a.dimension, a.label)
        .join(t.sources, t.sources.c.id == a.source)
        .where(t.sources.c.kind == "person")
        .distinct()
    )
    with database.reading() as connection:
        for dimension, label in connection.execute(query):
            found.setdefault(dimension, set()).add(label)
    return found


def stored_labels(database: Database) -> dict[str, set[str]]:
    """Dimension -> every label that anyone gave, and that is in force."""
    a, found = t.annotations.c, dict[str, set[str]]()
    query = sa.select(a.dimension, a.label).where(a.label.is_not(None)).distinct()
    with database.reading() as connection:
        for dimension, label in connection.execute(query):
            found.setdefault(dimension, set()).add(label)
    return found


def _check(annotation: Annotation, conversation_id: str, turns: int) -> None:
    if annotation.conversation_id != conversation_id or not 0 <= annotation.turn < turns:
        raise ValueError(f"annotation of {annotation.key} in the work on {conversation_id!r}")
    if annotation.source.kind == "person":
        raise ValueError("gold is stored with its conversation, not as a piece of work")


def _take_away(
    connection: sa.Connection, key: int, annotators: set[tuple[str, str]], work_key: str
) -> None:
    """Delete the earlier work of annotators on a conversation, with all that came out of it."""
    known = read_sources(connection)
    w = t.work.c
    old = connection.execute(
        sa.select(w.key, w.sources).where((w.conversation == key) | (w.key == work_key))
    ).all()
    replaced = [
        row
        for row in old
        if row.key == work_key
        or any((known[one].kind, known[one].name) in annotators for one in row.sources)
    ]
    if replaced:
        delete_annotations_of(connection, key, {one for row in replaced for one in row.sources})
        connection.execute(t.work.delete().where(w.key.in_([row.key for row in replaced])))


def delete_annotations_of(connection: sa.Connection, key: int, sources: Iterable[int]) -> None:
    """Delete what sources said of a conversation."""
    for source in sources:
        c = t.annotations.c
        gone = connection.execute(
            t.annotations.delete().where(c.conversation == key, c.source == source)
        )
        change_annotation_counts(connection, {source: -gone.rowcount})


def done(database: Database, work_keys: Iterable[str]) -> set[str]:
    """Those of the keys whose work is stored."""
    found: set[str] = set()
    with database.reading() as connection:
        for some in slices(list(work_keys)):
            found.update(connection.scalars(sa.select(t.work.c.key).where(t.work.c.key.in_(some))))
    return found


def read_annotations(
    database: Database, ids: Sequence[str] | None, source: Source | None
) -> Iterator[Annotation]:
    """Yield annotations in order of conversation id, turn, and of storing.

    Args:
        ids: of conversations; None for all.
        source: whose; an empty name or version stands for any. None for everyone's, gold too.

    Raises:
        WorkspaceError: an id is unknown.
    """
    for heads in read_heads(database, ids):
        for some in slices(heads, AT_ONCE):
            with database.reading() as connection:
                page = _read_page(connection, {head.key: head.id for head in some}, source)
            for head in some:
                yield from page.get(head.key, ())


def _read_page(
    connection: sa.Connection, ids: Mapping[int, str], source: Source | None
) -> dict[int, list[Annotation]]:
    c = t.annotations.c
    known = read_sources(connection)
    wanted = [key for key, one in known.items() if source is None or _matches(one, source)]
    query = (
        sa.select(t.annotations)
        .where(c.conversation.in_(ids), c.source.in_(wanted))
        .order_by(c.conversation, c.turn, c.id)
    )
    page: dict[int, list[Annotation]] = {}
    for row in connection.execute(query):
        annotation = annotation_of(ids[row.conversation], known[row.source], row)
        page.setdefault(row.conversation, []).append(annotation)
    return page


def _matches(source: Source, wanted: Source) -> bool:
    return (
        source.kind == wanted.kind
        and wanted.name in ("", source.name)
        and wanted.version in ("", source.version)
    )


def _row(key: int, source: int, annotation: Annotation) -> dict[str, Any]:
    return {
        "conversation": key,
        "turn": annotation.turn,
        "source": source,
        "dimension": annotation.dimension,
        "label": annotation.label,
        "confidence": annotation.confidence,
        "runners_up": annotation.runners_up or None,
        "rationale": annotation.rationale or None,
        "evidence": [_evidence_json(one) for one in annotation.evidence] or None,
    }


def _evidence_json(evidence: Evidence) -> dict[str, Any]:
    written: dict[str, Any] = {"text": evidence.text, "score": evidence.score}
    if evidence.words:
        written["words"] = evidence.words
    if evidence.conversation_id:
        written |= {"conversation_id": evidence.conversation_id, "turn": evidence.turn}
    return written


def annotation_of(conversation_id: str, source: Source, row: sa.Row[Any]) -> Annotation:
    """A row of the table of annotations, or of one with the same columns."""
    return Annotation(
        conversation_id=conversation_id,
        turn=row.turn,
        dimension=row.dimension,
        label=row.label,
        source=source,
        confidence=row.confidence,
        runners_up=tuple((label, confidence) for label, confidence in row.runners_up or ()),
        rationale=row.rationale or "",
        evidence=tuple(
            Evidence(**{**one, "words": tuple(one.get("words", ()))}) for one in row.evidence or ()
        ),
    )
