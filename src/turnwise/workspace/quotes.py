"""Where a run's record may quote a customer, and taking the quotes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from turnwise.workspace import tables as t

FORGOTTEN = "(forgotten)"
QUOTE_WORDS = 3  # a string of fewer words is a name, a path or a date, not a quote


def strings(value: Any) -> Iterator[str]:
    """Every string of a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def strings_of_runs(connection: sa.Connection) -> set[str]:
    """Every string that the settings and results of runs hold."""
    rows = connection.execute(sa.select(t.runs.c.config, t.runs.c.result))
    return {one for row in rows for part in row for one in strings(part)}


def strings_of_taxonomies(connection: sa.Connection) -> set[str]:
    """Every string of every version of the taxonomy: what people wrote, not customers."""
    contents = connection.scalars(sa.select(t.taxonomies.c.content))
    return {one for content in contents for one in strings(content)}


def take_out_quotes(connection: sa.Connection, quoted: Collection[str]) -> None:
    """Replace in the records of runs what quotes, or may quote, a forgotten conversation.

    That is: in settings and results each string that is one of `quoted`; in results also each
    one of three words or more that does not stand in a taxonomy, since it may quote a part.
    """
    written = strings_of_taxonomies(connection)

    def may_quote(text: str) -> bool:
        return len(text.split()) >= QUOTE_WORDS and text not in written

    for row in connection.execute(sa.select(t.runs.c.id, t.runs.c.config, t.runs.c.result)).all():
        named = {one for part in (row.config, row.result) for one in strings(part)} & set(quoted)
        doubtful = {one for one in strings(row.result) if may_quote(one)}
        if named or doubtful:
            values = {
                "config": _without(row.config, named),
                "result": _without(row.result, named | doubtful),
            }
            connection.execute(t.runs.update().where(t.runs.c.id == row.id).values(values))


def _without(value: Any, unwanted: Collection[str]) -> Any:
    if isinstance(value, str):
        return FORGOTTEN if value in unwanted else value
    if isinstance(value, list):
        return [_without(part, unwanted) for part in value]
    if isinstance(value, dict):
        return {
            # Numbered: two fields must not become one.
            (f"{FORGOTTEN} {place}" if name in unwanted else name): _without(part, unwanted)
            for place, (name, part) in enumerate(value.items(), 1)
        }
    return value
