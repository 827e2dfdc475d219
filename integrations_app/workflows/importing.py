"""Definitions from outside: read with suspicion, shown with what they need here, and stored when they are accepted."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from integrations_app.connections.repository import Connections
from integrations_app.errors import InvalidInput, NotFound
from integrations_app.kit.columns import is_id
from integrations_app.kit.plain_yaml import read_plain
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import MAX_BYTES, WEBHOOK, Definition, parse
from integrations_app.workflows.drafts import create, find_problems, readable
from integrations_app.workflows.exchange import secret_shapes
from integrations_app.workflows.problems import (
    KnownConnection,
    KnownEndpoint,
    Problem,
    find_connection,
    find_endpoint,
)
from integrations_app.workflows.references import action_steps, with_ids
from integrations_app.workflows.repository import known, known_endpoints
from integrations_app.workflows.views import SavedDraft

USABLE = frozenset({"connected", "error", "needs_reauth", "paused"})
"""Where a connection may stand to be offered: it has, or had, credentials."""
SECRET = "looks like a secret; take it out, and keep it in a connection"  # noqa: S105 - words


@dataclass(frozen=True, slots=True)
class Need:
    """A connection that a definition asks for, and those of the organisation that can take its place."""

    key: str
    """What a choice is given under."""
    provider: str
    provider_name: str
    reference: str
    """The name that is written there; empty where none is, or where it is an id of elsewhere."""
    uses: int
    offered: tuple[KnownConnection, ...]
    chosen: str
    """The id of the one that is meant or that offers itself; empty when a person has to choose."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A definition as it would be stored, what it needs, and what would still have to be done."""

    definition: Mapping[str, Any]
    needs: tuple[Need, ...]
    problems: tuple[Problem, ...]


async def preview(
    hub: Hub, actor: Actor, given: bytes | Mapping[str, Any], choices: Mapping[str, str] | None = None
) -> Arrival:
    """What an import of the text (YAML or JSON), or of the definition, comes to; nothing is stored.

    `choices` are ids of connections by `Need.key`; where none is given the one is taken that offers itself. Raises
    InvalidInput with dotted fields for what is no definition, breaks a bound or holds a secret; Forbidden.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    arriving = await read(hub, given)

    def look(session: Session) -> Arrival:
        around = _surroundings(session, actor.organization_id)
        needs = tuple(_needs(arriving, hub.registry, around))
        taken = {need.key: need.chosen for need in needs} | dict(choices or {})
        filled = fill(arriving, taken, around.connections, around.endpoints)
        return Arrival(filled.dump(), needs, find_problems(hub, session, actor.organization_id, filled))

    return await hub.database.read(look)


async def import_definition(
    hub: Hub,
    actor: Actor,
    given: bytes | Mapping[str, Any],
    choices: Mapping[str, str] | None = None,
    origin: str = "import",
) -> SavedDraft:
    """Make a new draft of it, with the connections that were chosen; ids of other organisations are not kept.

    Raises as `preview`.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    arriving = await read(hub, given)

    def look(session: Session) -> Definition:
        around = _surroundings(session, actor.organization_id)
        return fill(arriving, choices or {}, around.connections, around.endpoints)

    return await create(hub, actor, (await hub.database.read(look)).dump(), origin=origin)


async def read(hub: Hub, given: bytes | Mapping[str, Any]) -> Definition:
    """The definition in a text, judged beside the event loop; raises InvalidInput with dotted fields."""
    if isinstance(given, bytes) and len(given) > MAX_BYTES:
        raise InvalidInput({"": f"is larger than {MAX_BYTES // 1024} KiB"})
    return await asyncio.to_thread(_read, hub, given)


def _read(hub: Hub, given: bytes | Mapping[str, Any]) -> Definition:
    definition = readable(hub, read_plain(given) if isinstance(given, bytes) else given)
    places = secret_shapes(hub.registry).places(definition.dump())
    if places:
        raise InvalidInput(dict.fromkeys(places, SECRET), "", "secret_embedded")
    return definition


def fill(
    definition: Definition,
    choices: Mapping[str, str],
    connections: Iterable[KnownConnection],
    endpoints: Iterable[KnownEndpoint],
) -> Definition:
    """The definition with ids of this organisation: chosen ones, and those that its names mean here.

    A name that means nothing here stays for people to read; an id of elsewhere goes.
    """
    raw, listed = definition.dump(), tuple(connections)
    for provider, part in parts_of(raw):
        reference = str(part.get("connection", ""))
        chosen = next((one for one in listed if one.id == choices.get(_key(provider, reference))), None)
        found = chosen if chosen and chosen.provider == provider else _meant(provider, reference, listed)
        foreign = is_id(reference) and find_connection(reference, listed) is None
        part["connection"] = found.id if found else "" if foreign else reference
    trigger = raw["trigger"]
    if trigger["type"] == WEBHOOK and isinstance(trigger.get("config"), dict):
        endpoint = trigger["config"].get("endpoint")
        if isinstance(endpoint, str) and is_id(endpoint) and find_endpoint(endpoint, endpoints) is None:
            del trigger["config"]["endpoint"]
    return with_ids(parse(raw), listed, endpoints)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    connections: tuple[KnownConnection, ...]
    defaults: frozenset[str]
    endpoints: tuple[KnownEndpoint, ...]


def _surroundings(session: Session, organization_id: str) -> _Surroundings:
    rows = Connections(session, organization_id).list_all()
    return _Surroundings(
        tuple(known(row) for row in rows),
        frozenset(row.id for row in rows if row.is_default),
        tuple(known_endpoints(session, organization_id)),
    )


def _needs(definition: Definition, registry: Registry, around: _Surroundings) -> Iterator[Need]:
    counted: dict[tuple[str, str], int] = {}
    for provider, part in parts_of(definition.dump()):
        at = (provider, str(part.get("connection", "")))
        counted[at] = counted.get(at, 0) + 1
    for (provider, reference), uses in counted.items():
        try:
            name = registry.get(provider).name
        except NotFound:
            continue  # the problems say so
        offered = tuple(one for one in around.connections if one.provider == provider and one.status in USABLE)
        meant = _meant(provider, reference, offered) or _sole(offered, around.defaults)
        shown = "" if is_id(reference) else reference
        yield Need(_key(provider, reference), provider, name, shown, uses, offered, meant.id if meant else "")


def parts_of(raw: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The trigger and every action step, each with the key of the provider that it belongs to."""
    kind, dot, _ = str(raw["trigger"]["type"]).partition(".")
    if dot:
        yield kind, raw["trigger"]
    for step in action_steps(raw):
        yield str(step.get("action", "")).partition(".")[0], step


def _meant(provider: str, reference: str, connections: Iterable[KnownConnection]) -> KnownConnection | None:
    """The connection of that provider with this id or unique name."""
    return find_connection(reference, [one for one in connections if one.provider == provider]) if reference else None


def _sole(offered: tuple[KnownConnection, ...], defaults: frozenset[str]) -> KnownConnection | None:
    """The default, else the only one."""
    default = next((one for one in offered if one.id in defaults), None)
    return default or (offered[0] if len(offered) == 1 else None)


def _key(provider: str, reference: str) -> str:
    return f"{provider}:{reference}"
