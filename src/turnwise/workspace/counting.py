"""How much a workspace holds: numbers kept up to date by every change, never counted anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from turnwise.annotations import Source
from turnwise.workspace import tables as t


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a workspace holds.

    Attributes:
        conversations, turns, customer_turns: in all.
        gold_conversations: those with a label that a person gave.
        annotations: source -> how many it made; gold among them, one for each label.
    """

    conversations: int
    turns: int
    customer_turns: int
    gold_conversations: int
    annotations: Mapping[Source, int]


def read_counts(connection: sa.Connection) -> Counts:
    rows = connection.execute(sa.select(t.counters.c.name, t.counters.c.value))
    values = {row.name: row.value for row in rows}
    made = connection.execute(sa.select(t.sources).where(t.sources.c.annotations > 0))
    return Counts(
        conversations=values["conversations"],
        turns=values["turns"],
        customer_turns=values["customer_turns"],
        gold_conversations=values["gold_conversations"],
        annotations={Source(row.kind, row.name, row.version): row.annotations for row in made},
    )


def change_counts(connection: sa.Connection, changes: Mapping[str, int]) -> None:
    """Add to counters, by name."""
    for name, change in changes.items():
        changed = t.counters.update().where(t.counters.c.name == name)
        connection.execute(changed.values(value=t.counters.c.value + change))


def change_annotation_counts(connection: sa.Connection, changes: Mapping[int, int]) -> None:
    """Add to the number of annotations of sources, by source id."""
    for source, change in changes.items():
        changed = t.sources.update().where(t.sources.c.id == source)
        connection.execute(changed.values(annotations=t.sources.c.annotations + change))


def read_sources(connection: sa.Connection) -> dict[int, Source]:
    """Every source that ever made an annotation, by its id; there are few."""
    rows = connection.execute(sa.select(t.sources))
    return {row.id: Source(row.kind, row.name, row.version) for row in rows}


def source_id(connection: sa.Connection, source: Source) -> int:
    """The id of a source, which is given one when it is new."""
    c = t.sources.c
    wanted = (c.kind == source.kind, c.name == source.name, c.version == source.version)
    known = connection.scalar(sa.select(c.id).where(*wanted))
    if known is not None:
        return int(known)
    values = {"kind": source.kind, "name": source.name, "version": source.version}
    added = connection.execute(t.sources.insert().values(annotations=0, **values))
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])
