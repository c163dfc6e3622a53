"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

COUNTERS = ("conversations", "turns", "customer_turns", "gold_conversations")


def upgrade() -> None:
    create_conversations()
    create_annotations()
    create_work_taxonomies_and_runs()
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in COUNTERS])
    op.create_table(
        "forgets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversations", sa.JSON(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("annotations", sa.Integer(), nullable=False),
        sa.Column("oldest", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_forgets"),
    )


def create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text()),
        sa.Column("started_epoch", sa.Float()),
        sa.Column("added_epoch", sa.Float(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("meta", sa.JSON()),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("customer_turns", sa.Integer(), nullable=False),
        sa.Column("gold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_conversations"),
        sa.UniqueConstraint("id", name="uq_conversations_id"),
    )
    op.create_index("ix_conversations_started_epoch", "conversations", ["started_epoch"])
    op.create_table(
        "turns",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("messages", sa.JSON()),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.key"],
            name="fk_turns_conversation_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation", "position", name="pk_turns"),
        sqlite_with_rowid=False,
    )


def create_annotations() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("annotations", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sa.UniqueConstraint("kind", "name", "version", name="uq_sources_kind_name_version"),
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("runners_up", sa.JSON()),
        sa.Column("rationale", sa.Text()),
        sa.Column("evidence", sa.JSON()),
        sa.ForeignKeyConstraint(
            ["conversation", "turn"],
            ["turns.conversation", "turns.position"],
            name="fk_annotations_conversation_turn_turns",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name="fk_annotations_source_sources"),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
    )
    op.create_index(
        "ix_annotations_conversation_turn_source",
        "annotations",
        ["conversation", "turn", "source"],
    )


def create_work_taxonomies_and_runs() -> None:
    op.create_table(
        "work",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.key"],
            name="fk_work_conversation_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_work"),
    )
    op.create_index("ix_work_conversation", "work", ["conversation"])
    op.create_table(
        "taxonomies",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("last_put", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_taxonomies"),
        sa.UniqueConstraint("hash", name="uq_taxonomies_hash"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text()),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_start", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_command_key", "runs", ["command", "key"])
