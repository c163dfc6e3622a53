"""The workspace: one folder and one database that remember everything.

DIR/turnwise.yaml   settings; their presence marks a workspace
DIR/turnwise.db     conversations, annotations, answers of language models, taxonomies, runs
                    (or a PostgreSQL database)
DIR/vectors.db      vectors of texts, a cache
DIR/bundles/  DIR/reports/  DIR/rejected/  DIR/discovery/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.errors import WorkspaceError
from turnwise.label_map import LabelMap
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.workspace import (
    adding,
    forgetting,
    labels,
    migrating,
    reading,
    reviews,
    runs,
    taxonomies,
)
from turnwise.workspace import tables as t
from turnwise.workspace.adding import AddResult
from turnwise.workspace.answers import SqlAnswerStore
from turnwise.workspace.changes import Change, origin_query, work_basis
from turnwise.workspace.counting import Counts, read_counts
from turnwise.workspace.database import Database, parse_url, sqlite_url
from turnwise.workspace.decision_log import SqlDecisionLog
from turnwise.workspace.forgetting import BUNDLES, REJECTED, REPORTS, VECTORS, Forgotten
from turnwise.workspace.reviews import ReviewsPut
from turnwise.workspace.revisions import bring_up_to_date
from turnwise.workspace.runs import Ended, Json, Run
from turnwise.workspace.superseded import Earlier
from turnwise.workspace.vectors import SqliteVectorStore

MARK = "turnwise.yaml"
DATABASE = "turnwise.db"


class Workspace:
    """An open workspace; close it, or use it in a `with` statement.

    Use one from one thread; several processes may open the same folder, and writers wait for
    each other. Every method raises WorkspaceError, saying what to do, when the disk is full or
    fails, the database is locked for long, damaged or read-only.

    Attributes:
        folder: where everything lies.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self._answers: SqlAnswerStore | None = None
        self._decision_log: SqlDecisionLog | None = None

    @classmethod
    def create(cls, folder: Path | str, database_url: str | None = None) -> Self:
        """Make the folder and an empty database; a create that was killed may be repeated.

        The settings file, which marks the folder as a workspace, is the caller's to write, last.

        Args:
            database_url: postgresql://...; SQLite in the folder where it is left out.

        Raises:
            WorkspaceError: the folder is a workspace already, or can't be written.
        """
        folder = Path(folder)
        if (folder / MARK).exists():
            raise WorkspaceError(f"{folder} is a workspace already. Choose another folder")
        try:
            for name in (BUNDLES, REPORTS, REJECTED):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                f"{folder} can't be made: {error.strerror}. Choose another folder"
            ) from error
        return cls(folder, _ready(_url(folder, database_url)))

    @classmethod
    def open(cls, folder: Path | str, database_url: str | None = None) -> Self:
        """Open a workspace, upgrading the database of an older version.

        Args:
            database_url: the one that it was created with.

        Raises:
            WorkspaceError: the folder is no workspace, its database is missing, or was written
                by a newer version.
        """
        folder = Path(folder)
        if not (folder / MARK).is_file():
            raise WorkspaceError(f"{folder} is no workspace. Make one with: turnwise init {folder}")
        url = _url(folder, database_url)
        # Opening would make an empty one, and hide that something was lost.
        if database_url is None and not (folder / DATABASE).exists():
            raise WorkspaceError(
                f"{folder / DATABASE} is missing. Restore it from a backup, or make a new "
                "workspace with: turnwise init"
            )
        return cls(folder, _ready(url))

    def close(self) -> None:
        for own in (self._answers, self._decision_log):
            if own is not None:
                own.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # Conversations

    def add(self, conversations: Sequence[Conversation]) -> AddResult:
        """Store conversations with their gold in one transaction; some hundreds are a good number.

        One that is there with the same content is skipped; with another content it is reported
        as conflicting and not stored.
        """
        return adding.add(self._database, conversations)

    def transaction(self) -> AbstractContextManager[None]:
        """Make everything that is written inside one change: all is kept, or nothing if it raises.

        Other writers wait meanwhile.
        """
        return self._database.transaction()

    def conversations(self, ids: Sequence[str] | None = None) -> Iterator[Conversation]:
        """Yield the conversations of some ids, or all, in order of id, in little memory.

        Raises:
            WorkspaceError: an id is unknown.
        """
        return reading.read_conversations(self._database, ids)

    def conversation(self, id: str) -> Conversation:
        """One conversation.

        Raises:
            WorkspaceError: the id is unknown.
        """
        return next(self.conversations([id]))

    def ids(self) -> tuple[str, ...]:
        """The ids of all conversations, in order."""
        return self._ids()

    def gold_ids(self) -> tuple[str, ...]:
        """The ids of the conversations with a label that a person gave, in order."""
        return self._ids(t.conversations.c.gold > 0)

    def _ids(self, *conditions: sa.ColumnElement[bool]) -> tuple[str, ...]:
        c = t.conversations.c
        with self._database.reading() as connection:
            query = sa.select(c.id).where(*conditions).order_by(c.id)
            return tuple(connection.scalars(query))

    def content_hashes(self) -> dict[str, str]:
        """Id -> sha256 of the content, of all conversations in order of id.

        Of one whose gold `migrate` carried over it is the hash from before, so that keys of
        work that are made of it stay what they are.
        """
        c = t.conversations.c
        with self._database.reading() as connection:
            rows = connection.execute(origin_query(c.id).order_by(c.id))
            return {row[0]: row[1] for row in rows}

    def customer_turns(self) -> dict[str, int]:
        """Id -> how many turns are the customer's, of all conversations in order of id."""
        c = t.conversations.c
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(c.id, c.customer_turns).order_by(c.id))
            return {row.id: row.customer_turns for row in rows}

    def fingerprint(self) -> str:
        """A hash that changes whenever a conversation, its gold, or an annotation does."""
        digest = sha256()
        with self._database.reading() as connection:
            for column in (t.conversations.c.content, t.work.c.key):
                for value in connection.scalars(sa.select(column).order_by(column)):
                    digest.update(value.encode())
                digest.update(b"\n")
            for review in reviews.spelt_out(connection):
                digest.update(review.encode())
        return digest.hexdigest()

    def counts(self) -> Counts:
        """How much there is; quick at any size."""
        with self._database.reading() as connection:
            return read_counts(connection)

    # Annotations

    def put_annotations(
        self, work_key: str, conversation_id: str, annotations: Sequence[Annotation]
    ) -> None:
        """Store what an annotator made of a conversation, in place of what it made earlier.

        Args:
            work_key: sha256 of everything that went into it; `done` asks for it.

        Raises:
            WorkspaceError: the conversation is unknown, or was forgotten meanwhile.
            ValueError: an annotation is of another conversation or by a person.
        """
        labels.put_annotations(self._database, work_key, conversation_id, annotations)

    def done(self, work_keys: Iterable[str]) -> set[str]:
        """Those of the keys whose annotations are stored."""
        return labels.done(self._database, work_keys)

    def annotations(
        self, ids: Sequence[str] | None = None, source: Source | None = None
    ) -> Iterator[Annotation]:
        """Yield annotations in order of conversation id, turn, and of storing, gold included.

        Args:
            ids: of conversations; None for all.
            source: whose; an empty name or version stands for any. None for everyone's.

        Raises:
            WorkspaceError: an id is unknown.
        """
        return labels.read_annotations(self._database, ids, source)

    def put_review(self, annotations: Sequence[Annotation]) -> ReviewsPut:
        """Store what people said of single turns, beside the gold that came with conversations.

        It changes no conversation and no `gold_ids`. A later review of the same turn and dimension
        takes the place of an earlier one; gold that was imported is never touched.

        Args:
            annotations: of the source REVIEW, one label for each turn and dimension.

        Raises:
            WorkspaceError: a conversation is unknown, or was forgotten meanwhile; nothing is kept.
            ValueError: an annotation is of another source, has no label, or is of no turn.
        """
        return reviews.put_review(self._database, annotations)

    def gold_labels(self) -> dict[str, set[str]]:
        """Dimension -> the labels that people gave anywhere, in imports and in reviews."""
        return labels.gold_labels(self._database)

    # Taxonomies

    def put_taxonomy(self, taxonomy: Taxonomy) -> int:
        """Store a taxonomy and make it the current one; returns its version in this workspace."""
        return taxonomies.put_taxonomy(self._database, taxonomy)

    def taxonomy(self, version: int | None = None) -> Taxonomy | None:
        """A version of the taxonomy, or the current one; None where there is none."""
        return taxonomies.read_taxonomy(self._database, version)

    def taxonomies(self) -> list[tuple[int, Taxonomy]]:
        """Every version of the taxonomy with its number, the current one first."""
        return taxonomies.read_taxonomies(self._database)

    def work_basis(self, taxonomy: Taxonomy) -> object:
        """What stands for a taxonomy in keys of work, as plain values.

        Actions and the number of the version are left out. A taxonomy that `migrate` led to has
        the basis of the one that it came from, so that what was labelled counts as labelled.
        """
        return work_basis(self._database, taxonomy)

    def migrate(
        self, before: int, after: int, label_map: LabelMap, progress: Progress = silent
    ) -> Change:
        """Carry everything that was said from one version of the taxonomy over to another.

        Renamed and merged labels go on under their new names, gold too. What was split or
        removed is taken out of the annotations, and `earlier.open_turns` lists it. Whatever is
        touched is kept as it was: see `earlier`. Nothing is done if it raises or is killed.
        """
        with self.transaction():
            return migrating.migrate(self._database, before, after, label_map, progress)

    @property
    def earlier(self) -> Earlier:
        """What was said under earlier taxonomies, and which turns `migrate` left open."""
        return Earlier(self._database)

    def stored_labels(self) -> dict[str, set[str]]:
        """Dimension -> every label that anyone gave."""
        return labels.stored_labels(self._database)

    # Answers of language models

    @property
    def answers(self) -> SqlAnswerStore:
        """Every answer that was paid for; unlike the rest, it may be used from any thread."""
        if self._answers is None:
            self._answers = SqlAnswerStore(self._database)
        return self._answers

    # What a service did

    @property
    def decision_log(self) -> SqlDecisionLog:
        """Decisions, exposures and feedback of a service; it may be used from any thread."""
        if self._decision_log is None:
            self._decision_log = SqlDecisionLog(self._database)
        return self._decision_log

    # Runs

    def begin_run(self, command: str, config: Json, key: str) -> int:
        """Note that a command began, with its settings and the hash of its inputs; its number."""
        return runs.begin_run(self._database, command, config, key)

    def end_run(self, run: int, status: Ended, result: Json | None = None) -> None:
        """Note how a run ended. Results hold figures and names; they should quote no customer."""
        runs.end_run(self._database, run, status, result)

    def finished_run(self, command: str, key: str) -> Run | None:
        """The latest run of a command on the same inputs that finished."""
        return runs.finished_run(self._database, command, key)

    def runs(self) -> list[Run]:
        """Every run, the earliest first."""
        return runs.read_runs(self._database)

    # Vectors, and forgetting

    def vectors(self, encoder_id: str) -> SqliteVectorStore:
        """The store of the vectors of an encoder."""
        return SqliteVectorStore(self.folder / VECTORS, encoder_id)

    def forget(
        self,
        ids: Sequence[str] = (),
        before: datetime | None = None,
        progress: Progress = silent,
    ) -> Forgotten:
        """Delete conversations with all that was derived from their text.

        Afterwards no file of the workspace holds their text: rows, answers of models, vectors,
        what a service logged of them, reports, what discovery wrote, rejected records and quotes
        in results of runs are gone, and the databases are rewritten without them. Backups and
        copies elsewhere are not reached. Killed half-way, the next call of `forget` completes it,
        whatever it is asked to delete.

        Args:
            ids: which to delete, stored or known from the decision log alone.
            before: delete also those that began earlier, and what was logged earlier; without a
                zone it is in UTC.
                Conversations whose log gives no time are kept, and counted as undated.

        Raises:
            WorkspaceError: an id is unknown (nothing is deleted), or another process is reading.
        """
        return forgetting.forget(self._database, self.folder, ids, before, progress)


def _url(folder: Path, given: str | None) -> sa.URL:
    return sqlite_url(folder / DATABASE) if given is None else parse_url(given)


def _ready(url: sa.URL) -> Database:
    database = Database(url)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database
