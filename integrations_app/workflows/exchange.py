"""Definitions in the form in which they travel: connections and endpoints by name, and no secret in them."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from sqlmodel import Session

from integrations_app.kit.plain_yaml import to_yaml
from integrations_app.kit.secret_shapes import SecretShapes
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import FORMAT, WEBHOOK
from integrations_app.workflows.drafts import known_connections
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint
from integrations_app.workflows.references import action_steps
from integrations_app.workflows.repository import Workflows, known_endpoints

_UNNAMEABLE = re.compile(r"[^a-z0-9]+")
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Exported:
    """A file: its name without an ending, and what stands in it."""

    name: str
    text: str


async def export(hub: Hub, actor: Actor, workflow_id: str, *, as_json: bool = False) -> Exported:
    """The draft as YAML (or JSON), connections and endpoints by name where a name is unique, secrets masked.

    Raises NotFound, Forbidden.
    """
    actor.require(Permission.VIEW)
    chain = actor.organization_id

    def read(session: Session) -> dict[str, Any]:
        row = Workflows(session, chain).get(workflow_id)
        return with_names(row.draft, known_connections(session, chain), known_endpoints(session, chain))

    draft, shapes = await hub.database.read(read), secret_shapes(hub.registry)

    def write() -> Exported:
        definition = shapes.without(draft)
        return Exported(_file_name(str(definition["name"])), written(definition, as_json=as_json))

    return await asyncio.to_thread(write)


def written(definition: Mapping[str, Any], *, as_json: bool) -> str:
    """The definition as the text of a file."""
    return f"{json.dumps(definition, indent=2, ensure_ascii=False)}\n" if as_json else to_yaml(definition)


def with_names(
    definition: Mapping[str, Any], connections: Iterable[KnownConnection], endpoints: Iterable[KnownEndpoint]
) -> dict[str, Any]:
    """The definition with ids of connections and endpoints replaced by names that are unique."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(definition))
    names = _unique({one.id: one.name for one in connections})
    trigger = copy["trigger"]
    for part in (trigger, *action_steps(copy)):
        if part.get("connection") in names:
            part["connection"] = names[part["connection"]]
    if trigger["type"] == WEBHOOK and "endpoint" in trigger.get("config", {}):
        endpoint = trigger["config"]["endpoint"]
        trigger["config"]["endpoint"] = _unique({one.id: one.name for one in endpoints}).get(endpoint, endpoint)
    return {"format": FORMAT, "name": copy["name"], "trigger": trigger} | copy  # the order in which people read


def secret_shapes(registry: Registry) -> SecretShapes:
    """What secrets look like that may stand in a definition by mistake."""
    return _shapes(tuple(pattern for provider in registry for pattern in provider.secret_patterns))


@lru_cache(maxsize=8)
def _shapes(patterns: tuple[str, ...]) -> SecretShapes:
    return SecretShapes(patterns)


def _unique(names: Mapping[str, str]) -> dict[str, str]:
    counted = list(names.values())
    return {key: name for key, name in names.items() if name and counted.count(name) == 1}


def _file_name(name: str) -> str:
    return _UNNAMEABLE.sub("-", name.lower()).strip("-")[:NAME_LENGTH] or "workflow"
