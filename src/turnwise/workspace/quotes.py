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


def strings_of_results(connection: sa.Connection) -> set[str]:
    """Every string that the results of runs hold."""
    return {
        one for result in connection.scalars(sa.select(t.runs.c.result)) for one in strings(result)
    }


def strings_of_taxonomies(connection: sa.Connection) -> set[str]:
    """Every string of every version of the taxonomy: what people wrote, not customers."""
    contents = connection.scalars(sa.select(t.taxonomies.c.content))
    return {one for content in contents for one in strings(content)}


def take_out_quotes(
    connection: sa.Connection, quoted: Collection[str], ids: Collection[str]
) -> None:
    """Replace in the records of runs what quotes, or may quote, a forgotten conversation.

    Args:
        quoted: texts that are replaced in results. There, each string of three words or more
            that does not stand in a taxonomy is replaced too, since it may quote a part.
        ids: of the conversations; replaced in settings too, which hold no text of customers.
    """
    written = strings_of_taxonomies(connection)

    def may_quote(text: str) -> bool:
        return len(text.split()) >= QUOTE_WORDS and text not in written

    for row in connection.execute(sa.select(t.runs.c.id, t.runs.c.config, t.runs.c.result)).all():
        doubtful = {one for one in strings(row.result) if may_quote(one)}
        values = {
            "config": _without(row.config, ids),
            "result": _without(row.result, doubtful.union(quoted, ids)),
        }
        if values != {"config": row.config, "result": row.result}:
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
