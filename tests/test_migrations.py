"""Migrations: current afterwards, safe when several start at once, refusing a newer schema."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from integrations_app.errors import StartRefused
from integrations_app.migrations import migrate, pending
from integrations_app.tables import metadata


def test_a_migrated_database_has_nothing_pending(database_url: str) -> None:
    migrate(database_url)
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        assert pending(connection) == 0
    assert migrate(database_url) is False


def test_the_migrations_make_the_tables_of_the_models(database_url: str) -> None:
    migrate(database_url)
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_several_processes_may_start_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        changed = list(threads.map(migrate, [database_url] * 4))
    assert sum(changed) <= 1
    assert migrate(database_url) is False


def test_a_newer_schema_is_refused(database_url: str) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('from_the_future')"))
    with pytest.raises(StartRefused) as refusal:
        migrate(database_url)
    assert refusal.value.code == "schema_too_new"


def test_a_database_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="cannot be opened") as refusal:
        migrate(f"sqlite:///{tmp_path}/missing/folder.db")
    assert refusal.value.code == "database_unreachable"


def test_an_unreachable_server_is_refused_without_its_password() -> None:
    with pytest.raises(StartRefused) as refusal:
        migrate("postgresql+psycopg://someone:hidden@127.0.0.1:1/hub?connect_timeout=2")
    assert refusal.value.code == "database_unreachable"
    assert "hidden" not in refusal.value.message
