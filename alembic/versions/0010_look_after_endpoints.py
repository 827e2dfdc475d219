"""Find the last delivery of each endpoint, keep a former secret for a while, and cap deliveries.

Revision ID: 0010
Revises: 0009
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("endpoint") as table:
        table.add_column(sa.Column("former_secret", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("former_until", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("endpoint") as table:
        table.add_column(sa.Column("per_minute", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("limited_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("endpoint") as table:
        table.alter_column("per_minute", server_default=None)
    op.create_index("ix_event_endpoint", "event", ["organization_id", "endpoint_id", "received_at"])
