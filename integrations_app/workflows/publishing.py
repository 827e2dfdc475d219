"""Publishing: a draft becomes an immutable version that a trigger starts; paused, resumed, taken back, deleted."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from integrations_app.errors import Conflict, IntegrationsError, InvalidInput
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows import engine, hooks
from integrations_app.workflows.cron import parse_cron
from integrations_app.workflows.definition import MANUAL, SCHEDULE, WEBHOOK, Definition, parse
from integrations_app.workflows.drafts import find_problems, known_connections, note, require_version
from integrations_app.workflows.held import let_go
from integrations_app.workflows.models import FINISHED, Run, RunStatus, Subscription, Workflow, WorkflowVersion
from integrations_app.workflows.problems import Severity
from integrations_app.workflows.references import connections_in, with_ids
from integrations_app.workflows.repository import Workflows, known_endpoints

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish answers."""

    id: str
    number: int
    endpoint_id: str | None


@dataclass(frozen=True, slots=True)
class _Plan:
    definition: Definition
    draft_version: int


async def publish(hub: Hub, actor: Actor, workflow_id: str, draft_version: int | None = None) -> Published:
    """Make the draft the live version and its trigger listen.

    Raises InvalidInput `not_publishable` with the problems by path; Conflict `stale_version` when the draft
    changed meanwhile (or is not `draft_version`); what the vendor's side raises when it cannot deliver: then
    the workflow stays as it was.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    plan = await hub.database.read(lambda session: _plan(hub, session, actor, workflow_id, draft_version))
    return await _go_live(hub, actor, workflow_id, plan)


async def publish_definition(
    hub: Hub, actor: Actor, workflow_id: str, definition: Definition, draft_version: int
) -> Published:
    """Make this definition, whose references are ids, the live version; the draft stays what it is.

    Raises InvalidInput `not_publishable`, Conflict `stale_version` when the draft is not `draft_version` any more,
    and what the vendor's side raises when it cannot deliver.
    """
    actor.require(Permission.EDIT_WORKFLOWS)

    def read(session: Session) -> _Plan:
        return _checked_plan(hub, session, actor, workflow_id, definition, draft_version)

    return await _go_live(hub, actor, workflow_id, await hub.database.read(read))


async def _go_live(hub: Hub, actor: Actor, workflow_id: str, plan: _Plan) -> Published:
    """The vendor's hook and the subscription to it, alone at that hook until both stand or neither does."""
    endpoint_id: str | None = None
    try:
        async with hooks.lease(hub, actor, plan.definition.trigger):
            endpoint_id = await _endpoint(hub, actor, plan.definition, workflow_id)
            number, former = await hub.database.write(
                lambda session: _publish(hub, session, actor, workflow_id, plan, endpoint_id)
            )
    except BaseException:
        await _take_back(hub, actor, endpoint_id)
        raise
    if former and former != endpoint_id:
        await hooks.release(hub, actor, [former])
    return Published(workflow_id, number, endpoint_id)


async def _take_back(hub: Hub, actor: Actor, endpoint_id: str | None) -> None:
    """Remove what the vendor was asked for in vain, unless others listen to it."""
    try:
        await hooks.release(hub, actor, [endpoint_id] if endpoint_id else [])
    except IntegrationsError as error:  # the caller shall hear why publishing failed, not this
        _log.warning("a hook of a failed publish was left: %s", error.code)


async def unpublish(hub: Hub, actor: Actor, workflow_id: str) -> None:
    """Take the live version back: nothing starts the workflow any more. Safe to repeat."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> str | None:
        workflows = Workflows(session, actor.organization_id)
        row = workflows.lock(workflow_id)
        former = _stop_listening(workflows, row)
        row.published_number, row.paused, row.next_run_at, row.updated_at = None, False, None, hub.clock()
        _release_paused(hub, session, row)
        note(hub, session, actor, "workflow.unpublished", workflow_id)
        return former

    former = await hub.database.write(write)
    await hooks.release(hub, actor, [former] if former else [])


async def pause(hub: Hub, actor: Actor, workflow_id: str) -> None:
    """Start no more runs and hold those that wait to begin; vendor hooks stay. Safe to repeat."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> None:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        if row.published_number is None:
            raise Conflict("not_published", "Only a published workflow can be paused.")
        if not row.paused:
            row.paused, row.next_run_at, row.updated_at = True, None, hub.clock()
            note(hub, session, actor, "workflow.paused", workflow_id)

    await hub.database.write(write)


async def resume(hub: Hub, actor: Actor, workflow_id: str) -> None:
    """Let the workflow start again, and its held runs go on. Safe to repeat."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> None:
        workflows = Workflows(session, actor.organization_id)
        row = workflows.lock(workflow_id)
        if not row.paused:
            return
        row.paused, row.updated_at = False, hub.clock()
        live = workflows.version(workflow_id, row.published_number or 0)
        row.next_run_at = _next_start(hub, parse(live.definition)) if live else None
        _release_paused(hub, session, row)
        note(hub, session, actor, "workflow.resumed", workflow_id)

    await hub.database.write(write)


async def delete(hub: Hub, actor: Actor, workflow_id: str) -> None:
    """Delete the workflow; what still runs is cancelled, the history of its runs stays. Raises NotFound."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> tuple[str | None, list[str]]:
        workflows = Workflows(session, actor.organization_id)
        row = workflows.lock(workflow_id)
        former, name = _stop_listening(workflows, row), row.name
        ended = _cancel_all(hub, session, actor, workflow_id)
        workflows.remove(row)
        note(hub, session, actor, "workflow.deleted", workflow_id, name=name)
        return former, ended

    former, ended = await hub.database.write(write)
    for run_id in ended:
        engine.cancel(hub, run_id)
    await hooks.release(hub, actor, [former] if former else [])


def _plan(hub: Hub, session: Session, actor: Actor, workflow_id: str, draft_version: int | None) -> _Plan:
    workflows = Workflows(session, actor.organization_id)
    row = workflows.get(workflow_id)
    if draft_version is not None:
        require_version(row, draft_version)
    connections = known_connections(session, actor.organization_id)
    endpoints = known_endpoints(session, actor.organization_id)
    definition = with_ids(parse(row.draft), connections, endpoints)
    return _checked_plan(hub, session, actor, workflow_id, definition, row.draft_version)


def _checked_plan(
    hub: Hub, session: Session, actor: Actor, workflow_id: str, definition: Definition, draft_version: int
) -> _Plan:
    """Raises InvalidInput `not_publishable`."""
    found = find_problems(hub, session, actor.organization_id, definition)
    errors = {one.path: one.message for one in found if one.severity is Severity.ERROR}
    if errors:
        raise InvalidInput(errors, "", "not_publishable")
    Workflows(session, actor.organization_id).get(workflow_id)
    return _Plan(definition, draft_version)


async def _endpoint(hub: Hub, actor: Actor, definition: Definition, workflow_id: str) -> str | None:
    trigger = definition.trigger
    if trigger.type in {MANUAL, SCHEDULE}:
        return None
    if trigger.type == WEBHOOK:
        return str(trigger.config["endpoint"])
    return await hooks.ensure(hub, actor, definition, workflow_id)


def _publish(
    hub: Hub, session: Session, actor: Actor, workflow_id: str, plan: _Plan, endpoint_id: str | None
) -> tuple[int, str | None]:
    """Returns the version's number, and the endpoint it listened on until now."""
    workflows, now = Workflows(session, actor.organization_id), hub.clock()
    row = workflows.lock(workflow_id)
    require_version(row, plan.draft_version)
    number, trigger = workflows.next_number(workflow_id), plan.definition.trigger
    workflows.add_version(
        WorkflowVersion(
            organization_id=actor.organization_id,
            workflow_id=workflow_id,
            number=number,
            definition=plan.definition.dump(),
            published_by=actor.user_id,
            published_at=now,
        )
    )
    row.published_number, row.trigger_type, row.updated_at = number, trigger.type, now
    row.next_run_at = None if row.paused else _next_start(hub, plan.definition)
    former, listening = workflows.subscription(workflow_id), None
    former_endpoint = former.endpoint_id if former else None
    if endpoint_id is not None:
        hooks.require_open(session, actor, endpoint_id)
        where = {"organization_id": actor.organization_id, "workflow_id": workflow_id, "endpoint_id": endpoint_id}
        listening = Subscription(**where, trigger_type=trigger.type, config=dict(trigger.config))
    workflows.set_subscription(workflow_id, listening)
    workflows.set_uses(workflow_id, connections_in(plan.definition), live=True)
    note(hub, session, actor, "workflow.published", workflow_id, version=number, trigger=trigger.type)
    return number, former_endpoint


def _next_start(hub: Hub, definition: Definition) -> datetime | None:
    if definition.trigger.type != SCHEDULE:
        return None
    config = definition.trigger.config
    return parse_cron(str(config["cron"])).after(hub.clock(), str(config.get("timezone", "UTC")))


def _stop_listening(workflows: Workflows, row: Workflow) -> str | None:
    """Take the subscription away; returns the endpoint it was on."""
    listening = workflows.subscription(row.id)
    workflows.set_subscription(row.id, None)
    workflows.set_uses(row.id, (), live=True)
    return listening.endpoint_id if listening else None


def _release_paused(hub: Hub, session: Session, row: Workflow) -> None:
    session.flush()
    waits = (col(Run.workflow_id) == row.id, col(Run.reason) == "paused", col(Run.held_connection_id).is_(None))
    let_go(hub, session, row.organization_id, *waits)


def _cancel_all(hub: Hub, session: Session, actor: Actor, workflow_id: str) -> list[str]:
    """End what waits, and ask what is being executed to end."""
    mine = (col(Run.organization_id) == actor.organization_id, col(Run.workflow_id) == workflow_id)
    asked = update(Run).where(*mine, col(Run.status) == RunStatus.RUNNING.value).values(cancel_requested=True)
    session.execute(asked)
    rest = [status.value for status in RunStatus if status not in FINISHED and status is not RunStatus.RUNNING]
    ended = (
        update(Run)
        .where(*mine, col(Run.status).in_(rest))
        .values(status=RunStatus.CANCELLED.value, ended_at=hub.clock())
        .returning(col(Run.id))
    )
    return list(session.execute(ended).scalars())
