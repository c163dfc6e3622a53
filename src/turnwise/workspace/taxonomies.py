"""Taxonomies in and out of the database, a version for each content."""

from __future__ import annotations

import json
from hashlib import sha256

import sqlalchemy as sa

from turnwise.taxonomy import Taxonomy, from_dict, to_dict
from turnwise.workspace import tables as t
from turnwise.workspace.database import Database


def put_taxonomy(database: Database, taxonomy: Taxonomy) -> int:
    """Store a taxonomy and make it the current one; returns its version in this workspace.

    The same content keeps the version it was given first. The order of labels is content: it
    is that of every vector of probabilities.
    """
    content = to_dict(taxonomy)
    digest = sha256(json.dumps(content).encode("ascii")).hexdigest()
    c = t.taxonomies.c
    with database.writing() as connection:
        latest = connection.execute(
            sa.select(c.version, c.hash, c.last_put).order_by(c.last_put.desc()).limit(1)
        ).first()
        if latest is not None and latest.hash == digest:
            return int(latest.version)
        put = 1 if latest is None else latest.last_put + 1
        known = connection.scalar(sa.select(c.version).where(c.hash == digest))
        if known is not None:
            again = t.taxonomies.update().where(c.version == known).values(last_put=put)
            connection.execute(again)
            return int(known)
        values = {"content": content, "hash": digest, "last_put": put}
        added = connection.execute(t.taxonomies.insert().values(values))
        assert added.inserted_primary_key is not None
        return int(added.inserted_primary_key[0])


def read_taxonomy(database: Database, version: int | None) -> Taxonomy | None:
    """A version of the taxonomy, or the one put last; None where there is none."""
    c = t.taxonomies.c
    query = sa.select(c.content).order_by(c.last_put.desc()).limit(1)
    if version is not None:
        query = query.where(c.version == version)
    with database.reading() as connection:
        content = connection.scalar(query)
    return None if content is None else from_dict(content)


def read_taxonomies(database: Database) -> list[tuple[int, Taxonomy]]:
    """Every version with its number, the one put last first."""
    c = t.taxonomies.c
    query = sa.select(c.version, c.content).order_by(c.last_put.desc())
    with database.reading() as connection:
        return [(row.version, from_dict(row.content)) for row in connection.execute(query)]
