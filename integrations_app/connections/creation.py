"""Makes connections: pending ones for signing in at the vendor, finished ones from typed secrets."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from integrations_app.connections.addresses import belongs_to_sandbox
from integrations_app.connections.changes import settle
from integrations_app.connections.credentials import replace_secrets
from integrations_app.connections.first_use import Bought, try_secrets
from integrations_app.connections.forms import (
    changed_secrets,
    checked_name,
    checked_settings,
    judge_addresses,
    typed_kind,
)
from integrations_app.connections.health import Findings, apply_account, apply_error
from integrations_app.connections.models import AppKind, Connection, Status
from integrations_app.connections.names import free_name
from integrations_app.connections.overview import snapshot
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import ConnectionView
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.provider import Provider


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
    `sandbox` lets typed secrets lead to the emulation; tokens that it handed out do so by themselves. Raises
    InvalidInput by field.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    provider = hub.registry.get(provider_key)
    wanted = checked_name(name) if name else ""
    public = checked_settings(provider, settings or {})
    given = {field: secret for field, secret in changed_secrets(provider, secrets or {}).items() if secret}
    row = _new_row(hub, actor, provider, wanted, public)
    if provider.oauth is not None and not given and auth_kind in (None, "oauth2"):
        judge_addresses(hub, provider, row)
        return await hub.database.write(lambda session: _keep_new(hub, session, actor, row))
    kind = typed_kind(provider, auth_kind, given)
    row.auth_kind = kind.kind
    emulated = sandbox or belongs_to_sandbox(hub.settings, provider, given)
    row.app_kind = AppKind.SANDBOX.value if emulated else AppKind.NONE.value
    judge_addresses(hub, provider, row)
    bought = await try_secrets(hub, provider, row, given)
    return await hub.database.write(lambda session: _keep_typed(hub, session, actor, row, provider, bought))


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
    return snapshot(session, row, hub.clock())


def _keep_typed(
    hub: Hub,
    session: Session,
    actor: Actor,
    row: Connection,
    provider: Provider,
    bought: Bought,
) -> ConnectionView:
    findings = bought.findings
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
    replace_secrets(hub, session, kept, bought.secrets)
    bought.plan(hub, kept)
    session.add(kept)
    session.flush()
    name = "connection.connected" if findings.error is None else "connection.check_failed"
    detail = {"provider": provider.key, "account": kept.account_id, "auth": kept.auth_kind, "app": kept.app_kind}
    if findings.error is not None:
        detail["code"] = findings.error.code
    settle(hub, session, actor, name, kept.id, version=kept.credential_version, **detail)
    return snapshot(session, kept, hub.clock())


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
