"""What was said under earlier taxonomies, and which turns a change of the taxonomy left open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from turnwise.annotations import Annotation
from turnwise.workspace import tables as t
from turnwise.workspace.changes import Change, last_change
from turnwise.workspace.counting import read_sources
from turnwise.workspace.database import Database
from turnwise.workspace.labels import annotation_of


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change did to one label.

    Attributes:
        became: the labels that it became; none where it was removed.
        gold, pseudo: annotations that carried it, by people and by others.
    """

    dimension: str
    label: str
    became: tuple[str, ...]
    gold: int = 0
    pseudo: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """A turn that needs a label of a dimension anew.

    Attributes:
        label: what it had; became: what that was split into, none where it was removed.
        gold: whether a person had given it.
    """

    conversation_id: str
    turn: int
    dimension: str
    label: str
    became: tuple[str, ...]
    gold: bool
    text: str


class Earlier:
    """What was said under earlier taxonomies, and what became of it: `Workspace.earlier`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_change(self) -> Change | None:
        """The latest change that `Workspace.migrate` made; None where there was none."""
        return last_change(self._database)

    def moved_labels(self, change: Change) -> list[Moved]:
        """What a change did to each label that it moved, in the order of the map."""
        return _moved_labels(self._database, change)

    def open_turns(self, change: Change) -> Iterator[Open]:
        """Yield the turns whose label became several or none, in order of conversation and turn.

        A dimension that was removed leaves nothing open.
        """
        return _open_turns(self._database, change)

    def annotations(self, version: int) -> Iterator[Annotation]:
        """Yield annotations as they were under a version, of those that a change of it touched."""
        return _annotations_under(self._database, version)


def _moved_labels(database: Database, change: Change) -> list[Moved]:
    counts: dict[tuple[str, str, bool], int] = {}
    s = t.superseded.c
    person = (t.sources.c.kind == "person").label("person")
    query = (
        sa.select(s.dimension, s.label, person, sa.func.count().label("number"))
        .join(t.sources, t.sources.c.id == s.source)
        .where(s.change == change.id, s.label.is_not(None))
        .group_by(s.dimension, s.label, person)
    )
    with database.reading() as connection:
        for row in connection.execute(query):
            counts[(row.dimension, row.label, bool(row.person))] = row.number
    gone = sorted({key[:2] for key in counts if key[0] in change.map.gone})
    moved = [(name, label) for name, moves in change.map.moves.items() for label in moves]
    return [
        Moved(
            name,
            label,
            change.map.became(name, label),
            counts.get((name, label, True), 0),
            counts.get((name, label, False), 0),
        )
        for name, label in (*moved, *gone)
    ]


def _open_turns(database: Database, change: Change) -> Iterator[Open]:
    s, c = t.superseded.c, t.conversations.c
    lost = [
        (name, label)
        for name, moves in change.map.moves.items()
        for label, became in moves.items()
        if len(became) != 1
    ]
    if not lost:
        return
    query = (
        sa.select(c.id, s.turn, s.dimension, s.label, t.sources.c.kind, t.turns.c.text)
        .join(t.conversations, c.key == s.conversation)
        .join(t.turns, (t.turns.c.conversation == s.conversation) & (t.turns.c.position == s.turn))
        .join(t.sources, t.sources.c.id == s.source)
        .where(s.change == change.id, sa.tuple_(s.dimension, s.label).in_(lost))
        .order_by(c.id, s.turn, s.dimension, s.label)
    )
    with database.reading() as connection:
        rows = connection.execute(query.execution_options(yield_per=1_000))
        for (id, turn, name, label), same in groupby(rows, lambda row: tuple(row[:4])):
            said = list(same)
            people = any(row.kind == "person" for row in said)
            became = change.map.became(name, label)
            yield Open(id, turn, name, label, became, people, said[0].text)


def _annotations_under(database: Database, version: int) -> Iterator[Annotation]:
    s = t.superseded
    query = (
        sa.select(s, t.conversations.c.id.label("conversation_id"))
        .join(t.taxonomy_changes, t.taxonomy_changes.c.id == s.c.change)
        .join(t.conversations, t.conversations.c.key == s.c.conversation)
        .where(t.taxonomy_changes.c.before == version)
        .order_by(t.conversations.c.id, s.c.turn, s.c.id)
    )
    with database.reading() as connection:
        sources = read_sources(connection)
        row: sa.Row[Any]
        for row in connection.execute(query.execution_options(yield_per=1_000)):
            yield annotation_of(row.conversation_id, sources[row.source], row)
