"""Keep what a sender's JSON Web Token must say, where an endpoint takes one.

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("endpoint") as table:
        table.add_column(sa.Column("jwt", sa.JSON(none_as_null=True), nullable=True))
