"""What a text of the editor comes to with sample values: shown under its field, and sent nowhere."""

from collections.abc import Mapping
from typing import Any

import orjson

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.forms import Field
from integrations_app.workflows.mapping import render
from integrations_app.workflows.trial import read_values

SHOWN_CHARS = 600


async def render_inputs(
    hub: Hub, actor: Actor, workflow_id: str, step_key: str, inputs: Mapping[str, tuple[Any, Field | None]]
) -> dict[str, str]:
    """Each input that reads variables as the step would get it, by name, in words where it would get none.

    Samples are those that a test of the step uses. Raises Forbidden, NotFound.
    """
    actor.require(Permission.VIEW)
    mapped = {name: one for name, one in inputs.items() if _reads(one[0])}
    if not mapped:
        return {}
    values = await read_values(hub, actor, workflow_id, step_key)
    return {name: rendered(raw, field, values) for name, (raw, field) in mapped.items()}


def rendered(raw: Any, field: Field | None, values: Mapping[str, Any]) -> str:
    """One input with these values as text, shortened; why it has none, in words."""
    try:
        value = render(raw, field, values)
    except MappingError as error:
        return "; ".join(_told(path, why) for path, why in error.fields.items())
    except InvalidInput as error:
        return next(iter(error.fields.values()), error.message)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"


def _told(path: str, why: str) -> str:
    return f"No sample for {path} yet." if why == "is not there" else f"{path} {why}."


def _reads(raw: Any) -> bool:
    return "{{" in (raw if isinstance(raw, str) else orjson.dumps(raw).decode())
