"""Answers of language models in the database: the same question is never paid twice.

Each answer is a transaction of its own, finished before `put` returns: a process that is killed
then has lost nothing that was put. Grouping several would save processor time and lose them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from turnwise.errors import WorkspaceError
from turnwise.llm.answers import UNREPAIRED, KeptAnswer
from turnwise.workspace import tables as t
from turnwise.workspace.adding import storable
from turnwise.workspace.database import Database
from turnwise.workspace.reading import unknown_ids

COLUMNS = (
    "key, spending, conversation, prompt_hash, text, value, problem, tokens_in, tokens_out, cost, "
    "latency, attempts"
)
# Past SQLAlchemy's own statements, as `insert_rows` is: this runs once for every call of a model.
SPEND = """
INSERT INTO spending (task, version, model, endpoint, parameters, answers, unusable, calls,
    tokens_in, tokens_out, cost)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task, version, model, endpoint, parameters) DO UPDATE SET
    answers = spending.answers + excluded.answers,
    unusable = spending.unusable + excluded.unusable,
    calls = spending.calls + excluded.calls,
    tokens_in = spending.tokens_in + excluded.tokens_in,
    tokens_out = spending.tokens_out + excluded.tokens_out,
    cost = spending.cost + excluded.cost
RETURNING id
"""
KEEP = f"""
INSERT INTO answers ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[1:])}
"""
UNREPAIRED_BEFORE = """
SELECT problem, attempts, tokens_in, tokens_out, cost FROM answers WHERE key = ?
"""
CONVERSATION = "SELECT key FROM conversations WHERE id = ?"
GET = """
SELECT answers.key, task, version, prompt_hash, model, endpoint, parameters, text, value, problem,
    answers.tokens_in, answers.tokens_out, answers.cost, latency, attempts,
    conversations.id AS conversation_id
FROM answers
JOIN spending ON spending.id = answers.spending
LEFT JOIN conversations ON conversations.key = answers.conversation
WHERE answers.key = ?
"""


@dataclass(frozen=True, slots=True)
class Spending:
    """What one model was asked by one version of a task's prompt, ever.

    Attributes:
        answers: questions that were answered; unusable: those whose answer can't be used.
        calls: that the server was asked, repairs and repetitions counted.
        tokens_in, tokens_out, cost: of all calls. What is forgotten later stays counted.
    """

    task: str
    version: str
    model: str
    answers: int
    unusable: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float


class SqlAnswerStore:
    """The answer store (`llm.AnswerStore`) of a workspace.

    It has connections of its own, so that it may be used from another thread than the workspace,
    and from several. While the workspace is inside `transaction`, a `put` waits for its end.
    """

    def __init__(self, database: Database) -> None:
        self._database = Database(database.engine.url)
        if not database.is_sqlite:
            event.listen(self._database.engine, "connect", _commit_at_once)

    def get(self, key: str) -> KeptAnswer | None:
        """The answer to a question; None where it was never answered, or is forgotten."""
        with self._database.reading() as connection:
            row = _run(connection, GET, key).first()
        if row is None:
            return None
        found = row._mapping
        conversation = found["conversation_id"] or ""
        parameters = json.loads(found["parameters"])
        return KeptAnswer(**{**found, "parameters": parameters, "conversation_id": conversation})

    def put(self, answer: KeptAnswer) -> None:
        """Keep an answer, safe from a killed process when this returns.

        A second answer to the same question takes the place of the first; both count as spent.

        Raises:
            WorkspaceError: the conversation is unknown, or was forgotten meanwhile. The answer is
                not kept; what it cost is.
        """
        with self._database.writing() as connection:
            conversation = None
            if answer.conversation_id:
                conversation = _run(connection, CONVERSATION, answer.conversation_id).scalar()
            before = _run(connection, UNREPAIRED_BEFORE, answer.key).first()
            spending = _run(connection, SPEND, *_spent(answer, before)).scalar_one()
            known = conversation is not None or not answer.conversation_id
            if known:
                _run(connection, KEEP, answer.key, spending, conversation, *_kept(answer))
        if not known:
            raise WorkspaceError(unknown_ids({answer.conversation_id}, self._database))

    def spending(self) -> list[Spending]:
        """What was spent by each task, version and model; quick at any size."""
        c = t.spending.c
        who = (c.task, c.version, c.model)
        numbers = (c.answers, c.unusable, c.calls, c.tokens_in, c.tokens_out, c.cost)
        # Cast: PostgreSQL sums integers to decimals.
        sums = (sa.cast(sa.func.sum(one), one.type).label(one.name) for one in numbers)
        query = sa.select(*who, *sums).group_by(*who).order_by(*who)
        with self._database.reading() as connection:
            return [Spending(**row._mapping) for row in connection.execute(query)]

    def close(self) -> None:
        self._database.close()


def _commit_at_once(driver: Any, _: object) -> None:
    """Let PostgreSQL commit before its log is on the disk, as SQLite does here.

    What was put is safe from the end of this process; a crash of the server's machine may lose the
    last second. Measured: 1,100 puts/s in place of 260.
    """
    driver.execute("SET synchronous_commit TO OFF")
    driver.commit()


def _run(connection: sa.Connection, statement: str, *values: object) -> sa.CursorResult[Any]:
    if connection.dialect.paramstyle != "qmark":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, values)


def _spent(answer: KeptAnswer, before: sa.Row[Any] | None) -> tuple[object, ...]:
    """What an answer adds; of one that was kept unrepaired only what the repair added."""
    known = before if before is not None and before.problem.startswith(UNREPAIRED) else None
    calls, tokens_in, tokens_out, cost = (
        (known.attempts, known.tokens_in, known.tokens_out, known.cost) if known else (0, 0, 0, 0.0)
    )
    return (
        answer.task,
        answer.version,
        answer.model,
        answer.endpoint,
        json.dumps(dict(answer.parameters), sort_keys=True),
        0 if known else 1,
        int(answer.value is None) - bool(known),
        answer.attempts - calls,
        answer.tokens_in - tokens_in,
        answer.tokens_out - tokens_out,
        answer.cost - cost,
    )


def _kept(answer: KeptAnswer) -> tuple[object, ...]:
    return (
        answer.prompt_hash,
        storable(answer.text),
        None if answer.value is None else storable(answer.value),
        storable(answer.problem),
        answer.tokens_in,
        answer.tokens_out,
        answer.cost,
        answer.latency,
        answer.attempts,
    )
