"""Let steps wait for answers.

Revision ID: 0006
Revises: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("step_run") as table:
        table.add_column(sa.Column("waits", sa.JSON(), nullable=True))
        table.add_column(sa.Column("awaits", sa.String(), nullable=True))
        table.add_column(sa.Column("heard", sa.JSON(), nullable=True))
        table.create_index("ix_step_awaits", ["organization_id", "awaits"])
