"""Steps on their way from one workflow to another: as text on a clipboard, and as steps that fit where they land."""

import copy
import re
from collections.abc import Iterable

from sqlmodel import Session

from integrations_app.errors import InvalidInput
from integrations_app.kit.plain_yaml import read_plain
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows.definition import FORMAT, MANUAL
from integrations_app.workflows.drafts import known_connections
from integrations_app.workflows.editing import tree
from integrations_app.workflows.editing.tree import Document, Step, free_key, lists_in
from integrations_app.workflows.exchange import secret_shapes, with_names, written
from integrations_app.workflows.importing import fill, read
from integrations_app.workflows.repository import Workflows, known_endpoints

LARGEST = 512 * 1024
_NOT_THERE = "holds no steps; copy some in a workflow first"


async def copy_steps(hub: Hub, actor: Actor, workflow_id: str, keys: Iterable[str]) -> str:
    """The steps with what stands inside them as YAML: connections by name, secrets masked.

    Raises NotFound, Forbidden, Conflict `step_gone`.
    """
    actor.require(Permission.VIEW)
    chain = actor.organization_id

    def look(session: Session) -> Document:
        draft = dict(Workflows(session, chain).get(workflow_id).draft)
        steps = [tree.get(draft, key).step for key in keys]
        whole = _around(steps)
        return with_names(whole, known_connections(session, chain), known_endpoints(session, chain))

    named = await hub.database.read(look)
    return written(secret_shapes(hub.registry).without({"format": FORMAT, "steps": named["steps"]}), as_json=False)


async def pasted_steps(hub: Hub, actor: Actor, text: str) -> list[Step]:
    """The steps in a text of `copy_steps`, or in a whole exported workflow, with connections of this organisation.

    Ids of other organisations are dropped. Raises InvalidInput with dotted fields, Forbidden.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    if len(text) > LARGEST:
        raise InvalidInput({"": f"is larger than {LARGEST // 1024} KiB"})
    steps = read_plain(text.encode("utf-8", "replace")).get("steps") if text.strip() else None
    if not isinstance(steps, list) or not steps:
        raise InvalidInput({"": _NOT_THERE})
    definition = await read(hub, _around(steps))

    def look(session: Session) -> Document:
        known = known_connections(session, actor.organization_id)
        return fill(definition, {}, known, known_endpoints(session, actor.organization_id)).dump()

    found: list[Step] = (await hub.database.read(look))["steps"]
    return found


def renewed(document: Document, steps: list[Step]) -> list[Step]:
    """The steps with keys that the document does not have; what reads one of them reads it by its new key."""
    made = copy.deepcopy(steps)
    fresh: dict[str, str] = {}
    for key in tree.keys_in(made):
        fresh[key] = free_key(document, re.sub(r"_\d+$", "", key), fresh.values())
    aside = {key: f"renewed__{number}" for number, key in enumerate(fresh)}
    for renaming in (aside, {aside[key]: new for key, new in fresh.items()}):  # a new key may be another's old one
        for old, new in renaming.items():
            made = [tree.with_reference(step, old, new) for step in made]
    _rekey(made, fresh)
    return made


def _rekey(steps: list[Step], fresh: dict[str, str]) -> None:
    for step in steps:
        step["key"] = fresh[step["key"]]
        for _, inside in lists_in(step):
            _rekey(inside, fresh)


def _around(steps: list[Step]) -> Document:
    """A definition that holds them."""
    return {"format": FORMAT, "name": "Steps", "trigger": {"type": MANUAL}, "steps": steps}
