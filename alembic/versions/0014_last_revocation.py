"""Remember which message of the vendor took a connection's access away last.

Revision ID: 0014
Revises: 0013
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("connection") as table:
        table.add_column(sa.Column("last_revocation", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("connection") as table:
        table.alter_column("last_revocation", server_default=None)
