"""Remember which endpoints hear by the vendor's app, and what the vendor has shown of that.

Revision ID: 0015
Revises: 0014
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "app_feed",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("app_kind", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("error_message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id", "endpoint_id"], ["endpoint.organization_id", "endpoint.id"]),
        sa.PrimaryKeyConstraint("organization_id", "endpoint_id"),
    )
    op.create_index("ix_app_feed_source", "app_feed", ["provider", "source"])
    op.create_index("ix_app_feed_due", "app_feed", ["next_at"])
