"""Changes names, settings and typed secrets of connections; new secrets are checked before they are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from integrations_app.connections.changes import settle
from integrations_app.connections.credentials import open_secrets, replace_secrets, touch
from integrations_app.connections.first_use import judge_way, try_secrets
from integrations_app.connections.forms import (
    UNKNOWN,
    changed_secrets,
    checked_name,
    checked_settings,
    judge_addresses,
    moves_origin,
    typed_kind,
)
from integrations_app.connections.health import apply_account, apply_error
from integrations_app.connections.models import Connection
from integrations_app.connections.overview import snapshot
from integrations_app.connections.repository import Connections, Credentials
from integrations_app.connections.views import ConnectionView
from integrations_app.errors import Conflict, CredentialUnreadable, InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.auth import SecretField, TypedSecrets
from integrations_app.sdk.provider import Provider

CHANGEABLE = ("name", "settings", "secrets", "auth_kind")
ADDRESS_MOVED = "must be entered again: with this address it would go somewhere else"


async def update(hub: Hub, actor: Actor, connection_id: str, changes: Mapping[str, Any]) -> ConnectionView:
    """Change `name`, `settings` (merged), `secrets` (absent or masked: unchanged) or `auth_kind`.

    New secrets are checked first: another account is refused with Conflict `account_mismatch`. Raises NotFound,
    InvalidInput (`unknown_field` for anything else in `changes`).
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    unknown = {str(name): "cannot be changed" for name in changes if name not in CHANGEABLE}

    def read(session: Session) -> tuple[Connection, frozenset[str]]:
        row = Connections(session, actor.organization_id).get(connection_id)
        return row, _fields_of(session, row)

    row, stored = await hub.database.read(read)
    if unknown:
        raise InvalidInput(unknown, "", UNKNOWN)
    provider = hub.registry.get(row.provider)
    draft = _judged_draft(hub, provider, row, stored, changes)
    if draft.secrets or draft.auth_kind != row.auth_kind or _buys_anew(provider, row, draft):
        return await _update_secrets(hub, actor, provider, row, draft)

    def write(session: Session) -> ConnectionView:
        kept = Connections(session, actor.organization_id).lock(connection_id)
        # on what others have saved meanwhile
        _apply_draft(kept, _judged_draft(hub, provider, kept, _fields_of(session, kept), changes))
        judge_way(hub, provider, kept, {})
        touch(kept, hub.clock())
        session.add(kept)
        session.flush()
        settle(hub, session, actor, "connection.updated", kept.id, fields=sorted(map(str, changes)))
        return snapshot(session, kept, hub.clock())

    return await hub.database.write(write)


def _buys_anew(provider: Provider, row: Connection, draft: "_Draft") -> bool:
    """Whether other settings ask for another access token."""
    buys = any(one.token is not None and one.kind == draft.auth_kind for one in provider.typed)
    return buys and draft.settings not in (None, row.settings)


@dataclass(frozen=True, slots=True)
class _Draft:
    """Checked changes; None leaves a thing as it is."""

    name: str | None
    settings: dict[str, Any] | None
    secrets: Mapping[str, Secret]
    auth_kind: str


def _fields_of(session: Session, row: Connection) -> frozenset[str]:
    """The names of the stored secrets."""
    return frozenset(one.field for one in Credentials(session, row.organization_id).list_by_connection(row.id))


def _judged_draft(
    hub: Hub, provider: Provider, row: Connection, stored: frozenset[str], changes: Mapping[str, Any]
) -> "_Draft":
    """Checked changes whose addresses may be called, and to which no stored secret would go unasked."""
    draft = _draft(provider, row, changes)
    if draft.settings is None:
        return draft
    judge_addresses(hub, provider, Connection(**{**row.model_dump(), "settings": draft.settings}), row.settings)
    if moves_origin(provider, row.settings, draft.settings):
        kind = next((one for one in provider.typed if one.kind == draft.auth_kind), None)
        held = [field for field in kind.fields if not field.optional or field.name in stored] if kind else []
        gone = _gone(held, draft.secrets)
        names = [field.name for field in held if field.name not in gone]
        missing = {f"secrets.{name}": ADDRESS_MOVED for name in names if name not in draft.secrets}
        if missing:
            raise InvalidInput(missing, "", "secret_needed")
    return draft


def _draft(provider: Provider, row: Connection, changes: Mapping[str, Any]) -> _Draft:
    name = checked_name(changes["name"]) if "name" in changes else None
    settings = None
    if "settings" in changes:
        given = changes["settings"]
        settings = checked_settings(provider, {**row.settings, **given} if isinstance(given, Mapping) else given)
    secrets = changed_secrets(provider, changes.get("secrets") or {})
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
    trial.auth_kind = kind.kind
    bought = await try_secrets(hub, provider, trial, merged)
    findings, account = bought.findings, bought.findings.account
    if account is not None and row.account_id and account.id != row.account_id:
        raise Conflict("account_mismatch", f"These credentials belong to another account: {account.name}.")

    def write(session: Session) -> ConnectionView:
        kept = Connections(session, actor.organization_id).lock(row.id)
        if draft.settings is not None and kept.settings != row.settings:
            raise Conflict("settings_changed", "Its settings were changed meanwhile. Load them again, then save.")
        _apply_draft(kept, draft)
        kept.auth_kind, kept.disconnected_at = kind.kind, None
        if account is not None:
            apply_account(kept, account, hub.clock())
        elif findings.error is not None:
            apply_error(kept, findings.error, hub.clock())
        session.add(kept)
        replace_secrets(hub, session, kept, bought.secrets, expected_version=seen)
        bought.plan(hub, kept)
        session.add(kept)
        session.flush()
        settle(hub, session, actor, "connection.updated", kept.id, secrets=sorted(draft.secrets), auth=kind.kind)
        return snapshot(session, kept, hub.clock())

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
    """New secrets over stored ones, as far as the way to connect has their fields and they are not to go."""
    fields = [field for kind in provider.typed if named in (None, kind.kind) for field in kind.fields]
    gone = _gone(fields, changed)
    kept = {field.name: stored[field.name] for field in fields if field.name in stored and field.name not in gone}
    merged = {**kept, **{name: secret for name, secret in changed.items() if secret}}
    return typed_kind(provider, named, merged), merged


def _gone(fields: Iterable[SecretField], changed: Mapping[str, Secret]) -> set[str]:
    """The names of those that are removed, and of what has no use without them."""
    empty = {name for name, secret in changed.items() if not secret}
    return empty | {field.name for field in fields if field.part_of in empty}


async def rename(hub: Hub, actor: Actor, connection_id: str, name: str) -> ConnectionView:
    """Give the connection another name. Raises NotFound, InvalidInput."""
    return await update(hub, actor, connection_id, {"name": name})
