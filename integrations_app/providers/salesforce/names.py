"""Names and ids in parameters, judged before anything is sent; and what the organisation knows by them."""

import re
from collections.abc import Mapping
from typing import Any

from integrations_app.errors import InvalidInput
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.sdk.pages import PageMemory

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
MOST_STEPS = 5
"""Relationships that one field path may go through (SOQL reference, relationship query limitations)."""

_described: PageMemory[Any] = PageMemory()


def api_name(field: str, text: str) -> str:
    """The API name of an object or a field; raises InvalidInput for anything that cannot be one."""
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInput({field: "is not an API name, such as Account or Region__c"})
    return name


def record_id(field: str, text: str) -> str:
    """A record id of 15 or 18 characters; raises InvalidInput."""
    identifier = text.strip()
    if not _ID.fullmatch(identifier):
        raise InvalidInput({field: "is not a record id of 15 or 18 letters and digits"})
    return identifier


async def objects(client: SalesforceClient) -> list[Mapping[str, Any]]:
    """Every object the account may see, kept for a minute."""
    answer = await _described.get((*client.key, "objects"), lambda: client.read("/sobjects"))
    found: list[Mapping[str, Any]] = answer["sobjects"]
    return found


async def fields(client: SalesforceClient, name: str) -> list[Mapping[str, Any]]:
    """Every field of an object, kept for a minute."""
    path = f"/sobjects/{api_name('object', name)}/describe"
    answer = await _described.get((*client.key, "fields", name.lower()), lambda: client.read(path))
    found: list[Mapping[str, Any]] = answer["fields"]
    return found


async def known_object(client: SalesforceClient, parameter: str, text: str) -> str:
    """The object's own spelling of its name; raises InvalidInput `unknown_name` for one that is not there."""
    wanted = api_name(parameter, text).lower()
    for one in await objects(client):
        if str(one["name"]).lower() == wanted:
            return str(one["name"])
    raise _unknown(parameter, f"{text.strip()} is no object of this organisation")


async def known_field(client: SalesforceClient, parameter: str, source: str, path: str) -> str:
    """A field path from an object on, in its own spelling; raises InvalidInput `unknown_name`."""
    steps = path.strip().split(".")
    if len(steps) > MOST_STEPS + 1:
        raise _unknown(parameter, "goes through too many relationships")
    found: list[str] = []
    for number, step in enumerate(steps, 1):
        wanted, last = api_name(parameter, step).lower(), number == len(steps)
        key = "name" if last else "relationshipName"
        here = [one for one in await fields(client, source) if str(one.get(key) or "").lower() == wanted]
        if not here:
            raise _unknown(parameter, f"{path.strip()} is no field of {source}")
        found.append(str(here[0][key]))
        source = source if last else str((here[0].get("referenceTo") or [source])[0])
    return ".".join(found)


def _unknown(parameter: str, why: str) -> InvalidInput:
    return InvalidInput({parameter: why}, "", "unknown_name")
