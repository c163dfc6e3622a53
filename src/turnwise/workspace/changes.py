"""Changes of the taxonomy as they are noted, and what keys of work go by after them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from turnwise.label_map import LabelMap
from turnwise.taxonomy import Taxonomy, from_dict, to_dict
from turnwise.workspace import tables as t
from turnwise.workspace.database import Database


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the taxonomy.

    Attributes:
        before, after: versions of this workspace. map: what became of labels; `added` is empty.
    """

    id: int
    before: int
    after: int
    map: LabelMap


def work_basis(database: Database, taxonomy: Taxonomy) -> object:
    """What stands for a taxonomy in the keys of work: see `Workspace.work_basis`."""
    plain = _plain(taxonomy)
    c = t.taxonomy_changes.c
    digest = _digest(plain)
    query = sa.select(t.taxonomy_changes).where(
        (c.before_hash == digest) | (c.after_hash == digest)
    )
    with database.reading() as connection:
        change = connection.execute(query.order_by(c.id.desc()).limit(1)).first()
    if change is None:
        return plain
    if change.after_hash == digest:
        return change.basis
    # It was left behind: what is stored has labels of another one by now.
    return [plain, change.id]


def note_change(
    database: Database, connection: sa.Connection, before: int, after: int, map: LabelMap
) -> Change:
    """Note that one version became another, as part of a transaction."""
    old, new = (_stored(connection, version) for version in (before, after))
    # With a label that nothing led to, any turn may be its: then all is to be labelled.
    basis = _plain(new) if map.added else work_basis(database, old)
    values = {
        "before": before,
        "after": after,
        "moves": {"moves": map.moves, "gone": sorted(map.gone)},
        "before_hash": _digest(_plain(old)),
        "after_hash": _digest(_plain(new)),
        "basis": basis,
        "changed_at": datetime.now(UTC).isoformat(),
    }
    added = connection.execute(t.taxonomy_changes.insert().values(values))
    assert added.inserted_primary_key is not None
    return Change(int(added.inserted_primary_key[0]), before, after, map)


def last_change(database: Database) -> Change | None:
    """The latest change, if there was any."""
    with database.reading() as connection:
        query = sa.select(t.taxonomy_changes).order_by(t.taxonomy_changes.c.id.desc()).limit(1)
        row = connection.execute(query).first()
    if row is None:
        return None
    moves = {
        dimension: {old: tuple(new) for old, new in labels.items()}
        for dimension, labels in row.moves["moves"].items()
    }
    return Change(row.id, row.before, row.after, LabelMap(moves, frozenset(row.moves["gone"])))


def origin_query(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Columns of conversations, and the content that work on each of them goes by."""
    c, o = t.conversations.c, t.origins.c
    joined = t.conversations.outerjoin(
        t.origins, (o.conversation == c.key) & (o.content == c.content)
    )
    return sa.select(*columns, sa.func.coalesce(o.origin, c.content)).select_from(joined)


def _stored(connection: sa.Connection, version: int) -> Taxonomy:

    c = t.taxonomies.c
    return from_dict(
        connection.execute(sa.select(c.content).where(c.version == version)).scalar_one()
    )


def _plain(taxonomy: Taxonomy) -> dict[str, Any]:
    """What labels rest on: all but the number of the version, and what is done with labels."""
    return {**to_dict(taxonomy), "actions": None, "version": None}


def _digest(plain: Mapping[str, Any]) -> str:
    return sha256(json.dumps(plain).encode("ascii")).hexdigest()
