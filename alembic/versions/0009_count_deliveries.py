"""Count deliveries that come again, and keep why others were rejected.

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("event") as table:
        table.add_column(sa.Column("reason", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("event") as table:
        table.alter_column("reason", server_default=None)
        table.alter_column("times", server_default=None)
    op.create_index("ix_run_event", "run", ["organization_id", "event_id"])
