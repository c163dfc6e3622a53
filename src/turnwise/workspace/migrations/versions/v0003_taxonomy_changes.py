"""What became of labels when the taxonomy changed, and what was said before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    create_taxonomy_changes()
    create_superseded()
    create_origins()


def create_taxonomy_changes() -> None:
    op.create_table(
        "taxonomy_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("moves", JSON, nullable=False),
        sa.Column("before_hash", sa.Text(), nullable=False),
        sa.Column("after_hash", sa.Text(), nullable=False),
        sa.Column("basis", JSON, nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["before"], ["taxonomies.version"], name="fk_taxonomy_changes_before_taxonomies"
        ),
        sa.ForeignKeyConstraint(
            ["after"], ["taxonomies.version"], name="fk_taxonomy_changes_after_taxonomies"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_taxonomy_changes"),
    )


def create_superseded() -> None:
    op.create_table(
        "superseded",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("runners_up", JSON),
        sa.Column("rationale", sa.Text()),
        sa.Column("evidence", JSON),
        sa.ForeignKeyConstraint(
            ["change"], ["taxonomy_changes.id"], name="fk_superseded_change_taxonomy_changes"
        ),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name="fk_superseded_source_sources"),
        sa.ForeignKeyConstraint(
            ["conversation", "turn"],
            ["turns.conversation", "turns.position"],
            name="fk_superseded_conversation_turn_turns",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_superseded"),
    )
    op.create_index("ix_superseded_change", "superseded", ["change"])
    op.create_index("ix_superseded_conversation_turn", "superseded", ["conversation", "turn"])


def create_origins() -> None:
    op.create_table(
        "origins",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.key"],
            name="fk_origins_conversation_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation", name="pk_origins"),
    )
