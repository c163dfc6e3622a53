"""What a service did and what came of it: decisions, exposures, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

JSON = sa.JSON(none_as_null=True)
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_decisions()
    create_exposures()
    create_feedback()
    op.add_column("forgets", sa.Column("logged", sa.Integer(), nullable=False, server_default="0"))


def create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("conversation", ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("taxonomy_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("labels", JSON, nullable=False),
        sa.Column("model", JSON, nullable=False),
        sa.Column("out_of_domain", sa.Float()),
        sa.Column("strange", sa.Boolean()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_decisions_conversation", "decisions", ["conversation"])
    op.create_index("ix_decisions_bundle_at", "decisions", ["bundle", "at"])


def create_exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("experiment", ID, nullable=False),
        sa.Column("conversation", ID, nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("logged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exposures"),
        sa.UniqueConstraint(
            "experiment", "conversation", name="uq_exposures_experiment_conversation"
        ),
    )
    op.create_index("ix_exposures_conversation", "exposures", ["conversation"])
    op.create_index("ix_exposures_experiment_at", "exposures", ["experiment", "at"])


def create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("conversation", ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean()),
        sa.Column("resolved", sa.Boolean()),
        sa.Column("rating", sa.Text()),
        sa.Column("hand_off", sa.Boolean()),
        sa.Column("misrouted", sa.Boolean()),
        sa.Column("duration", sa.Float()),
        sa.Column("turn", sa.Integer()),
        sa.Column("corrected", JSON),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_at", "feedback", ["at"])
    op.create_index("ix_feedback_conversation", "feedback", ["conversation"])
