"""Opens an installation for one verb, whether or not its server runs."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from integrations_app.errors import NotFound, StartRefused

if TYPE_CHECKING:
    from integrations_app.organizations.hub import Hub
    from integrations_app.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
OrganizationName = Annotated[str, typer.Option(help="Name of the organisation.")]


def migrated(settings: "Settings") -> bool:
    """Make the data directory and bring the database to this version's schema; whether anything was done."""
    from integrations_app import migrations

    settings.open_data_dir()
    return migrations.migrate(settings.database_url)


@contextmanager
def installation(*, may_create: bool = False) -> Iterator["Hub"]:
    """The installation that the environment names, open for the block.

    Without `may_create` nothing is made or migrated: StartRefused `no_installation` or `schema_outdated` instead.
    """
    from integrations_app import logs
    from integrations_app.assembly import open_hub
    from integrations_app.sdk.registry import registry
    from integrations_app.settings import load_settings

    settings = load_settings()
    logs.configure(settings, registry())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a verb answers, it does not narrate
    if may_create:
        migrated(settings)
    else:
        _require_database(settings)
    hub = open_hub(settings)
    try:
        yield hub
    finally:
        hub.passwords.close()
        hub.database.close()


def organization_id(hub: "Hub", name: str) -> str:
    """The id of the organisation with that name (or id); raises NotFound."""
    from integrations_app.organizations.repository import find_organization, get_organization

    found = hub.database.read_now(lambda session: find_organization(session, name) or get_organization(session, name))
    if found is None:
        raise NotFound(f"There is no organisation {name!r}.")
    return found.id


def read_input(path: str, limit: int) -> bytes:
    """The bytes of the file, or of stdin for `-`; a usage error when it cannot be read or is too large."""
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 - the same few words as for stdin
                raw = file.read(limit + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
    if len(raw) > limit:
        raise typer.BadParameter(f"{path}: larger than {limit} bytes")
    return raw


def _require_database(settings: "Settings") -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    from integrations_app import migrations

    # Connecting to SQLite would create the file.
    if settings.is_sqlite and not migrations.sqlite_file(make_url(settings.database_url)).exists():
        raise StartRefused("no_installation", f"there is no database yet: {settings.database_label}")
    engine = create_engine(settings.database_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            missing = migrations.pending(connection)
    except OperationalError as error:
        why = migrations.reason(error)
        raise StartRefused("database_unreachable", f"the database cannot be opened: {why}") from None
    if missing:
        raise StartRefused("schema_outdated", "the database lacks migrations: run `integrations-app migrate`")
