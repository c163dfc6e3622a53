"""Conversations out of the database.

In order of id and some hundreds at a time, so that memory stays flat however many there are,
and no transaction stays open while the caller works.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from turnwise.annotations import PERSON
from turnwise.conversations import Conversation, Turn
from turnwise.errors import WorkspaceError
from turnwise.workspace import tables as t
from turnwise.workspace.database import SLICE, Database, slices

PAGE_TURNS = 20_000  # read at once, at most, where conversations are long

Head = sa.Row[Any]  # a row of the table of conversations
GoldOf = dict[tuple[int, int], dict[str, tuple[str, ...]]]  # (conversation, turn) -> gold


def read_conversations(database: Database, ids: Sequence[str] | None) -> Iterator[Conversation]:
    """Yield the conversations of the ids, or all, in order of id.

    Raises:
        WorkspaceError: an id is unknown.
    """
    for heads in read_heads(database, ids):
        # Bound to no name, a page is gone before the next one is read.
        yield from _read_page(database, heads)


def read_heads(database: Database, ids: Sequence[str] | None) -> Iterator[list[Head]]:
    """Yield rows of the table of conversations, in order of id, by the page."""
    pages = _all_heads(database) if ids is None else _heads_of(database, sorted(set(ids)))
    for page in pages:
        part: list[Head] = []
        size = 0
        for head in page:
            if part and size + head.turns > PAGE_TURNS:
                yield part
                part, size = [], 0
            part.append(head)
            size += head.turns
        if part:
            yield part


def _all_heads(database: Database) -> Iterator[Sequence[Head]]:
    ordered = sa.select(t.conversations).order_by(t.conversations.c.id).limit(SLICE)
    query = ordered
    while True:
        with database.reading() as connection:
            page = connection.execute(query).all()
        if not page:
            return
        yield page
        query = ordered.where(t.conversations.c.id > page[-1].id)


def _heads_of(database: Database, ids: Sequence[str]) -> Iterator[Sequence[Head]]:
    ordered = sa.select(t.conversations).order_by(t.conversations.c.id)
    for some in slices(ids):
        with database.reading() as connection:
            page = connection.execute(ordered.where(t.conversations.c.id.in_(some))).all()
        if len(page) < len(some):
            raise WorkspaceError(unknown_ids(set(some) - {head.id for head in page}, database))
        yield page


def unknown_ids(ids: set[str], database: Database) -> str:
    """A message that names ids that are not in a workspace."""
    named = ", ".join(map(repr, sorted(ids)[:5]))
    rest = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return (
        f"{database.place} holds no conversation {named}{rest}. "
        "Check the spelling; ids are those of the imported file"
    )


def _read_page(database: Database, heads: Sequence[Head]) -> list[Conversation]:
    with database.reading() as connection:
        turns = _read_turns(connection, heads)
    return [
        _conversation(head, tuple(turns.get(head.key, ())))
        for head in heads
        if head.key in turns or not head.turns  # else it was forgotten since its head was read
    ]


def _read_turns(connection: sa.Connection, heads: Sequence[Head]) -> dict[int, list[Turn]]:
    gold = _read_gold(connection, [head.key for head in heads if head.gold])
    c = t.turns.c
    query = (
        sa.select(c.conversation, c.position, c.role, c.text, sa.cast(c.messages, sa.Text))
        .where(c.conversation.in_([head.key for head in heads]))
        .order_by(c.conversation, c.position)
    )
    turns: dict[int, list[Turn]] = {}
    for key, position, role, text, messages in connection.execute(query):
        turn = Turn(role, text, gold.get((key, position)) or {}, _positions(messages))
        turns.setdefault(key, []).append(turn)
    return turns


def _read_gold(connection: sa.Connection, keys: Sequence[int]) -> GoldOf:
    """Gold that came with the conversations; what a review added stands beside them."""
    c = t.annotations.c
    query = (
        sa.select(c.conversation, c.turn, c.dimension, c.label)
        .join(t.sources, t.sources.c.id == c.source)
        .where(c.conversation.in_(keys), t.sources.c.kind == PERSON.kind)
        .where(t.sources.c.name == PERSON.name)
        .order_by(c.id)
    )
    gold: GoldOf = {}
    for key, turn, dimension, label in connection.execute(query) if keys else ():
        given = gold.setdefault((key, turn), {})
        given[dimension] = (*given.get(dimension, ()), label)
    return gold


@lru_cache(maxsize=4096)
def _positions(messages: str | None) -> tuple[int, ...]:
    return tuple(json.loads(messages)) if messages else ()


def _conversation(head: Head, turns: tuple[Turn, ...]) -> Conversation:
    return Conversation(
        id=head.id,
        turns=turns,
        started_at=datetime.fromisoformat(head.started_at) if head.started_at else None,
        locale=head.locale,
        market=head.market,
        channel=head.channel,
        meta=head.meta or {},
    )
