"""Let an endpoint wait for what a run answers, and keep the answer with its event.

Revision ID: 0018
Revises: 0017
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("endpoint") as table:
        table.add_column(sa.Column("answer_seconds", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("event") as table:
        table.add_column(sa.Column("answer_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("answer", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("answered_by", sa.String(), nullable=True))
    with op.batch_alter_table("endpoint") as table:
        table.alter_column("answer_seconds", server_default=None)
