"""Let an attempt switch a connection's account.

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change. Attempts live ten minutes: those under way were made without the intent."""
    with op.batch_alter_table("oauth_attempt") as table:
        table.add_column(sa.Column("switches_account", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("oauth_attempt") as table:
        table.alter_column("switches_account", server_default=None)
