"""Runs migrations with the product's own tables, on the connection handed in or the one the settings name."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import integrations_app.tables  # noqa: F401  (fills the metadata)
from integrations_app.kit.columns import Timestamp
from integrations_app.settings import load_settings


def as_plain_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as what they are stored as: a migration must outlive the code of today."""
    if kind == "type" and isinstance(item, Timestamp):
        return "sa.DateTime(timezone=True)"
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


def upgrade(connection: Connection) -> None:
    """Run the migrations inside one transaction where the database can."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=as_plain_type,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    upgrade(given)
else:
    settings = load_settings()
    settings.open_data_dir()
    with create_engine(settings.database_url, poolclass=NullPool).connect() as opened:
        upgrade(opened)
        opened.commit()
