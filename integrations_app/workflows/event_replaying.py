"""Replaying an event to one workflow: its live version, or its draft as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.errors import Conflict
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.triggers import Inbound
from integrations_app.workflows import deliveries
from integrations_app.workflows.definition import WEBHOOK
from integrations_app.workflows.deliveries import Listening
from integrations_app.workflows.events import note_replayed, read_again
from integrations_app.workflows.models import Endpoint, Workflow
from integrations_app.workflows.repository import Workflows
from integrations_app.workflows.runs import startable

MAX_TARGETS = 200


@dataclass(frozen=True, slots=True)
class Target:
    """A workflow that the event can be replayed to."""

    workflow_id: str
    name: str
    draft: bool
    """Its draft, not its live version."""


async def list_targets(hub: Hub, actor: Actor, event_id: str) -> tuple[Target, ...]:
    """The live versions that listen for such an event today, then the drafts that would; raises as `replay_event`."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def read(session: Session) -> tuple[Target, ...]:
        endpoint, inbound = read_again(hub, session, actor, event_id)
        live = deliveries.listening(hub, session, actor.organization_id, endpoint.id, inbound)
        statement = (
            select(Workflow)
            .where(col(Workflow.organization_id) == actor.organization_id)
            .order_by(col(Workflow.updated_at).desc(), col(Workflow.id))
        )
        drafts = [row for row in session.scalars(statement) if _fits(hub, row.draft, endpoint, inbound)]
        return (
            *(Target(one.workflow_id, one.name, draft=False) for one in live[:MAX_TARGETS]),
            *(Target(row.id, row.name, draft=True) for row in drafts[:MAX_TARGETS]),
        )

    return await hub.database.read(read)


async def replay_to(hub: Hub, actor: Actor, event_id: str, workflow_id: str, *, draft: bool = False) -> str:
    """Start one workflow with this event, whatever it started before; returns the run's id.

    Raises as `replay_event`, Conflict `not_listening` for a workflow that such an event would not start, InvalidInput
    `not_publishable` for a draft that cannot run.
    """
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> str:
        endpoint, inbound = read_again(hub, session, actor, event_id)
        row = Workflows(session, actor.organization_id).get(workflow_id)
        one = _draft(hub, session, row, endpoint, inbound) if draft else _live(hub, session, row, endpoint, inbound)
        turn = {row.id: hub.new_id()}
        (run_id,) = deliveries.start(hub, session, actor.organization_id, event_id, inbound, [one], again=turn)
        note_replayed(hub, session, actor, event_id, runs=1, workflow=row.id, draft=draft)
        return run_id

    return await hub.database.write(write)


def _live(hub: Hub, session: Session, row: Workflow, endpoint: Endpoint, inbound: Inbound) -> Listening:
    listening = deliveries.listening(hub, session, row.organization_id, endpoint.id, inbound)
    found = next((one for one in listening if one.workflow_id == row.id), None)
    if found is None:
        raise Conflict("not_listening", "Its live version does not listen for such an event, or it is paused.")
    return found


def _draft(hub: Hub, session: Session, row: Workflow, endpoint: Endpoint, inbound: Inbound) -> Listening:
    if not _fits(hub, row.draft, endpoint, inbound):
        raise Conflict("not_listening", "Its draft does not listen for such an event.")
    return Listening(row.id, row.name, None, startable(hub, session, row))


def _fits(hub: Hub, draft: Mapping[str, Any], endpoint: Endpoint, inbound: Inbound) -> bool:
    """Whether the draft would be started by the event, were it live."""
    trigger = draft.get("trigger") or {}
    config = trigger.get("config") or {}
    if trigger.get("type") == WEBHOOK:
        return bool(config.get("endpoint") == endpoint.id)
    by_connection = endpoint.connection_id is not None and trigger.get("connection") == endpoint.connection_id
    return by_connection and deliveries.matches(hub, str(trigger.get("type", "")), config, inbound)
