"""One action tried with a connection outside of any workflow, and the request that an action would send."""

import time
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from integrations_app.connections.credentials import Connected, client_of, read_access
from integrations_app.errors import InvalidInput, NotFound
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.actions import Preview
from integrations_app.workflows.definition import ActionStep
from integrations_app.workflows.mapping import bind
from integrations_app.workflows.trial import Trial, read_sample, run_once

_NOTHING: Mapping[str, Any] = {"trigger": {}, "steps": {}, "run": {"id": "trial"}, "workflow": {"name": ""}}


async def try_action(hub: Hub, actor: Actor, connection_id: str, reference: str, inputs: Mapping[str, Any]) -> Trial:
    """Call an action once, for real, with these inputs. A failure is a result. Raises Forbidden, NotFound."""
    actor.require(Permission.EDIT_WORKFLOWS)
    step = _alone(hub, connection_id, reference, inputs)
    tried = await run_once(hub, actor, step, dict(_NOTHING), time.perf_counter())

    def note(session: Session) -> None:
        detail = {"action": reference, "ok": tried.ok, "code": tried.error_code}
        subject = f"connection:{connection_id}"
        record(session, hub.keyring, actor, "action.tried", now=hub.clock(), subject=subject, detail=detail)

    await hub.database.write(note)
    return tried


async def preview_action(
    hub: Hub, actor: Actor, connection_id: str, reference: str, inputs: Mapping[str, Any]
) -> Preview:
    """The request that the action would send, without its secrets; nothing is sent.

    Raises InvalidInput for inputs that cannot be sent, NotFound for an action that shows none, and what opening the
    connection raises.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    return await _preview(hub, actor, _alone(hub, connection_id, reference, inputs), _NOTHING)


async def preview_step(hub: Hub, actor: Actor, workflow_id: str, step_key: str) -> Preview:
    """The request of a draft's step, rendered with the data that a test would use. Raises as `preview_action`."""
    actor.require(Permission.EDIT_WORKFLOWS)
    step, values = await read_sample(hub, actor, workflow_id, step_key)
    if not step.connection:
        raise InvalidInput({"connection": "is needed"}, "Choose a connection to see the request.")
    return await _preview(hub, actor, step, values)


def _alone(hub: Hub, connection_id: str, reference: str, inputs: Mapping[str, Any]) -> ActionStep:
    hub.registry.action(reference)
    return ActionStep(key="tried", type="action", action=reference, connection=connection_id, inputs=dict(inputs))


async def _preview(hub: Hub, actor: Actor, step: ActionStep, values: Mapping[str, Any]) -> Preview:
    provider, action = hub.registry.action(step.action)
    if action.preview is None:
        raise NotFound(f"{provider.name} shows no request of this action.")
    params = bind(step.inputs, action.params, values)
    opened = await read_access(hub, actor.organization_id, step.connection, testing=True)
    if opened.provider.key != provider.key:
        raise NotFound("The connection belongs to another provider.")
    async with client_of(opened.provider, opened.access) as client:
        connected = Connected(opened.provider, client, opened)
        return action.preview(params, connected.context(hub.new_id(), hub.clock()))
