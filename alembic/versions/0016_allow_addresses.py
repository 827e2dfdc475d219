"""Let an endpoint take deliveries from some addresses only.

Revision ID: 0016
Revises: 0015
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("endpoint") as table:
        table.add_column(sa.Column("allowed_addresses", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("endpoint") as table:
        table.alter_column("allowed_addresses", server_default=None)
