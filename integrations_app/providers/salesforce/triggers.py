"""What can start a workflow at Salesforce, which is asked for it: records created, updated or deleted."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from integrations_app.providers.salesforce.changes import Change, begin, fetch, fields_to_read
from integrations_app.providers.salesforce.choices import list_fields, list_objects
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.triggers import Inbound, Poll, Trigger

EVERY = 60.0
"""Seconds: a look costs one of the organisation's daily calls, 1,440 a day for each object."""
_EXAMPLES = Path(__file__).parent / "examples"


class OnRecord(Params):
    """Which records count."""

    object: Annotated[str, Choices(list_objects)] = Field(title="Object", min_length=1, description="Its API name.")
    fields: Annotated[list[str], Choices(list_fields, ("object",))] = Field(
        default=[], title="Fields", description="To be read; when empty, every field the account may see."
    )
    where_field: Annotated[str, Choices(list_fields, ("object",))] = Field(
        default="", title="Only where field", description="When empty, every record counts."
    )
    where_value: str = Field(
        default="",
        title="Has the value",
        description="As the record is when it is read; empty for a field without one, true or false for a checkbox.",
    )


class OnUpdatedRecord(OnRecord):
    """Which updates count."""

    include_new: bool = Field(default=False, title="New records too", description="Start for a record's creation, too.")


def matches(inbound: Inbound, config: Any) -> bool:
    """Whether the change is of the object, and the record as it is wanted."""
    if str(inbound.payload.get("object", "")).lower() != str(config.object).strip().lower():
        return False
    record, name = inbound.payload.get("record"), config.where_field.strip().lower()
    if not name:
        return True
    found = {key.lower(): value for key, value in record.items()} if isinstance(record, Mapping) else {}
    return name in found and _has(found[name], config.where_value.strip())


def _has(value: Any, wanted: str) -> bool:
    """Whether a field's value is what was typed, as Salesforce compares: case does not matter."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(wanted) == value
        except ValueError:
            return False
    return ("" if value is None else str(value)).casefold() == wanted.casefold()


def target(change: Change, config: Any) -> str:
    """Name what is asked: the change, the object and, when they were chosen, the fields."""
    chosen = ", ".join(sorted({one.strip().lower() for one in fields_to_read(config)}))
    name = str(config.get("object", "")).strip().lower()
    new = " or new" if config.get("include_new") else ""
    return f"{change.value}{new} {name}" + (f" ({chosen})" if chosen else "")


def _trigger(change: Change, title: str, description: str, config: type[OnRecord]) -> Trigger:
    key = f"record_{change.value}"
    example = json.loads((_EXAMPLES / f"{key}.json").read_text(encoding="utf-8"))
    return Trigger(
        key=key,
        title=title,
        description=description,
        config=config,
        kinds=(key,),
        matches=matches,
        example=example,
        example_config={"object": example["object"]},
        scopes=("api",),
        poll=Poll(partial(begin, change), partial(fetch, change), partial(target, change), EVERY),
    )


TRIGGERS = (
    _trigger(Change.CREATED, "Record created", "A record of an object is created.", OnRecord),
    _trigger(Change.UPDATED, "Record updated", "A record of an object is changed.", OnUpdatedRecord),
    _trigger(Change.DELETED, "Record deleted", "A record of an object goes to the recycle bin.", OnRecord),
)
