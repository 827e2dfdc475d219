"""References: names of connections and endpoints in a definition, turned into ids that renaming cannot break."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from integrations_app.workflows.definition import WEBHOOK, ActionStep, Definition, parse
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint, find_connection, find_endpoint


def with_ids(
    definition: Definition, connections: Iterable[KnownConnection], endpoints: Iterable[KnownEndpoint]
) -> Definition:
    """The definition with every name that is known and unique replaced by its id; others stay as written."""
    raw, listed = definition.dump(), tuple(connections)
    trigger = raw["trigger"]
    for part in (trigger, *action_steps(raw)):
        found = find_connection(part.get("connection", ""), listed)
        if found is not None:
            part["connection"] = found.id
    if trigger["type"] == WEBHOOK and isinstance(trigger.get("config"), dict):
        endpoint = find_endpoint(trigger["config"].get("endpoint"), endpoints)
        if endpoint is not None:
            trigger["config"]["endpoint"] = endpoint.id
    return parse(raw)


def with_connection(definition: Definition, old_id: str, new_id: str) -> Definition:
    """The definition with one connection in place of another, in its trigger and in every step."""
    raw = definition.dump()
    for part in (raw["trigger"], *action_steps(raw)):
        if part.get("connection") == old_id:
            part["connection"] = new_id
    return parse(raw)


def connections_in(definition: Definition) -> set[str]:
    """The connections that the definition names."""
    named = {step.connection for _, step in definition.walk() if isinstance(step, ActionStep)}
    return {reference for reference in (*named, definition.trigger.connection) if reference}


def action_steps(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The action steps of a definition, a step or a branch as JSON, nested ones too."""
    for step in part.get("steps", ()):
        if step.get("type") == "action":
            yield step
        yield from action_steps(step)
        for branch in step.get("branches", ()):
            yield from action_steps(branch)
