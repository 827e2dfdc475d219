"""Tag workflows.

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "workflow_tag",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id", "workflow_id"], ["workflow.organization_id", "workflow.id"]),
        sa.PrimaryKeyConstraint("organization_id", "workflow_id", "tag"),
    )
    op.create_index("ix_tag", "workflow_tag", ["organization_id", "tag"])
