"""What people do with connections: the service verbs, each in the person's organisation and within their role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from integrations_app.connections.apps import app_of
from integrations_app.connections.attempts import go_back
from integrations_app.connections.changes import settle
from integrations_app.connections.credentials import (
    access_for,
    destroy_secrets,
    open_secrets,
    replace_secrets,
    touch,
)
from integrations_app.connections.forms import UNKNOWN, changed_secrets, checked_name, checked_settings, typed_kind
from integrations_app.connections.health import Findings, apply_account, apply_error, examine, test
from integrations_app.connections.models import AppKind, Connection, Status
from integrations_app.connections.names import free_name
from integrations_app.connections.overview import list_views, overview, usage
from integrations_app.connections.pickers import choices
from integrations_app.connections.repository import Connections, Credentials, OAuthAttempts
from integrations_app.connections.revoke import Farewell, revoke
from integrations_app.connections.views import ConnectionView, view
from integrations_app.errors import Conflict, CredentialUnreadable, InvalidInput, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.auth import TypedSecrets
from integrations_app.sdk.provider import Provider

__all__ = [
    "choices",
    "create",
    "disconnect",
    "get",
    "get_by_provider",
    "list_by_organization",
    "overview",
    "rename",
    "set_default",
    "test",
    "update",
    "update_status",
    "usage",
]

CHANGEABLE = ("name", "settings", "secrets", "auth_kind")


def snapshot(session: Session, row: Connection) -> ConnectionView:
    """Freeze one row."""
    return view(row, Credentials(session, row.organization_id).list_by_connection(row.id))


async def get(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """One connection; raises NotFound."""
    actor.require(Permission.VIEW)
    organization_id = actor.organization_id
    return await hub.database.read(
        lambda session: snapshot(session, Connections(session, organization_id).get(connection_id))
    )


async def list_by_organization(hub: Hub, actor: Actor, provider: str | None = None) -> list[ConnectionView]:
    """Every connection, oldest first, of one provider when given."""
    actor.require(Permission.VIEW)
    return await hub.database.read(lambda session: list_views(session, actor.organization_id, provider))


async def get_by_provider(hub: Hub, actor: Actor, provider_key: str) -> ConnectionView:
    """The default connection of the provider, else the only one.

    Raises NotFound when there is none, Conflict `connection_ambiguous` when there are several and no default.
    """
    found = [
        one
        for one in await list_by_organization(hub, actor, hub.registry.get(provider_key).key)
        if one.status != Status.DISCONNECTED.value
    ]
    chosen = [one for one in found if one.default] or found
    if not chosen:
        raise NotFound("There is no connection of this provider.")
    if len(chosen) > 1:
        raise Conflict("connection_ambiguous", "There are several connections of this provider and no default.")
    return chosen[0]


async def create(  # noqa: PLR0913 - the fields of the form
    hub: Hub,
    actor: Actor,
    provider_key: str,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    auth_kind: str | None = None,
    sandbox: bool = False,
) -> ConnectionView:
    """Make a connection. With typed secrets it connects at once: checked, then `connected` or `error`.

    Without any, for a provider one signs in to, it is `pending` until somebody opens its authorize route.
    `sandbox` lets typed secrets lead to the emulation. Raises InvalidInput by field.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    provider = hub.registry.get(provider_key)
    wanted = checked_name(name) if name else ""
    public = checked_settings(provider, settings or {})
    given = changed_secrets(secrets or {})
    row = _new_row(hub, actor, provider, wanted, public)
    if provider.oauth is not None and not given and auth_kind in (None, "oauth2"):
        return await hub.database.write(lambda session: _keep_new(hub, session, actor, row))
    kind = typed_kind(provider, auth_kind, given)
    row.auth_kind = kind.kind
    row.app_kind = AppKind.SANDBOX.value if sandbox else AppKind.NONE.value
    findings = await examine(provider, access_for(hub, provider, row, given))
    return await hub.database.write(lambda session: _keep_typed(hub, session, actor, row, provider, given, findings))


def _new_row(hub: Hub, actor: Actor, provider: Provider, name: str, settings: dict[str, Any]) -> Connection:
    now = hub.clock()
    return Connection(
        organization_id=actor.organization_id,
        id=hub.new_id(),
        provider=provider.key,
        name=name or provider.name,
        status=Status.PENDING.value,
        settings=settings,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )


def _keep_new(hub: Hub, session: Session, actor: Actor, row: Connection) -> ConnectionView:
    Connections(session, actor.organization_id).add(row)
    settle(hub, session, actor, "connection.created", row.id, provider=row.provider)
    return snapshot(session, row)


def _keep_typed(
    hub: Hub,
    session: Session,
    actor: Actor,
    row: Connection,
    provider: Provider,
    secrets: Mapping[str, Secret],
    findings: Findings,
) -> ConnectionView:
    connections = Connections(session, actor.organization_id)
    named = row.name != provider.name
    kept = _revivable(connections, row, findings)
    if kept is not None:
        kept.settings, kept.disconnected_at = row.settings, None
        kept.name = row.name if named else kept.name
    else:
        kept = connections.add(row)
    kept.status, kept.earlier_status = Status.PENDING.value, ""
    _apply_first(kept, findings, hub)
    if not named and findings.account is not None and kept is row:
        row.name = free_name(connections, row, findings.account.name or provider.name)
    session.add(kept)
    replace_secrets(hub, session, kept, secrets)
    session.add(kept)
    session.flush()
    name = "connection.connected" if findings.error is None else "connection.check_failed"
    detail = {"provider": provider.key, "account": kept.account_id, "auth": kept.auth_kind, "app": kept.app_kind}
    if findings.error is not None:
        detail["code"] = findings.error.code
    settle(hub, session, actor, name, kept.id, version=kept.credential_version, **detail)
    return snapshot(session, kept)


def _apply_first(row: Connection, findings: Findings, hub: Hub) -> None:
    if findings.account is not None:
        apply_account(row, findings.account, hub.clock())
    elif findings.error is not None:
        apply_error(row, findings.error, hub.clock())
        row.status, row.earlier_status = Status.ERROR.value, ""


def _revivable(connections: Connections, row: Connection, findings: Findings) -> Connection | None:
    """A disconnected connection of the very account that was just connected in the same way."""
    account_id = findings.account.id if findings.account else ""
    for other in connections.list_by_account(row.provider, account_id):
        same = (other.auth_kind, other.app_kind) == (row.auth_kind, row.app_kind)
        if same and other.status == Status.DISCONNECTED.value:
            return connections.lock(other.id)
    return None


async def update(hub: Hub, actor: Actor, connection_id: str, changes: Mapping[str, Any]) -> ConnectionView:
    """Change `name`, `settings` (merged), `secrets` (absent or masked: unchanged) or `auth_kind`.

    New secrets are checked first: another account is refused with Conflict `account_mismatch`. Raises NotFound,
    InvalidInput (`unknown_field` for anything else in `changes`).
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    unknown = {str(name): "cannot be changed" for name in changes if name not in CHANGEABLE}
    row = await hub.database.read(lambda session: Connections(session, actor.organization_id).get(connection_id))
    if unknown:
        raise InvalidInput(unknown, "", UNKNOWN)
    provider = hub.registry.get(row.provider)
    draft = _draft(provider, row, changes)
    if draft.secrets or draft.auth_kind != row.auth_kind:
        return await _update_secrets(hub, actor, provider, row, draft)

    def write(session: Session) -> ConnectionView:
        kept = Connections(session, actor.organization_id).lock(connection_id)
        _apply_draft(kept, draft)
        touch(kept, hub.clock())
        session.add(kept)
        session.flush()
        settle(hub, session, actor, "connection.updated", kept.id, fields=sorted(map(str, changes)))
        return snapshot(session, kept)

    return await hub.database.write(write)


@dataclass(frozen=True, slots=True)
class _Draft:
    """Checked changes; None leaves a thing as it is."""

    name: str | None
    settings: dict[str, Any] | None
    secrets: Mapping[str, Secret]
    auth_kind: str


def _draft(provider: Provider, row: Connection, changes: Mapping[str, Any]) -> _Draft:
    name = checked_name(changes["name"]) if "name" in changes else None
    settings = None
    if "settings" in changes:
        given = changes["settings"]
        settings = checked_settings(provider, {**row.settings, **given} if isinstance(given, Mapping) else given)
    secrets = changed_secrets(changes.get("secrets") or {})
    auth_kind = str(changes.get("auth_kind") or row.auth_kind)
    if row.auth_kind == "oauth2" and (secrets or auth_kind != "oauth2") and row.account_id:
        fields = {f"secrets.{field}": "is not typed for this connection: reconnect it" for field in secrets}
        raise InvalidInput(fields or {"auth_kind": "cannot be changed"}, "", UNKNOWN)
    return _Draft(name, settings, secrets, auth_kind)


def _apply_draft(row: Connection, draft: _Draft) -> None:
    row.name = draft.name if draft.name is not None else row.name
    row.settings = draft.settings if draft.settings is not None else row.settings


async def _update_secrets(hub: Hub, actor: Actor, provider: Provider, row: Connection, draft: _Draft) -> ConnectionView:
    seen = row.credential_version
    stored = await hub.database.read(lambda session: _readable(hub, session, row))
    named = None if row.auth_kind == "oauth2" and draft.auth_kind == "oauth2" else draft.auth_kind
    kind, merged = _merge(provider, named, stored, draft.secrets)
    trial = Connection(**row.model_dump())
    _apply_draft(trial, draft)
    findings = await examine(provider, access_for(hub, provider, trial, merged))
    account = findings.account
    if account is not None and row.account_id and account.id != row.account_id:
        raise Conflict("account_mismatch", f"These credentials belong to another account: {account.name}.")

    def write(session: Session) -> ConnectionView:
        kept = Connections(session, actor.organization_id).lock(row.id)
        _apply_draft(kept, draft)
        kept.auth_kind, kept.disconnected_at = kind.kind, None
        if account is not None:
            apply_account(kept, account, hub.clock())
        elif findings.error is not None:
            apply_error(kept, findings.error, hub.clock())
        session.add(kept)
        replace_secrets(hub, session, kept, merged, expected_version=seen)
        session.add(kept)
        session.flush()
        settle(hub, session, actor, "connection.updated", kept.id, secrets=sorted(draft.secrets), auth=kind.kind)
        return snapshot(session, kept)

    return await hub.database.write(write)


def _readable(hub: Hub, session: Session, row: Connection) -> dict[str, Secret]:
    """The stored secrets; none when they cannot be opened, because new ones may mend exactly that."""
    try:
        return open_secrets(hub, session, row)
    except CredentialUnreadable:
        return {}


def _merge(
    provider: Provider, named: str | None, stored: Mapping[str, Secret], changed: Mapping[str, Secret]
) -> tuple[TypedSecrets, dict[str, Secret]]:
    """New secrets over stored ones, as far as the way to connect has their fields."""
    kinds = [kind for kind in provider.typed if named in (None, kind.kind)]
    fields = {field.name for kind in kinds for field in kind.fields}
    merged = {**{field: secret for field, secret in stored.items() if field in fields}, **changed}
    return typed_kind(provider, named, merged), merged


async def rename(hub: Hub, actor: Actor, connection_id: str, name: str) -> ConnectionView:
    """Give the connection another name. Raises NotFound, InvalidInput."""
    return await update(hub, actor, connection_id, {"name": name})


async def update_status(hub: Hub, actor: Actor, connection_id: str, status: str) -> ConnectionView:
    """Pause (`paused`) or resume (`connected`): the only two a person may set.

    Credentials are kept. Raises NotFound, InvalidInput, Conflict `not_connected` for a connection without them.
    """
    if status not in {Status.PAUSED.value, Status.CONNECTED.value}:
        raise InvalidInput({"status": "can only be set to paused or connected"})
    pause = status == Status.PAUSED.value

    def change(session: Session, row: Connection) -> str:
        if row.status in {Status.PENDING.value, Status.DISCONNECTED.value}:
            raise Conflict("not_connected", "Only a connected service can be paused or resumed.")
        if pause == (row.status == Status.PAUSED.value):
            return ""
        if pause:
            row.earlier_status, row.status = row.status, Status.PAUSED.value
        else:
            row.earlier_status = row.earlier_status or Status.CONNECTED.value
            go_back(session, row)
        return "connection.paused" if pause else "connection.resumed"

    return await _change(hub, actor, connection_id, change)


async def set_default(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """Make this the connection that is used when a provider is named and no connection. Raises NotFound."""

    def change(session: Session, row: Connection) -> str:
        if row.status == Status.DISCONNECTED.value:
            raise Conflict("not_connected", "A disconnected service cannot be the default.")
        for other in Connections(session, row.organization_id).list_by_provider(row.provider):
            other.is_default = other.id == row.id
            session.add(other)
        return "connection.default_set"

    return await _change(hub, actor, connection_id, change)


async def _change(
    hub: Hub, actor: Actor, connection_id: str, change: Callable[[Session, Connection], str]
) -> ConnectionView:
    """Change one row; `change` returns the name of its audit row, empty when nothing was to be done."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> ConnectionView:
        row = Connections(session, actor.organization_id).lock(connection_id)
        name = change(session, row)
        if name:
            touch(row, hub.clock())
            session.add(row)
            session.flush()
            settle(hub, session, actor, name, row.id, provider=row.provider)
        return snapshot(session, row)

    return await hub.database.write(write)


async def disconnect(hub: Hub, actor: Actor, connection_id: str) -> ConnectionView:
    """Destroy the envelopes at once, then try to end the grant at the vendor. The row stays. Raises NotFound."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> tuple[ConnectionView, Farewell | None]:
        row = Connections(session, actor.organization_id).lock(connection_id)
        if row.status == Status.DISCONNECTED.value:
            return snapshot(session, row), None
        farewell = _farewell(hub, session, row)
        destroy_secrets(session, row)
        _cut(hub, session, row)
        settle(hub, session, actor, "connection.disconnected", row.id, provider=row.provider, account=row.account_id)
        return snapshot(session, row), farewell

    shown, farewell = await hub.database.write(write)
    if farewell is not None:
        await revoke(hub, actor, connection_id, farewell)
    return replace(shown, fingerprints={})


def _farewell(hub: Hub, session: Session, row: Connection) -> Farewell | None:
    """What ends the grant at the vendor; None for a pasted token, which stays its owner's."""
    provider = hub.registry.get(row.provider)
    if row.auth_kind != "oauth2" or not row.account_id:
        return None
    try:
        secrets = open_secrets(hub, session, row)
        access = access_for(hub, provider, row, secrets)
    except (CredentialUnreadable, Conflict):
        return None
    return Farewell(provider, access, app_of(hub, session, provider, row)) if secrets else None


def _cut(hub: Hub, session: Session, row: Connection) -> None:
    attempts = OAuthAttempts(session, row.organization_id)
    for attempt in attempts.list_open(hub.clock(), row.id):
        attempts.burn(attempt.state_hash, "disconnected")
    row.status, row.earlier_status = Status.DISCONNECTED.value, ""
    row.error_code = row.error_message = ""
    row.is_default, row.expires_at, row.disconnected_at = False, None, hub.clock()
    touch(row, hub.clock())
    session.add(row)
    session.flush()
