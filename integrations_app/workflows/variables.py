"""The variable tree of the editor: what a step may read, with sample values from the last event and run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from integrations_app.errors import InvalidInput, MappingError, NotFound
from integrations_app.kit.templates.values import describe
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import (
    ActionStep,
    ConditionStep,
    Definition,
    ForEachStep,
    Step,
    parse,
)
from integrations_app.workflows.last_values import example_of
from integrations_app.workflows.mapping import render
from integrations_app.workflows.pins import sample_values
from integrations_app.workflows.repository import Workflows

MAX_NODES = 400
MAX_DEPTH = 6
MAX_CHILDREN = 60
SAMPLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the tree: what to write between the braces, how it is called, and what it last held."""

    path: str
    label: str
    sample: str
    depth: int
    has_children: bool = False
    kind: str = ""
    """`a text`, `a number`, `true or false`, `a list`, `an object`; empty when nobody knows."""


def variables(
    definition: Definition, registry: Registry, step_key: str, trigger: Any, outputs: Mapping[str, Any]
) -> tuple[Variable, ...]:
    """What the step of `step_key` may read, flat and in order, parents before children.

    `trigger` is the last payload (None: the trigger's example), `outputs` the last output per step (absent:
    the fields of the action's result model). Pure.
    """
    found: list[Variable] = []
    payload = trigger if trigger is not None else example_of(definition, registry)
    _add(found, "trigger", "Trigger", payload, 0)
    before, loops = _before(definition.steps, step_key) or ([], [])
    for step in before:
        _add_step(found, registry, step, outputs)
    if loops:
        items = loops[-1].items
        sample = _first_item(items, payload, outputs)
        _add(found, "item", f"Item of {loops[-1].name or loops[-1].key}", sample, 0)
    _add(found, "run", "Run", {"id": ""}, 0)
    _add(found, "workflow", "Workflow", {"name": definition.name}, 0)
    return tuple(found[:MAX_NODES])


async def load_variables(hub: Hub, actor: Actor, workflow_id: str, step_key: str) -> tuple[Variable, ...]:
    """The tree for a step of the draft, with samples that are pinned or of the newest run; raises NotFound."""
    actor.require(Permission.VIEW)

    def read(session: Session) -> tuple[Variable, ...]:
        definition = parse(Workflows(session, actor.organization_id).get(workflow_id).draft)
        trigger, outputs = sample_values(hub, session, actor.organization_id, workflow_id)
        return variables(definition, hub.registry, step_key, trigger, outputs)

    return await hub.database.read(read)


def _first_item(items: str | list[Any], trigger: Any, outputs: Mapping[str, Any]) -> Any:
    """What a loop would begin with, as far as there are samples."""
    steps = {key: {"output": output, "ok": True, "error": None} for key, output in outputs.items()}
    try:
        listed = render(items, None, {"trigger": trigger, "steps": steps})
    except (MappingError, InvalidInput):
        return None
    return listed[0] if isinstance(listed, list | tuple) and listed else None


def _before(steps: tuple[Step, ...], step_key: str) -> tuple[list[Step], list[ForEachStep]] | None:
    """The steps that run before the one of that key and may be read there, and the loops it stands in."""
    seen: list[Step] = []
    for step in steps:
        if step.key == step_key:
            return seen, []
        for _, children in step.children():
            inner = _before(children, step_key)
            if inner is not None:
                loops = [step] if isinstance(step, ForEachStep) else []
                return seen + inner[0], loops + inner[1]
        if isinstance(step, ConditionStep):
            seen += [child for branch in step.branches for child in branch.steps]
        seen.append(step)
    return None


def _add_step(found: list[Variable], registry: Registry, step: Step, outputs: Mapping[str, Any]) -> None:
    label = step.name or step.key
    output = outputs.get(step.key)
    if output is None and isinstance(step, ActionStep):
        output = _expected(registry, step)
    sample = {"output": output, "ok": True, "error": None}
    _add(found, f"steps.{step.key}", label, sample, 0)


def _expected(registry: Registry, step: ActionStep) -> dict[str, Any]:
    """The fields of the action's result, without values."""
    try:
        return dict.fromkeys(registry.action(step.action)[1].result.model_fields)
    except NotFound:
        return {}


def _add(found: list[Variable], path: str, label: str, value: Any, depth: int) -> None:
    if len(found) >= MAX_NODES:
        return
    children = list(_children(path, value)) if depth < MAX_DEPTH else []
    found.append(Variable(path, label, _sample(value), depth, bool(children), _kind(value)))
    for child_path, child_label, child in children[:MAX_CHILDREN]:
        _add(found, child_path, child_label, child, depth + 1)


def _children(path: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield (f"{path}.{key}" if str(key).isidentifier() else f"{path}[{str(key)!r}]"), str(key), child
    elif isinstance(value, list) and value:
        yield f"{path}[0]", "first item", value[0]


def _kind(value: Any) -> str:
    return "" if value is None else describe(value)


def _sample(value: Any) -> str:
    if isinstance(value, Mapping):
        return ""
    if isinstance(value, list):
        return f"{len(value)} items"
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= SAMPLE_CHARS else f"{text[:SAMPLE_CHARS]}…"
