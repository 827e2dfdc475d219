"""The secrets of a connection: sealed on the way in, opened only to build a client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from integrations_app.connections.addresses import moved_bases, reach
from integrations_app.connections.budgets import BudgetWatch, restore, wants_reading, written_states
from integrations_app.connections.changes import settle
from integrations_app.connections.models import Connection, Credential, Status
from integrations_app.connections.refresh_plan import is_due
from integrations_app.connections.repository import Connections, Credentials
from integrations_app.connections.views import standing
from integrations_app.errors import Conflict, CredentialUnreadable, NotFound, RateLimited, ReconnectRequired
from integrations_app.kit.egress import watched_by
from integrations_app.kit.rate_budget import BucketState
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import system_actor
from integrations_app.sdk.context import Access, ActionContext
from integrations_app.sdk.provider import Provider

KIND = "credential"
"""Kind of record in the place a connection's secret is sealed to; record is the connection's id."""
UNREADABLE = "The stored credentials cannot be opened. Reconnect to store new ones."


def store_secrets(hub: Hub, session: Session, row: Connection, secrets: Mapping[str, Secret]) -> None:
    """Seal `secrets` under the connection's next credential version; fields not named keep theirs.

    Raises VaultSealed. The caller holds the row (`Connections.lock`) and audits.
    """
    kept = Credentials(session, row.organization_id)
    row.credential_version += 1
    for field, secret in secrets.items():
        envelope = hub.keyring.seal(
            session,
            row.organization_id,
            record=row.id,
            kind=KIND,
            field=field,
            version=row.credential_version,
            secret=secret,
        )
        kept.add(
            Credential(
                organization_id=row.organization_id,
                connection_id=row.id,
                field=field,
                version=row.credential_version,
                data_key_id=hub.keyring.data_key_id(envelope),
                envelope=envelope,
                fingerprint=hub.keyring.fingerprint(secret, row.organization_id),
                updated_at=hub.clock(),
            )
        )
    touch(row, hub.clock())


def replace_secrets(
    hub: Hub, session: Session, row: Connection, secrets: Mapping[str, Secret], *, expected_version: int | None = None
) -> None:
    """Make `secrets` all that the connection has.

    With `expected_version`, raises Conflict `credentials_moved` when other credentials were stored meanwhile.
    """
    if expected_version is not None and row.credential_version != expected_version:
        raise Conflict("credentials_moved", "Other credentials were stored meanwhile.")
    kept = Credentials(session, row.organization_id)
    for old in kept.list_by_connection(row.id):
        if old.field not in secrets:
            kept.remove(row.id, old.field)
    store_secrets(hub, session, row, secrets)


def destroy_secrets(session: Session, row: Connection) -> None:
    """Destroy every envelope of the connection; nothing can open them afterwards."""
    Credentials(session, row.organization_id).remove(row.id)
    row.credential_version += 1


def open_secrets(hub: Hub, session: Session, row: Connection) -> dict[str, Secret]:
    """Open every secret of the connection. Raises CredentialUnreadable, VaultSealed."""
    return {
        one.field: hub.keyring.open(
            session,
            row.organization_id,
            record=row.id,
            kind=KIND,
            field=one.field,
            version=one.version,
            envelope=one.envelope,
        )
        for one in Credentials(session, row.organization_id).list_by_connection(row.id)
    }


def touch(row: Connection, now: datetime) -> None:
    """Count a change of the row, so that a writer who read it before notices."""
    row.row_version += 1
    row.updated_at = now


def require_usable(row: Connection) -> None:
    """Refuse a connection that may not be used now.

    Raises Conflict `connection_paused`; ReconnectRequired for one that needs a person or is not connected.
    """
    status = standing(row)
    if status is Status.PAUSED:
        raise Conflict("connection_paused", f"The connection {row.name} is paused.")
    if status is Status.NEEDS_REAUTH:
        raise ReconnectRequired(f"The connection {row.name} must be reconnected.", row.error_code)
    if status is Status.DISCONNECTED:
        raise ReconnectRequired(f"The connection {row.name} is disconnected.", "disconnected")
    if status is Status.PENDING:
        raise ReconnectRequired(f"The connection {row.name} was never finished.", "pending")


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection with its secrets open, for the length of one piece of work."""

    provider: Provider
    access: Access
    name: str
    scopes: tuple[str, ...]
    status: Status
    credential_version: int
    expires_at: datetime | None
    next_refresh_at: datetime | None = None
    refreshed_at: datetime | None = None
    refresh_failures: int = 0
    error_code: str = ""

    def is_due(self, now: datetime) -> bool:
        """Whether its credentials are to be renewed before they are used."""
        return is_due(self.next_refresh_at, self.refreshed_at, now)

    def has_ended(self, now: datetime) -> bool:
        """Whether its credentials have ended and wait to be renewed."""
        return self.next_refresh_at is not None and self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection with the vendor's authorised client."""

    provider: Provider
    client: Any
    opened: Opened

    def context(
        self, operation_id: str, now: datetime, *, attempt: int = 1, started: datetime | None = None
    ) -> ActionContext[Any]:
        """What an action or a picker's loader gets."""
        return ActionContext(
            client=self.client,
            operation_id=operation_id,
            settings=self.opened.access.settings,
            scopes=self.opened.scopes,
            now=now,
            attempt=attempt,
            started=started,
        )


def stored_settings(provider: Provider, row: Connection) -> BaseModel:
    """The connection's public settings as the provider's model; raises Conflict `settings_invalid`."""
    try:
        return provider.settings.model_validate(row.settings)
    except ValueError as error:
        raise Conflict("settings_invalid", f"The settings of {row.name} must be saved again.") from error


async def read_access(hub: Hub, organization_id: str, connection_id: str, *, testing: bool = False) -> Opened:
    """Open what is stored of a connection: one read transaction, no network, nothing renewed.

    `testing` lets a paused one and one that needs reconnecting through: a test tells what is wrong. Raises
    NotFound, what `require_usable` raises, VaultSealed, and CredentialUnreadable (then the connection's status is
    `error` and an audit row tells).
    """
    looks_up_limits = wants_reading(hub, organization_id, connection_id)

    def read(session: Session) -> tuple[Opened, tuple[BucketState, ...]]:
        row = Connections(session, organization_id).get(connection_id)
        refused = standing(row) in {Status.DISCONNECTED, Status.PENDING} if testing else True
        if refused:
            require_usable(row)
        provider = hub.registry.get(row.provider)
        limits = written_states(session, organization_id, connection_id) if looks_up_limits else ()
        return _opened(hub, provider, row, open_secrets(hub, session, row)), limits

    try:
        opened, limits = await hub.database.read(read)
    except CredentialUnreadable as error:
        await _mark_unreadable(hub, organization_id, connection_id, str(error))
        raise
    if looks_up_limits:
        restore(hub, organization_id, connection_id, limits)
    return opened


def _opened(hub: Hub, provider: Provider, row: Connection, secrets: dict[str, Secret]) -> Opened:
    access = access_for(hub, provider, row, secrets)
    return Opened(
        provider,
        access,
        row.name,
        tuple(row.scopes),
        standing(row),
        row.credential_version,
        row.expires_at,
        row.next_refresh_at,
        row.refreshed_at,
        row.refresh_failures,
        row.error_code,
    )


def access_for(hub: Hub, provider: Provider, row: Connection, secrets: Mapping[str, Secret]) -> Access:
    """Put together what the provider's client is built from."""
    reached = reach(hub.settings, provider, row.app_kind, moved_bases(provider, row.settings))
    return Access(
        organization_id=row.organization_id,
        connection_id=row.id,
        secrets=secrets,
        bases=reached.bases,
        settings=stored_settings(provider, row),
        extra=dict(row.extra),
        door=hub.door,
        passport=reached.passport,
        clock=hub.clock,
        watch=BudgetWatch(hub, row.organization_id, row.id, row.name, provider.limits),
    )


async def _mark_unreadable(hub: Hub, organization_id: str, connection_id: str, reason: str) -> None:
    def write(session: Session) -> None:
        row = Connections(session, organization_id).lock(connection_id)
        row.status, row.earlier_status = Status.ERROR.value, ""
        row.error_code, row.error_message = CredentialUnreadable.code, UNREADABLE
        touch(row, hub.clock())
        actor = system_actor(organization_id)
        settle(hub, session, actor, "vault.decrypt_failed", connection_id, provider=row.provider, reason=reason)

    try:
        await hub.database.write(write)
    except NotFound:
        return  # removed meanwhile: nothing is left to be marked


@asynccontextmanager
async def client_of(provider: Provider, access: Access) -> AsyncIterator[Any]:
    """The vendor's client for the block, closed afterwards. Its calls keep to the connection's rate budget."""
    client = provider.open_client(access)
    try:
        with watched_by(access.watch):
            yield client
    except RateLimited as error:
        if access.watch is not None:
            access.watch.turned_away(error.after)
        raise
    finally:
        if provider.close_client is not None:
            await provider.close_client(client)
