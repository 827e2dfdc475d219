"""What workflows need a connection to be allowed: which scopes, for which workflows, and which it does not have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections.models import Connection, Status
from integrations_app.connections.repository import Connections
from integrations_app.connections.views import WorkflowUse
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.provider import Provider
from integrations_app.workflows.models import ConnectionUse, Workflow, WorkflowVersion
from integrations_app.workflows.problems import KnownConnection, find_connection
from integrations_app.workflows.references import action_steps
from integrations_app.workflows.repository import known

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """One scope, and the workflows whose draft or live version needs it, by name."""

    scope: str
    workflows: tuple[WorkflowUse, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """What a connection may do and what workflows need of it; no scopes granted means that they are not known."""

    granted: tuple[str, ...]
    needed: tuple[Need, ...]
    missing: tuple[str, ...]


async def consent_of(hub: Hub, actor: Actor, connection_id: str) -> Consent:
    """The scopes granted to a connection, needed by workflows, and missing. Raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> Consent:
        row = Connections(session, actor.organization_id).get(connection_id)
        provider = hub.registry.get(row.provider)
        needed, granted = _needs(session, actor.organization_id, provider, row), tuple(row.scopes)
        scopes = tuple(one.scope for one in needed)
        missing = provider.oauth.missing_scopes(scopes, granted) if provider.oauth else ()
        return Consent(granted, needed, missing)

    return await hub.database.read(read)


async def needed_scopes(hub: Hub, actor: Actor, provider_key: str, connection_id: str | None = None) -> tuple[str, ...]:
    """The scopes that workflows need of a connection that is about to be asked for; of a new one without an id.

    One that never was connected is asked for what steps need whose connection does not work yet. An id that is not
    there needs nothing. Raises NotFound for an unknown provider.
    """
    actor.require(Permission.VIEW)
    provider = hub.registry.get(provider_key)

    def read(session: Session) -> tuple[str, ...]:
        row = Connections(session, actor.organization_id).find(connection_id) if connection_id else None
        if connection_id and row is None:
            return ()
        return tuple(one.scope for one in _needs(session, actor.organization_id, provider, row))

    return await hub.database.read(read)


def _needs(session: Session, organization_id: str, provider: Provider, row: Connection | None) -> tuple[Need, ...]:
    first = row is None or not row.account_id
    others = _usable(session, organization_id, provider, row) if first else []
    found: dict[str, dict[str, WorkflowUse]] = {}
    for key, name, draft, version in _definitions(session, organization_id, None if first else row):
        for definition, live in ((draft, False), (version, True)):
            for connection, scopes in _asking(provider, definition):
                if not _concerns(connection, row, others, first=first):
                    continue
                for scope in scopes:
                    uses = found.setdefault(scope, {})
                    uses[key] = WorkflowUse(key, name, live or (key in uses and uses[key].live))
    return tuple(Need(scope, tuple(found[scope].values())) for scope in sorted(found))


def _concerns(reference: str, row: Connection | None, others: list[KnownConnection], *, first: bool) -> bool:
    """Whether a step that names `reference` waits for this connection: by its id, or for want of one that works."""
    if row is not None and reference == row.id:
        return True
    return first and find_connection(reference, others) is None


def _usable(
    session: Session, organization_id: str, provider: Provider, row: Connection | None
) -> list[KnownConnection]:
    rows = Connections(session, organization_id).list_by_provider(provider.key)
    return [
        known(other)
        for other in rows
        if other.account_id and other.status != Status.DISCONNECTED.value and (row is None or other.id != row.id)
    ]


def _definitions(session: Session, organization_id: str, row: Connection | None) -> Iterator[tuple[str, str, Raw, Raw]]:
    """Id, name, draft and live definition of the workflows that name the connection, of all without one."""
    statement = (
        select(col(Workflow.id), col(Workflow.name), col(Workflow.draft), col(WorkflowVersion.definition))
        .outerjoin(
            WorkflowVersion,
            (col(WorkflowVersion.organization_id) == col(Workflow.organization_id))
            & (col(WorkflowVersion.workflow_id) == col(Workflow.id))
            & (col(WorkflowVersion.number) == col(Workflow.published_number)),
        )
        .where(col(Workflow.organization_id) == organization_id)
        .order_by(col(Workflow.name), col(Workflow.id))
    )
    if row is not None:
        named = select(col(ConnectionUse.workflow_id)).where(
            col(ConnectionUse.organization_id) == organization_id, col(ConnectionUse.connection_id) == row.id
        )
        statement = statement.where(col(Workflow.id).in_(named))
    for key, name, draft, live in session.execute(statement):
        yield key, name, draft or {}, live or {}


def _asking(provider: Provider, definition: Raw) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The connection that is named and the scopes of the trigger and of every step that belong to the provider."""
    triggers = {f"{provider.key}.{one.key}": one for one in provider.triggers}
    actions = {f"{provider.key}.{one.key}": one.scopes for one in provider.actions}
    trigger = definition.get("trigger") or {}
    if trigger.get("type") in triggers:
        needed = triggers[trigger["type"]].scopes_for(trigger.get("config") or {})
        yield str(trigger.get("connection") or ""), needed
    for step in action_steps(definition):
        if step.get("action") in actions:
            yield str(step.get("connection") or ""), actions[step["action"]]
