"""Gold that people gave to single turns after the import, beside that of the conversations.

It is of the source REVIEW. What came with a conversation stays as it came, so that a review moves
no conversation from one part of the split to another and can overwrite nobody's gold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from turnwise.annotations import PERSON, REVIEW, Annotation
from turnwise.errors import WorkspaceError
from turnwise.workspace import tables as t
from turnwise.workspace.counting import change_annotation_counts, source_id
from turnwise.workspace.database import Database, slices
from turnwise.workspace.reading import unknown_ids

Place = tuple[int, int, str]  # key of a conversation, turn, dimension


@dataclass(frozen=True, slots=True)
class Replaced:
    """A review that took the place of an earlier one, which said `before`."""

    annotation: Annotation
    before: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A review that was not stored, for the import brought other gold for the same place."""

    annotation: Annotation
    gold: tuple[str, ...]


@dataclass(slots=True)
class ReviewsPut:
    """What became of the reviews that were handed in.

    Attributes:
        added: stored where there was none.
        same: said already, by an earlier review or by gold that was imported.
        replaced: stored in place of another review.
        kept: imported gold says otherwise, and holds; not stored.
    """

    added: int = 0
    same: int = 0
    replaced: list[Replaced] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


def put_review(database: Database, annotations: Sequence[Annotation]) -> ReviewsPut:
    """Store reviews in one transaction; see `Workspace.put_review`."""
    result = ReviewsPut()
    with database.writing() as connection:
        source = source_id(connection, REVIEW)
        keys = _keys(connection, annotations, database)
        gold = _gold(connection, sorted(set(keys.values())))
        for one in annotations:
            place = (keys[one.conversation_id], one.turn, one.dimension)
            _put(connection, source, place, one, gold.setdefault(place, {}), result)
        change_annotation_counts(connection, {source: result.added})
    return result


def _keys(
    connection: sa.Connection, annotations: Sequence[Annotation], database: Database
) -> dict[str, int]:
    """Conversation id -> key, once every annotation proves to be a review of a turn."""
    c = t.conversations.c
    turns: dict[str, int] = {}
    keys: dict[str, int] = {}
    wanted = {one.conversation_id for one in annotations}
    for some in slices(sorted(wanted)):
        rows = connection.execute(sa.select(c.id, c.key, c.turns).where(c.id.in_(some)))
        for row in rows:
            keys[row.id], turns[row.id] = row.key, row.turns
    if missing := wanted - set(keys):
        raise WorkspaceError(unknown_ids(missing, database))
    for one in annotations:
        if one.source != REVIEW or one.label is None:
            raise ValueError(f"no review of {one.key}: {one.source}, label {one.label!r}")
        if not 0 <= one.turn < turns[one.conversation_id]:
            raise ValueError(f"a review of {one.key}, which is no turn")
    return keys


Given = dict[str, list[tuple[int, str]]]  # name of a person's source -> (annotation, its label)


def _gold(connection: sa.Connection, keys: Sequence[int]) -> dict[Place, Given]:
    """All that people said of conversations."""
    c, s = t.annotations.c, t.sources.c
    found: dict[Place, Given] = {}
    for some in slices(keys):
        query = (
            sa.select(c.id, c.conversation, c.turn, c.dimension, c.label, s.name)
            .join(t.sources, s.id == c.source)
            .where(c.conversation.in_(some), s.kind == PERSON.kind)
            .order_by(c.id)
        )
        for row in connection.execute(query):
            given = found.setdefault((row.conversation, row.turn, row.dimension), {})
            given.setdefault(row.name, []).append((row.id, row.label))
    return found


def _put(
    connection: sa.Connection,
    source: int,
    place: Place,
    one: Annotation,
    given: Given,
    result: ReviewsPut,
) -> None:
    assert one.label is not None
    imported = tuple(label for _, label in given.get(PERSON.name, ()))
    reviewed = given.get(REVIEW.name, [])
    if imported and one.label not in imported:
        result.kept.append(Kept(one, imported))
    elif imported or (reviewed and reviewed[0][1] == one.label):
        result.same += 1
    elif reviewed:
        row, before = reviewed[0]
        changed = t.annotations.update().where(t.annotations.c.id == row)
        connection.execute(changed.values(label=one.label))
        given[REVIEW.name] = [(row, one.label)]
        result.replaced.append(Replaced(one, before))
    else:
        added = connection.execute(t.annotations.insert().values(_row(source, place, one)))
        assert added.inserted_primary_key is not None
        given[REVIEW.name] = [(int(added.inserted_primary_key[0]), one.label)]
        result.added += 1


def _row(source: int, place: Place, one: Annotation) -> dict[str, Any]:
    conversation, turn, dimension = place
    return {
        "conversation": conversation,
        "turn": turn,
        "source": source,
        "dimension": dimension,
        "label": one.label,
        "confidence": one.confidence,
    }


def spelt_out(connection: sa.Connection) -> Iterator[str]:
    """Every review as a line, in order; nothing where there is none."""
    a, c, s = t.annotations.c, t.conversations.c, t.sources.c
    source = sa.select(s.id).where(s.kind == REVIEW.kind, s.name == REVIEW.name)
    ids = list(connection.scalars(source.where(s.annotations > 0)))
    if not ids:  # most workspaces: asks no large table
        return
    query = (
        sa.select(c.id, a.turn, a.dimension, a.label)
        .join(t.conversations, c.key == a.conversation)
        .where(a.source.in_(ids))
        .order_by(c.id, a.turn, a.dimension)
    )
    for row in connection.execute(query):
        yield f"{row.id}\0{row.turn}\0{row.dimension}\0{row.label}\n"
