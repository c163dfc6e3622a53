"""What a service did and what came of it, in the database: see `turnwise.decision_log`.

A service writes some hundreds of records in one transaction; reports read in order of time, a
page at a time, so that memory stays flat and no transaction stays open while they work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from turnwise.decision_log import (
    Exposure,
    Feedback,
    GivenLabel,
    LogBatch,
    LoggedDecision,
)
from turnwise.workspace import tables as t
from turnwise.workspace.adding import epoch, storable
from turnwise.workspace.database import Database, insert_rows, slices

PAGE = 2_000  # rows read at once

# Columns in the order of the fields of LoggedDecision, Exposure and Feedback.
DECIDED = (
    "at, conversation, owner, turn, arm, experiment, bundle, taxonomy_version, kind, sure, labels, "
    "model, out_of_domain, strange, action, asked, cost, milliseconds, text"
)
SAID = (
    "at, conversation, owner, finished, resolved, rating, hand_off, misrouted, duration, turn, "
    "corrected"
)
EXPOSED = "at, experiment, conversation, bundle, arm, logged"
EXPOSE = f"""
INSERT INTO exposures ({EXPOSED})
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (experiment, conversation) DO NOTHING
"""
LOGGED = (t.decisions, t.exposures, t.feedback)

Row = tuple[Any, ...]


class SqlDecisionLog:
    """The decision log (`DecisionLog`, `LoggedTraffic`) of a workspace.

    It has connections of its own, so that it may be used from another thread than the workspace,
    and from several. What no database holds of a text is kept as JSON writes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = Database(database.engine.url)

    def put(self, batch: LogBatch) -> None:
        """Keep a batch, all of it or nothing; a session's second exposure to the same experiment
        is passed over.

        Raises:
            WorkspaceError: the disk is full, another process writes for long, ...
        """
        decisions = [_storable_row(_decision_row(one)) for one in batch.decisions]
        exposures = [_storable_row(_exposure_row(one)) for one in batch.exposures]
        feedback = [_storable_row(_feedback_row(one)) for one in batch.feedback]
        with self._database.writing() as connection:
            insert_rows(connection, t.decisions, DECIDED, decisions)
            insert_rows(connection, t.feedback, SAID, feedback)
            if exposures:
                marks = connection.dialect.paramstyle == "qmark"
                statement = EXPOSE if marks else EXPOSE.replace("?", "%s")
                connection.exec_driver_sql(statement, exposures)

    def decisions(self, since: float = 0.0, bundle: str | None = None) -> Iterator[LoggedDecision]:
        """In order of time, from a time on, of one bundle or all."""
        c = t.decisions.c
        wanted = [c.at >= since] if bundle is None else [c.bundle == bundle, c.at >= since]
        return map(_decision, self._rows(t.decisions, DECIDED, *wanted))

    def exposures(self, experiment: str) -> Iterator[Exposure]:
        """Of an experiment, in order of time."""
        wanted = t.exposures.c.experiment == experiment
        return (Exposure(*row) for row in self._rows(t.exposures, EXPOSED, wanted))

    def feedback(self) -> Iterator[Feedback]:
        """All of it, in order of time."""
        return map(_feedback, self._rows(t.feedback, SAID))

    def close(self) -> None:
        self._database.close()

    def _rows(
        self, table: sa.Table, columns: str, *conditions: sa.ColumnElement[bool]
    ) -> Iterator[Row]:
        """Rows in order of time, a page at a time; JSON as text."""
        c = table.c
        wanted = [_plain(c[name]) for name in columns.split(", ")]
        ordered = sa.select(*wanted, c.id).where(*conditions).order_by(c.at, c.id).limit(PAGE)
        query = ordered
        while True:
            with self._database.reading() as connection:
                page = connection.execute(query).all()
            for row in page:
                yield row[:-1]
            if len(page) < PAGE:
                return
            at, key = page[-1][0], page[-1][-1]
            query = ordered.where(c.at >= at, sa.tuple_(c.at, c.id) > sa.tuple_(at, key))


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """What was logged of some conversations, and before a moment; for deleting it.

    Attributes:
        ids: of conversations, as their callers name them.
    """

    ids: Iterable[str]
    before: datetime | None = None

    def known(self, connection: sa.Connection) -> set[str]:
        """Those of the ids of which anything was logged."""
        stored = {storable(one): one for one in self.ids}
        found: set[str] = set()
        for table in LOGGED:
            c = table.c.conversation
            for some in slices(list(stored)):
                found.update(connection.scalars(sa.select(c).distinct().where(c.in_(some))))
        return {stored[one] for one in found}

    def any(self, connection: sa.Connection) -> bool:
        """Whether there is anything to delete."""
        return any(
            connection.scalar(sa.select(table.c.id).where(condition).limit(1)) is not None
            for table in LOGGED
            for condition in self._conditions(table)
        )

    def texts(self, connection: sa.Connection) -> Iterator[str]:
        """What customers said, as far as it was logged."""
        c = t.decisions.c
        for condition in self._conditions(t.decisions):
            query = sa.select(c.text).where(condition, c.text.is_not(None))
            yield from connection.scalars(query.execution_options(yield_per=PAGE))

    def delete(self, connection: sa.Connection) -> int:
        """Delete it; returns how many records that were."""
        return sum(
            connection.execute(table.delete().where(condition)).rowcount
            for table in LOGGED
            for condition in self._conditions(table)
        )

    def _conditions(self, table: sa.Table) -> Iterator[sa.ColumnElement[bool]]:
        for some in slices([storable(one) for one in self.ids]):
            yield table.c.conversation.in_(some)
        if self.before is not None:
            yield table.c.at < epoch(self.before)


def _storable_row(row: Row) -> Row:
    return tuple(storable(value) if isinstance(value, str) else value for value in row)


def _decision_row(made: LoggedDecision) -> Row:
    return (
        made.at,
        made.conversation,
        made.owner,
        made.turn,
        made.arm,
        made.experiment,
        made.bundle,
        made.taxonomy_version,
        made.kind,
        made.sure,
        _written(made.labels),
        _written(made.model),
        made.out_of_domain,
        made.strange,
        made.action,
        made.by,
        made.cost,
        made.milliseconds,
        made.text,
    )


def _exposure_row(one: Exposure) -> Row:
    return one.at, one.experiment, one.conversation, one.bundle, one.arm, one.logged


def _feedback_row(said: Feedback) -> Row:
    return (
        said.at,
        said.conversation,
        said.owner,
        said.finished,
        said.resolved,
        said.rating,
        said.hand_off,
        said.misrouted,
        said.duration,
        said.turn,
        json.dumps(dict(said.corrected)) if said.corrected else None,
    )


def _written(labels: Mapping[str, GivenLabel]) -> str:
    return json.dumps({name: (one.label, one.confidence) for name, one in labels.items()})


def _plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _decision(row: Row) -> LoggedDecision:
    written, written_model = row[10], row[11]
    labels = _labels(written)
    model = labels if written_model == written else _labels(written_model)
    values: Row = (*row[:10], labels, model, *row[12:])
    return LoggedDecision(*values)


def _labels(written: str) -> dict[str, GivenLabel]:
    stored = json.loads(written)
    return {name: GivenLabel(label, confidence) for name, (label, confidence) in stored.items()}


def _feedback(row: Row) -> Feedback:
    values: Row = (*row[:-1], json.loads(row[-1]) if row[-1] else {})
    return Feedback(*values)
