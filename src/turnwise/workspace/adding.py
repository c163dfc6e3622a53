"""Conversations into the database, by the thousand."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError

from turnwise.annotations import PERSON
from turnwise.conversations import Conversation
from turnwise.errors import WorkspaceError
from turnwise.workspace import tables as t
from turnwise.workspace.counting import change_annotation_counts, change_counts, source_id
from turnwise.workspace.database import Database, insert_rows, slices

FLUSH = 20_000  # turns handed to the database at once

Row = tuple[Any, ...]
HEAD_COLUMNS = (
    "key, id, content, started_at, started_epoch, added_epoch, locale, market, channel, meta, "
    "turns, customer_turns, gold"
)
TURN_COLUMNS = "conversation, position, role, text, messages"
GOLD_COLUMNS = "conversation, turn, source, dimension, label, confidence"

NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of the conversations that were handed in.

    Attributes:
        added: stored now, with `turns` turns.
        same: skipped, being there already with the same content.
        conflicting: ids of those that are there with another content; they were not stored.
        conflicting_at: their positions in what was handed in.
    """

    added: int = 0
    turns: int = 0
    same: int = 0
    conflicting: tuple[str, ...] = ()
    conflicting_at: tuple[int, ...] = ()


def content_hash(conversation: Conversation) -> str:
    """sha256, in hex, of all that a conversation holds: its id, texts, gold and the rest."""
    content = [
        conversation.id,
        conversation.started_at.isoformat() if conversation.started_at else None,
        conversation.locale,
        conversation.market,
        conversation.channel,
        sorted(conversation.meta.items()),
        [
            (
                turn.role,
                turn.text,
                turn.messages,
                sorted(item for item in turn.gold.items() if item[1]) if turn.gold else (),
            )
            for turn in conversation.turns
        ],
    ]
    return sha256(json.dumps(content).encode("ascii")).hexdigest()


def add(database: Database, conversations: Sequence[Conversation]) -> AddResult:
    """Store conversations in one transaction, skipping those that are there.

    Raises:
        WorkspaceError: a text holds what the database can't; nothing is stored then.
    """
    hashes = [content_hash(conversation) for conversation in conversations]
    fresh: list[tuple[Conversation, str]] = []
    conflicts: list[int] = []
    with database.writing() as connection:
        known = stored_hashes(connection, [conversation.id for conversation in conversations])
        for position, content in enumerate(hashes):
            conversation = conversations[position]
            if conversation.id not in known:
                known[conversation.id] = content
                fresh.append((conversation, content))
            elif known[conversation.id] != content:
                conflicts.append(position)
        try:
            _insert(connection, fresh)
        except (UnicodeEncodeError, DataError) as error:
            raise WorkspaceError(_unstorable(conversations, error)) from error
    return AddResult(
        added=len(fresh),
        turns=sum(len(conversation.turns) for conversation, _ in fresh),
        same=len(conversations) - len(fresh) - len(conflicts),
        conflicting=tuple(conversations[position].id for position in conflicts),
        conflicting_at=tuple(conflicts),
    )


def stored_hashes(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    """id -> content hash, of those of the ids that are stored."""
    c = t.conversations.c
    found: dict[str, str] = {}
    for some in slices(ids):
        rows = connection.execute(sa.select(c.id, c.content).where(c.id.in_(some)))
        found.update((row.id, row.content) for row in rows)
    return found


@dataclass(slots=True)
class _Rows:
    """Rows on their way into three tables, in the order that the references need."""

    heads: list[Row] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    gold: list[Row] = field(default_factory=list)

    def flush(self, connection: sa.Connection) -> None:
        insert_rows(connection, t.conversations, HEAD_COLUMNS, self.heads)
        insert_rows(connection, t.turns, TURN_COLUMNS, self.turns)
        insert_rows(connection, t.annotations, GOLD_COLUMNS, self.gold)
        self.heads, self.turns, self.gold = [], [], []


def _insert(connection: sa.Connection, fresh: Sequence[tuple[Conversation, str]]) -> None:
    if not fresh:
        return
    person = source_id(connection, PERSON)
    first = (connection.scalar(sa.select(sa.func.max(t.conversations.c.key))) or 0) + 1
    now = time.time()
    totals = {"conversations": 0, "turns": 0, "customer_turns": 0, "gold_conversations": 0}
    labels = 0
    rows = _Rows()
    for key, (conversation, content) in enumerate(fresh, first):
        gold = list(_gold_rows(key, conversation, person))
        customer = sum(turn.role == "customer" for turn in conversation.turns)
        counts = (len(conversation.turns), customer, len(gold))
        rows.heads.append((key, *_head(conversation, content, now), *counts))
        rows.turns.extend(_turn_rows(key, conversation))
        rows.gold.extend(gold)
        if len(rows.turns) >= FLUSH:
            rows.flush(connection)
        totals["conversations"] += 1
        totals["turns"] += len(conversation.turns)
        totals["customer_turns"] += customer
        totals["gold_conversations"] += bool(gold)
        labels += len(gold)
    rows.flush(connection)
    change_counts(connection, totals)
    change_annotation_counts(connection, {person: labels})


def _head(conversation: Conversation, content: str, now: float) -> Row:
    started = conversation.started_at
    return (
        conversation.id,
        content,
        None if started is None else started.isoformat(),
        None if started is None else epoch(started),
        now,
        conversation.locale,
        conversation.market,
        conversation.channel,
        json.dumps(dict(conversation.meta)) if conversation.meta else None,
    )


def _turn_rows(key: int, conversation: Conversation) -> Iterator[Row]:
    for position, turn in enumerate(conversation.turns):
        messages = f"[{', '.join(map(str, turn.messages))}]" if turn.messages else None
        yield key, position, turn.role, turn.text, messages


def _gold_rows(key: int, conversation: Conversation, person: int) -> Iterator[Row]:
    for position, turn in enumerate(conversation.turns):
        for dimension, labels in turn.gold.items():
            for label in labels:
                yield key, position, person, dimension, label, 1.0


def epoch(moment: datetime) -> float:
    """Seconds since 1970; a time without a zone counts as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _unstorable(conversations: Sequence[Conversation], error: Exception) -> str:
    for conversation in conversations:
        for index, turn in enumerate(conversation.turns):
            if found := NOT_TEXT.search(turn.text):
                return (
                    f"conversation {conversation.id!r}, turn {index}: the text holds the character "
                    f"{found.group()!a}, which is no text. Take it out and import again"
                )
    return f"a conversation can't be stored: {error}"


def storable(text: str) -> str:
    """The text, what no database holds written as JSON escapes: anybody may say anything."""
    return NOT_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
