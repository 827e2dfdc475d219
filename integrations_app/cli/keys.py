"""`keys`: the keys of this installation and what is sealed with them."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from integrations_app.cli.opening import Json, installation

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped
    from sqlmodel import Session

    from integrations_app.organizations.hub import Hub

keys = typer.Typer(help="Encryption keys.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One data key; `records` is how many stored values it seals."""

    id: str
    organization_id: str
    root_key_id: str
    primary: bool
    records: int


@keys.callback()
def _group() -> None:
    """Keep `status` a verb of its own while it is the only one."""


@keys.command()
def status(as_json: Json = False) -> None:
    """Show root keys, data keys and the records on each; exit 1 when the vault is sealed or a key is missing."""
    with installation() as hub:
        rows, orphans = hub.database.read_now(_look)
        roots, sealed = _root_ids(hub), hub.keyring.sealed
    if as_json:
        shown = {"sealed": sealed, "root_keys": roots, "data_keys": [asdict(row) for row in rows], "orphans": orphans}
        typer.echo(json.dumps(shown))
    else:
        typer.echo(f"vault     {'SEALED: ' + sealed if sealed else 'open'}")
        typer.echo(f"root keys {', '.join(roots)} (the first is primary)")
        for row in rows:
            mark = "primary" if row.primary else "older"
            typer.echo(f"{row.id}  {row.organization_id}  under {row.root_key_id}  {mark}  {row.records} records")
        for key_id, count in orphans.items():
            typer.echo(f"WRONG {count} records need the data key {key_id}, which is not there")
    raise typer.Exit(1 if sealed or orphans else 0)


def _root_ids(hub: "Hub") -> list[str]:
    from integrations_app.kit.vault.root_keys import RootKeys, load_key_file

    listed = hub.settings.encryption_keys
    return list(RootKeys.parse(listed).ids()) if listed else [load_key_file(hub.settings.key_file).id]


def _look(session: "Session") -> tuple[list[KeyRow], dict[str, int]]:
    """Every data key with its records, and the records whose key is missing, by key id."""
    from sqlalchemy import select
    from sqlmodel import col

    from integrations_app.organizations.models import DataKey

    counts = _count_records(session)
    found = session.execute(select(DataKey).order_by(col(DataKey.organization_id), col(DataKey.created_at))).scalars()
    rows = [
        KeyRow(key.id, key.organization_id, key.root_key_id, key.is_primary, counts.pop(key.id, 0)) for key in found
    ]
    return rows, dict(counts)


def envelope_columns() -> "tuple[Mapped[Any], ...]":
    """Every column that holds envelopes."""
    from sqlmodel import col

    from integrations_app.connections.models import Credential, OAuthApp, OAuthAttempt
    from integrations_app.workflows.models import Endpoint, Event

    return (
        col(Credential.envelope),
        col(OAuthApp.client_secret),
        col(OAuthApp.signing_secret),
        col(OAuthAttempt.verifier),
        col(Endpoint.secret),
        col(Event.body),
    )


def _count_records(session: "Session") -> Counter[str]:
    """How many envelopes name each data key; the database reads the id from their headers."""
    from sqlalchemy import func, select

    from integrations_app.kit.tenancy import across_organizations
    from integrations_app.kit.vault.envelope import KEY_ID_BYTES

    counts: Counter[str] = Counter()
    for envelope in envelope_columns():
        key_id = func.substr(envelope, 3, KEY_ID_BYTES).label("key_id")  # counted from 1, after version and algorithm
        statement = select(key_id, func.count()).where(func.length(envelope) > 0).group_by(key_id)
        with across_organizations("count of records per data key"):
            for found, count in session.execute(statement):
                counts[bytes(found).hex()] += count
    return counts
