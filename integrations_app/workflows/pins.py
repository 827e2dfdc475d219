"""Pins: sample data that somebody fixed for a step or the trigger of a draft, sealed, apart from the definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.errors import Conflict, InvalidInput, NotFound
from integrations_app.kit.db import on_commit
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.checkpoints import announcement
from integrations_app.workflows.definition import Definition, parse
from integrations_app.workflows.editing.commands import TRIGGER
from integrations_app.workflows.last_values import example_of, last_values
from integrations_app.workflows.models import PinnedSample, StepStatus
from integrations_app.workflows.repository import Runs, Workflows
from integrations_app.workflows.sealing import open_sample, seal_sample
from integrations_app.workflows.storable import storable_json

MAX_PIN_BYTES = 256 * 1024
PINNED, LAST_RUN, EXAMPLE, NOTHING = "pinned", "last_run", "example", "nothing"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the editor uses as the output of a step, or as the trigger's data, and where that is from."""

    value: Any = None
    source: str = NOTHING
    """`pinned`, `last_run`, `example` or `nothing`."""
    pinned: tuple[str, ...] = ()
    """Every step (or `trigger`) of the draft that has a pin."""


async def pin(hub: Hub, actor: Actor, workflow_id: str, step_key: str, value: Any) -> None:
    """Fix the sample of a step of the draft, or of `trigger`, whose data is an object.

    Raises Forbidden, NotFound for a step that is not there; InvalidInput for a value of more than 256 KiB, or a
    trigger's that is no object.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    sealed = _checked(step_key, value)

    def write(session: Session) -> None:
        row = Workflows(session, actor.organization_id).lock(workflow_id)
        _require_step(parse(row.draft), step_key)
        _keep(hub, session, actor, workflow_id, step_key, sealed)
        _note(hub, session, actor, "sample.pinned", workflow_id, step=step_key)

    await hub.database.write(write)


async def unpin(hub: Hub, actor: Actor, workflow_id: str, step_key: str) -> None:
    """Let a pinned sample go. Safe to repeat. Raises Forbidden, NotFound."""
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> None:
        Workflows(session, actor.organization_id).lock(workflow_id)
        row = session.get(PinnedSample, (actor.organization_id, workflow_id, step_key))
        if row is not None:
            session.delete(row)
            session.flush()
            _note(hub, session, actor, "sample.unpinned", workflow_id, step=step_key)

    await hub.database.write(write)


async def pin_run(hub: Hub, actor: Actor, run_id: str) -> str:
    """Fix the data of a run as the samples of its workflow's draft; returns the workflow's id.

    Steps that the draft does not have any more, and values that are too large, are left out. Raises Forbidden,
    NotFound; Conflict `workflow_gone`.
    """
    actor.require(Permission.EDIT_WORKFLOWS)

    def write(session: Session) -> str:
        runs = Runs(session, actor.organization_id)
        run = runs.get(run_id)
        try:
            draft = parse(Workflows(session, actor.organization_id).lock(run.workflow_id).draft)
        except NotFound:
            raise Conflict("workflow_gone", "The workflow of this run was deleted.") from None
        known = {step.key for _, step in draft.walk()}
        found: dict[str, Any] = {TRIGGER: run.trigger_payload}
        succeeded = (step for step in runs.steps(run_id) if step.status == StepStatus.SUCCEEDED.value)
        found |= {step.step_key: step.output for step in succeeded if step.step_key in known}
        for key, value in found.items():
            try:
                _keep(hub, session, actor, run.workflow_id, key, _checked(key, value))
            except InvalidInput:
                continue
        _note(hub, session, actor, "sample.pinned", run.workflow_id, run=run_id)
        return run.workflow_id

    return await hub.database.write(write)


async def load_sample(hub: Hub, actor: Actor, workflow_id: str, step_key: str) -> Sample:
    """The sample of a step, or of `trigger`: pinned, else of the newest run, else the trigger's example."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> Sample:
        definition = parse(Workflows(session, actor.organization_id).get(workflow_id).draft)
        pins = pins_of(hub, session, actor.organization_id, workflow_id)
        if step_key in pins:
            return Sample(pins[step_key], PINNED, tuple(pins))
        trigger, outputs = last_values(session, actor.organization_id, workflow_id)
        return _sample(definition, hub.registry, step_key, trigger, outputs, tuple(pins))

    return await hub.database.read(read)


def sample_values(hub: Hub, session: Session, organization_id: str, workflow_id: str) -> tuple[Any, dict[str, Any]]:
    """The trigger's data (None: its example) and the outputs by key that a draft is tried with."""
    trigger, outputs = last_values(session, organization_id, workflow_id)
    pins = pins_of(hub, session, organization_id, workflow_id)
    return pins.pop(TRIGGER, trigger), outputs | pins


def pins_of(hub: Hub, session: Session, organization_id: str, workflow_id: str) -> dict[str, Any]:
    """Every pinned value of a draft, by the key of its step."""
    statement = select(PinnedSample).where(
        col(PinnedSample.organization_id) == organization_id, col(PinnedSample.workflow_id) == workflow_id
    )
    rows = session.scalars(statement.order_by(col(PinnedSample.step_key)))
    return {row.step_key: orjson.loads(open_sample(hub, session, row)) for row in rows}


def _sample(
    definition: Definition,
    registry: Registry,
    step_key: str,
    trigger: Any,
    outputs: Mapping[str, Any],
    pinned: tuple[str, ...],
) -> Sample:
    if step_key != TRIGGER:
        known = step_key in outputs
        return Sample(outputs.get(step_key), LAST_RUN if known else NOTHING, pinned)
    if trigger is not None:
        return Sample(trigger, LAST_RUN, pinned)
    example = example_of(definition, registry)
    return Sample(example, EXAMPLE if example else NOTHING, pinned)


def _checked(step_key: str, value: Any) -> bytes:
    if step_key == TRIGGER and not isinstance(value, dict):
        raise InvalidInput({"value": "the trigger's data is an object, such as {}"})
    written = orjson.dumps(storable_json(value))
    if len(written) > MAX_PIN_BYTES:
        raise InvalidInput({"value": f"must be at most {MAX_PIN_BYTES // 1024} KiB of JSON"})
    return written


def _require_step(definition: Definition, step_key: str) -> None:
    if step_key != TRIGGER and all(step.key != step_key for _, step in definition.walk()):
        raise NotFound("There is no such step.")


def _keep(hub: Hub, session: Session, actor: Actor, workflow_id: str, step_key: str, written: bytes) -> None:
    where = (actor.organization_id, workflow_id, step_key)
    row = session.get(PinnedSample, where)
    if row is None:
        row = PinnedSample(
            organization_id=where[0],
            workflow_id=workflow_id,
            step_key=step_key,
            id=hub.new_id(),
            value=b"",
            pinned_by=actor.user_id,
            pinned_at=hub.clock(),
        )
    row.value = seal_sample(hub, session, row, written)
    row.pinned_by, row.pinned_at = actor.user_id, hub.clock()
    session.add(row)
    session.flush()


def _note(hub: Hub, session: Session, actor: Actor, name: str, workflow_id: str, **detail: Any) -> None:
    subject = f"workflow:{workflow_id}"
    on_commit(session, announcement(hub, actor.organization_id, "workflow", workflow_id))
    record(session, hub.keyring, actor, name, now=hub.clock(), subject=subject, detail=detail)
