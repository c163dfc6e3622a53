"""A change of the taxonomy, carried through everything that was said under the old one.

Every annotation that a change touches is kept as it was, in `superseded`. What became one label
goes on under it; what became several, or none, is taken out of the annotations in force, and the
work that it came from counts as not done. All of it is one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from turnwise.annotations import PERSON
from turnwise.label_map import LabelMap
from turnwise.progress import Progress, silent
from turnwise.workspace import tables as t
from turnwise.workspace.adding import content_hash
from turnwise.workspace.changes import Change, note_change, origin_query
from turnwise.workspace.counting import change_annotation_counts, change_counts, read_sources
from turnwise.workspace.database import Database, slices
from turnwise.workspace.reading import read_conversations

PAGE = 5_000  # annotations looked at together

Row = sa.Row[Any]  # of the table of annotations
KEPT = ("conversation", "turn", "source", "dimension", "label", "confidence")
KEPT_TEXT = ("runners_up", "rationale", "evidence")


def migrate(
    database: Database, before: int, after: int, map: LabelMap, progress: Progress = silent
) -> Change:
    """Carry every label over; the caller holds the transaction open.

    Args:
        before, after: versions of taxonomies that are stored; map: from one to the other.
    """
    with database.writing() as connection:
        change = note_change(database, connection, before, after, map)
        _Carrying(database, connection, change).run(progress)
    return change


@dataclass
class _Carrying:
    """What a change has touched so far."""

    database: Database
    connection: sa.Connection
    change: Change
    removed: Counter[int] = field(default_factory=Counter)  # source -> annotations
    undone: set[tuple[int, int]] = field(default_factory=set)  # (conversation, source)
    regolded: set[int] = field(default_factory=set)  # conversations whose gold changed

    def run(self, progress: Progress) -> None:
        sources = read_sources(self.connection)
        people = {key for key, one in sources.items() if one.kind == PERSON.kind}
        # What came with a conversation is part of its content; a review stands beside it.
        imported = {key for key in people if sources[key] == PERSON}
        looked_at = 0
        for dimension in (*self.change.map.moves, *self.change.map.gone):
            for page in self._pages(dimension):
                self._carry(dimension, page, people, imported)
                looked_at += len(page)
                progress("carry labels over", looked_at, 0)
            self._merge(dimension)
        change_annotation_counts(
            self.connection, {source: -number for source, number in self.removed.items()}
        )
        self._undo_work()
        self._renew_contents(imported)

    def _pages(self, dimension: str) -> Iterator[Sequence[Row]]:
        c = t.annotations.c
        old = list(self.change.map.moves.get(dimension, ()))
        touched = c.label.in_(old) | c.runners_up.is_not(None)
        query = sa.select(t.annotations).where(c.dimension == dimension)
        if dimension not in self.change.map.gone:
            query = query.where(touched)
        query = query.order_by(c.id).limit(PAGE)
        last = -1
        while page := self.connection.execute(query.where(c.id > last)).all():
            yield page
            last = page[-1].id

    def _carry(
        self, dimension: str, page: Sequence[Row], people: set[int], imported: set[int]
    ) -> None:
        kept: list[dict[str, Any]] = []
        renamed: list[dict[str, Any]] = []
        doomed: list[int] = []
        for row in page:
            became = self._became(dimension, row.label)
            others = _runners_up(self.change.map, dimension, row.runners_up, became)
            if became == (row.label,) and others == row.runners_up:
                continue
            kept.append({"change": self.change.id, **_as_it_was(row)})
            if row.source in imported:
                self.regolded.add(row.conversation)
            if len(became) == 1:
                renamed.append({"row": row.id, "new": became[0], "others": others})
                continue
            doomed.append(row.id)
            self.removed[row.source] += 1
            # A dimension that is gone needs no labels: work on the others stays done.
            if row.source not in people and dimension not in self.change.map.gone:
                self.undone.add((row.conversation, row.source))
        self._write(kept, renamed, doomed)

    def _became(self, dimension: str, label: str | None) -> tuple[str | None, ...]:
        """What a label became; where an annotator abstained, it abstains still."""
        if label is None and dimension not in self.change.map.gone:
            return (None,)
        return self.change.map.became(dimension, label or "")

    def _write(
        self,
        kept: Sequence[Mapping[str, Any]],
        renamed: Sequence[Mapping[str, Any]],
        doomed: Sequence[int],
    ) -> None:
        if kept:
            self.connection.execute(t.superseded.insert(), list(kept))
        if renamed:
            c = t.annotations.c
            update = t.annotations.update().where(c.id == sa.bindparam("row"))
            update = update.values(label=sa.bindparam("new"), runners_up=sa.bindparam("others"))
            self.connection.execute(update, list(renamed))
        for some in slices(doomed):
            self.connection.execute(t.annotations.delete().where(t.annotations.c.id.in_(some)))

    def _merge(self, dimension: str) -> None:
        """Where one source has now said the same label of a turn twice, keep the first."""
        moves = self.change.map.moves.get(dimension, {})
        targets = sorted({to[0] for to in moves.values() if len(to) == 1})
        one, other = t.annotations.alias("one"), t.annotations.alias("other")
        same = [
            one.c[name] == other.c[name]
            for name in ("conversation", "turn", "source", "dimension", "label")
        ]
        query = sa.select(one.c.id, one.c.source).where(
            one.c.dimension == dimension,
            one.c.label.in_(targets),
            sa.exists().where(*same, other.c.id < one.c.id),
        )
        rows = self.connection.execute(query).all() if targets else []
        self.removed.update(row.source for row in rows)
        self._write((), (), [row.id for row in rows])

    def _undo_work(self) -> None:
        """Let work that lost a label count as not done, under a key that nobody asks for.

        It is not deleted: it tells which annotations go when the conversation is labelled anew.
        """
        w = t.work.c
        for some in slices(sorted({conversation for conversation, _ in self.undone})):
            query = sa.select(w.key, w.conversation, w.sources).where(w.conversation.in_(some))
            gone = [
                {"row": row.key, "new": f"{row.key} before change {self.change.id}"}
                for row in self.connection.execute(query)
                if any((row.conversation, source) in self.undone for source in row.sources)
            ]
            if gone:
                update = t.work.update().where(w.key == sa.bindparam("row"))
                self.connection.execute(update.values(key=sa.bindparam("new")), gone)

    def _renew_contents(self, imported: set[int]) -> None:
        """Bring counts and hashes of conversations in line with their gold."""
        c = t.conversations.c
        lost = 0
        for some in slices(sorted(self.regolded)):
            origins = self._origins(some)
            gold = self._gold(some, imported)
            heads = self.connection.execute(sa.select(c.key, c.id, c.gold).where(c.key.in_(some)))
            keys = {head.id: head.key for head in heads.all()}
            for key in keys.values():
                update = t.conversations.update().where(c.key == key).values(gold=gold[key])
                self.connection.execute(update)
                lost += gold[key] == 0
            for conversation in read_conversations(self.database, list(keys)):
                self._renew(keys[conversation.id], content_hash(conversation), origins)
        change_counts(self.connection, {"gold_conversations": -lost})

    def _renew(self, key: int, content: str, origins: Mapping[int, str]) -> None:
        c = t.conversations.c
        self.connection.execute(
            t.conversations.update().where(c.key == key).values(content=content)
        )
        self.connection.execute(t.origins.delete().where(t.origins.c.conversation == key))
        values = {"conversation": key, "content": content, "origin": origins[key]}
        self.connection.execute(t.origins.insert().values(values))

    def _origins(self, keys: Sequence[int]) -> dict[int, str]:
        query = origin_query(t.conversations.c.key).where(t.conversations.c.key.in_(keys))
        return {row[0]: row[1] for row in self.connection.execute(query)}

    def _gold(self, keys: Sequence[int], imported: set[int]) -> Counter[int]:
        c = t.annotations.c
        query = (
            sa.select(c.conversation, sa.func.count().label("number"))
            .where(c.conversation.in_(keys), c.source.in_(imported))
            .group_by(c.conversation)
        )
        return Counter({row.conversation: row.number for row in self.connection.execute(query)})


def _runners_up(
    map: LabelMap, dimension: str, runners_up: list[Any] | None, became: Sequence[str | None]
) -> list[Any] | None:
    """Other labels under their new names, best first; those that became several are left out."""
    if not runners_up:
        return runners_up
    found: dict[str, Any] = {}
    for label, confidence in runners_up:
        to = map.became(dimension, label)
        if len(to) == 1 and to[0] not in became:
            found.setdefault(to[0], [to[0], confidence])
    return list(found.values()) or None


def _as_it_was(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*KEPT, *KEPT_TEXT)}
