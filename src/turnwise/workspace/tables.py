"""The tables of a workspace, as this version of Turnwise reads and writes them.

    conversations -< turns -< annotations >- sources        taxonomies -< taxonomy_changes
    conversations -< work, origins                          runs, counters, forgets
    conversations -< answers >- spending
    turns -< superseded >- sources, taxonomy_changes
    decisions, exposures, feedback: what a service logged; its conversations need not be here

A change here needs a migration beside it (`migrations/versions`); a test compares the two.
Customers' texts stand in `turns.text`, and derived from it in `annotations` and `superseded`
(rationale, evidence), in `answers` (text, value, problem) and, rarely, in `runs.result`; what a
service was told stands, redacted, in `decisions.text`: `forgetting.py` knows these places.
"""

# No `from __future__ import annotations` here: a table has that name.
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

metadata = sa.MetaData(
    # Constraints need names that don't depend on the database: later migrations refer to them.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a primary key that is declared INTEGER.
BigKey: TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Ids are sorted by code point, as Python and SQLite do, whatever the locale of the server.
Id: TypeEngine[str] = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json: TypeEngine[Any] = sa.JSON(none_as_null=True)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", Id, nullable=False, unique=True),
    sa.Column("content", sa.Text, nullable=False),  # sha256 in hex; see content_hash
    sa.Column("started_at", sa.Text),  # ISO 8601 as the log gives it, with or without a zone
    sa.Column("started_epoch", sa.Float, index=True),  # seconds; no zone counts as UTC
    sa.Column("added_epoch", sa.Float, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("market", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("meta", Json),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("customer_turns", sa.Integer, nullable=False),
    sa.Column("gold", sa.Integer, nullable=False),  # labels that a person gave its turns
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column(
        "conversation",
        sa.Integer,
        sa.ForeignKey("conversations.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("messages", Json),
    sqlite_with_rowid=False,  # the turns of a conversation lie side by side
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("annotations", sa.BigInteger, nullable=False),  # how many there are, kept up to date
    sa.UniqueConstraint("kind", "name", "version"),
)

annotations = sa.Table(
    "annotations",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column("conversation", sa.Integer, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("source", sa.Integer, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("dimension", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("runners_up", Json),
    sa.Column("rationale", sa.Text),
    sa.Column("evidence", Json),
    sa.ForeignKeyConstraint(
        ["conversation", "turn"], ["turns.conversation", "turns.position"], ondelete="CASCADE"
    ),
    sa.Index(None, "conversation", "turn", "source"),
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # sha256 of the inputs; the caller makes it
    sa.Column(
        "conversation",
        sa.Integer,
        sa.ForeignKey("conversations.key", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("sources", Json, nullable=False),  # ids of the sources of what came out
)

# What models were asked and charged for, ever: forgetting answers takes nothing back.
spending = sa.Table(
    "spending",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),  # JSON with its keys in order
    sa.Column("answers", sa.BigInteger, nullable=False),
    sa.Column("unusable", sa.BigInteger, nullable=False),  # of the answers
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("tokens_in", sa.BigInteger, nullable=False),
    sa.Column("tokens_out", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.Float, nullable=False),
    sa.UniqueConstraint("task", "version", "model", "endpoint", "parameters"),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # sha256 of the question; the asker makes it
    sa.Column("spending", BigKey, sa.ForeignKey("spending.id"), nullable=False),
    sa.Column(
        "conversation",  # whose text the question holds; null: of none
        sa.Integer,
        sa.ForeignKey("conversations.key", ondelete="CASCADE"),
        index=True,
    ),
    sa.Column("prompt_hash", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("value", sa.Text),  # JSON as the asker checked it; null: unusable
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("tokens_in", sa.Integer, nullable=False),
    sa.Column("tokens_out", sa.Integer, nullable=False),
    sa.Column("cost", sa.Float, nullable=False),
    sa.Column("latency", sa.Float, nullable=False),  # seconds
    sa.Column("attempts", sa.Integer, nullable=False),
)

taxonomies = sa.Table(
    "taxonomies",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", Json, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("last_put", sa.Integer, nullable=False),  # the highest is the current one
)

# Labels that became others: what `migrating.py` did.
taxonomy_changes = sa.Table(
    "taxonomy_changes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("before", sa.Integer, sa.ForeignKey("taxonomies.version"), nullable=False),
    sa.Column("after", sa.Integer, sa.ForeignKey("taxonomies.version"), nullable=False),
    sa.Column("moves", Json, nullable=False),  # dimension -> old label -> new ones; see LabelMap
    sa.Column("before_hash", sa.Text, nullable=False),  # of what work goes by; see work_basis
    sa.Column("after_hash", sa.Text, nullable=False),
    sa.Column("basis", Json, nullable=False),  # what stands for the new taxonomy in keys of work
    sa.Column("changed_at", sa.Text, nullable=False),
)

# Annotations as they were under an earlier taxonomy, of those that a change of it touched.
superseded = sa.Table(
    "superseded",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column(
        "change", sa.Integer, sa.ForeignKey("taxonomy_changes.id"), nullable=False, index=True
    ),
    sa.Column("conversation", sa.Integer, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("source", sa.Integer, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("dimension", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("runners_up", Json),
    sa.Column("rationale", sa.Text),
    sa.Column("evidence", Json),
    sa.ForeignKeyConstraint(
        ["conversation", "turn"], ["turns.conversation", "turns.position"], ondelete="CASCADE"
    ),
    sa.Index(None, "conversation", "turn"),
)

# Conversations whose gold a change of the taxonomy touched: work on them goes by what they were.
origins = sa.Table(
    "origins",
    metadata,
    sa.Column(
        "conversation",
        sa.Integer,
        sa.ForeignKey("conversations.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("content", sa.Text, nullable=False),  # the hash that this holds for
    sa.Column("origin", sa.Text, nullable=False),  # the hash that it had first
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("command", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("config", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Text, nullable=False),
    sa.Column("result", Json),
    sa.Index(None, "command", "key"),
)

# What a service did and what came of it: see `turnwise.decision_log`. `conversation` is the id that
# the service's caller gave, empty where none was; times are seconds since 1970, UTC.
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("conversation", Id, nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("taxonomy_version", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sure", sa.Boolean, nullable=False),
    sa.Column("labels", Json, nullable=False),  # dimension -> [label, confidence]
    sa.Column("model", Json, nullable=False),  # the same, as the model alone would have it
    sa.Column("out_of_domain", sa.Float),
    sa.Column("strange", sa.Boolean),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),  # LoggedDecision.by, which is a word of SQL
    sa.Column("cost", sa.Float, nullable=False),
    sa.Column("milliseconds", sa.Float, nullable=False),
    sa.Column("text", sa.Text),
    sa.Index(None, "bundle", "at"),
)

exposures = sa.Table(
    "exposures",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("experiment", Id, nullable=False),
    sa.Column("conversation", Id, nullable=False, index=True),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("logged", sa.Boolean, nullable=False),
    sa.UniqueConstraint("experiment", "conversation"),  # the first time counts
    sa.Index(None, "experiment", "at"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", BigKey, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("conversation", Id, nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("finished", sa.Boolean),
    sa.Column("resolved", sa.Boolean),
    sa.Column("rating", sa.Text),
    sa.Column("hand_off", sa.Boolean),
    sa.Column("misrouted", sa.Boolean),
    sa.Column("duration", sa.Float),  # seconds
    sa.Column("turn", sa.Integer),
    sa.Column("corrected", Json),  # dimension -> label
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

# A deletion whose rows are gone but whose files and free pages are not clean yet.
forgets = sa.Table(
    "forgets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversations", Json, nullable=False),  # their ids
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("annotations", sa.Integer, nullable=False),
    sa.Column("answers", sa.Integer, nullable=False, server_default="0"),
    sa.Column("oldest", sa.Float),  # when the first of them was added; null: none was ever here
    sa.Column("logged", sa.Integer, nullable=False, server_default="0"),
)
