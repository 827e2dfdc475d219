"""Trial: one action step of a draft run now, with sample values, outside of any run."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from integrations_app.connections import health
from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected
from integrations_app.errors import IntegrationsError, InvalidInput, MappingError, NotFound
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.actions import Action, Params, Result
from integrations_app.sdk.waiting import Later
from integrations_app.workflows.conduct import NOTHING_YET
from integrations_app.workflows.definition import ActionStep, Definition, ForEachStep, Step, parse
from integrations_app.workflows.last_values import example_of
from integrations_app.workflows.mapping import bind, render
from integrations_app.workflows.masking import masked_inputs
from integrations_app.workflows.pins import sample_values
from integrations_app.workflows.repository import Workflows
from integrations_app.workflows.storable import storable_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a try of one step gave. `inputs` are masked."""

    ok: bool
    milliseconds: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    error_code: str = ""
    error_message: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


async def try_step(
    hub: Hub, actor: Actor, workflow_id: str, step_key: str, *, sample: Mapping[str, Any] | None = None
) -> Trial:
    """Run the draft's action step once, for real: what it does at the vendor is done.

    Templates see `sample` (or what is pinned, the newest run's payload, the trigger's example) as the trigger, and what
    is pinned or the newest run's outputs. A failure is a result. Raises Forbidden, NotFound.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    step, values = await read_sample(hub, actor, workflow_id, step_key, sample)
    tried = await run_once(hub, actor, step, values, time.perf_counter())
    await hub.database.write(lambda session: _note(hub, session, actor, workflow_id, step, tried))
    return tried


async def read_sample(
    hub: Hub, actor: Actor, workflow_id: str, step_key: str, sample: Mapping[str, Any] | None = None
) -> tuple[ActionStep, dict[str, Any]]:
    """An action step of a draft, and what its templates see in a trial. Raises NotFound."""
    definition, trigger, outputs = await hub.database.read(lambda session: _read(hub, session, actor, workflow_id))
    step = next((one for _, one in definition.walk() if one.key == step_key), None)
    if not isinstance(step, ActionStep):
        raise NotFound("There is no such action step.")
    return step, _values(hub, definition, step_key, sample if sample is not None else trigger, outputs)


async def read_values(hub: Hub, actor: Actor, workflow_id: str, step_key: str) -> dict[str, Any]:
    """What templates of any step see in a trial. Raises NotFound."""
    definition, trigger, outputs = await hub.database.read(lambda session: _read(hub, session, actor, workflow_id))
    return _values(hub, definition, step_key, trigger, outputs)


async def run_once(hub: Hub, actor: Actor, step: ActionStep, values: dict[str, Any], began: float) -> Trial:
    """Call the step's action once; `began` is of `time.perf_counter`. A failure is a result."""
    inputs: dict[str, Any] = {}
    try:
        action = hub.registry.action(step.action)[1]
        params = bind(step.inputs, action.params, values)
        inputs = masked_inputs(params, hub.registry)
        output = await _call(hub, actor, step, action, params)
    except TimeoutError:
        return Trial(False, _since(began), inputs, error_code="timeout", error_message="No answer came in time.")
    except IntegrationsError as error:
        await health.note_failure(hub, actor.organization_id, step.connection, error)
        fields = error.fields if isinstance(error, InvalidInput) else {}
        return Trial(False, _since(began), inputs, None, error.code, str(error), fields)
    except Exception:  # noqa: BLE001 - a fault of the action is what the person wants to hear of
        _log.exception("the action %s broke in a trial", step.action)
        return Trial(
            False, _since(began), inputs, error_code="crashed", error_message="The action broke. It is logged."
        )
    return Trial(True, _since(began), inputs, output)


async def _call(hub: Hub, actor: Actor, step: ActionStep, action: Action, params: Params) -> Any:
    async def call(connected: Connected) -> Result | Later:
        if connected.provider.key != step.action.partition(".")[0]:
            raise InvalidInput({"connection": "is one of another service"}, "The connection is of another service.")
        context = connected.context(hub.new_id(), hub.clock(), started=hub.clock())
        async with asyncio.timeout(step.timeout_seconds):
            return await action.run(params, context)

    result = await use(hub, actor.organization_id, step.connection, call)
    if isinstance(result, Later):  # it did its first half; a trial does not wait for the second
        return storable_json(dict(result.state))
    return storable_json(result.model_dump(mode="json"))


def _read(hub: Hub, session: Session, actor: Actor, workflow_id: str) -> tuple[Definition, Any, dict[str, Any]]:
    definition = parse(Workflows(session, actor.organization_id).get(workflow_id).draft)
    trigger, outputs = sample_values(hub, session, actor.organization_id, workflow_id)
    return definition, trigger, outputs


def _values(
    hub: Hub, definition: Definition, step_key: str, trigger: Any, outputs: Mapping[str, Any]
) -> dict[str, Any]:
    """What templates see: samples for everything, as far as there are any."""
    if trigger is None:
        trigger = example_of(definition, hub.registry)
    steps = {step.key: NOTHING_YET for _, step in definition.walk()}
    steps |= {key: {"output": output, "ok": True, "error": None} for key, output in outputs.items()}
    values = {
        "trigger": dict(trigger),
        "steps": steps,
        "run": {"id": "trial"},
        "workflow": {"name": definition.name},
    }
    for _, step in definition.walk():
        if isinstance(step, ForEachStep) and step_key in _keys_inside(step):
            values["item"] = _first_item(step, values)
    return values


def _keys_inside(step: Step) -> Iterator[str]:
    """Every step in it, however deep."""
    for _, children in step.children():
        for child in children:
            yield child.key
            yield from _keys_inside(child)


def _first_item(step: ForEachStep, values: dict[str, Any]) -> Any:
    try:
        items = render(step.items, None, values)
    except MappingError:
        return None
    return items[0] if isinstance(items, list | tuple) and items else None


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _note(hub: Hub, session: Session, actor: Actor, workflow_id: str, step: ActionStep, tried: Trial) -> None:
    detail = {"step": step.key, "action": step.action, "ok": tried.ok, "code": tried.error_code}
    subject = f"workflow:{workflow_id}"
    record(session, hub.keyring, actor, "step.tested", now=hub.clock(), subject=subject, detail=detail)
