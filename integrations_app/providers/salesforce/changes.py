"""What has changed in an object's records: asked for page by page in the order of time and id, with an overlap.

The framework drops what it knows already by its delivery id.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations_app.errors import ResponseRefused
from integrations_app.providers.salesforce import finding
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.providers.salesforce.names import api_name, fields, known_object
from integrations_app.providers.salesforce.passes import Key, Progress, overlapped
from integrations_app.providers.salesforce.soql import bind
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.triggers import Found, Item

PAGE = 200
SMALLER = (20, 1)
"""Records in a page when those of a whole one are too long for one answer."""
MOST_KNOWN = 2000
"""Records of the overlap before the beginning that are remembered; one call brings them (the vendor's page)."""
UNREADABLE = frozenset({"address", "location", "base64", "complexvalue"})
"""Types that a query may not name beside others, or only one record at a time ("SOQL SELECT", compound fields)."""


class Change(StrEnum):
    """What happened to a record."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"

    @property
    def stamp(self) -> str:
        """The field that tells when."""
        return "CreatedDate" if self is Change.CREATED else "SystemModstamp"

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that are always read. History objects have no SystemModstamp."""
        return ("Id", "CreatedDate", "SystemModstamp") if self is Change.UPDATED else ("Id", self.stamp)


async def begin(change: Change, config: Mapping[str, Any], ctx: ActionContext[SalesforceClient]) -> dict[str, Any]:
    """The cursor behind everything that is there now; what lies in the overlap before it is remembered as known."""
    name = await known_object(ctx.client, "object", str(config.get("object", "")))
    read = f"SELECT {', '.join(change.told)} FROM {name}"  # noqa: S608 - names that the vendor gave
    await _ask(ctx.client, change, f"{read}{_which(change)}", "DESC", 1, {})  # its answer tells the vendor's time
    since = overlapped(_now(ctx))
    near = f"{read} WHERE {change.stamp} >= :datetime(since){_and(change)}"
    there = await _ask(ctx.client, change, near, "DESC", MOST_KNOWN, {"since": since})
    known = [(_key(change, one), delivery_id(change, one)) for one in there]
    return Progress.begun(since, known, whole=len(there) < MOST_KNOWN).written()


async def fetch(
    change: Change, config: Mapping[str, Any], cursor: Mapping[str, Any], ctx: ActionContext[SalesforceClient]
) -> Found:
    """One page from the cursor on; a pass that is over begins the next one at the overlap."""
    name = await known_object(ctx.client, "object", str(config.get("object", "")))
    columns = await _columns(ctx.client, change, name, fields_to_read(config))
    progress = Progress.read(cursor)
    select = f"SELECT {', '.join(columns)} FROM {name}"  # noqa: S608 - names that the vendor gave or that can be one
    found, more = await _page(ctx.client, change, select, progress.at)
    items = [_item(change, name, one) for one in found if _counts(change, config, one)]
    following = progress.behind([_key(change, one) for one in found], _now(ctx), more=more)
    return Found(tuple(one for one in items if one.delivery_id not in progress.known), following.written(), more)


def fields_to_read(config: Mapping[str, Any]) -> list[str]:
    """Those that were chosen, and the one that is looked at; none when all are read."""
    chosen = [str(one) for one in config.get("fields") or []]
    looked_at = str(config.get("where_field") or "").strip()
    return [*chosen, looked_at] if chosen and looked_at else chosen


def delivery_id(change: Change, record: Mapping[str, Any]) -> str:
    """Names the change: the record once when it is created or deleted, once per time stamp when it is updated."""
    identifier = str(record["Id"])
    return f"{identifier}/{record[change.stamp]}" if change is Change.UPDATED else identifier


def _now(ctx: ActionContext[SalesforceClient]) -> datetime:
    """The vendor's time, told by its answer; our own when it is earlier, which costs no more than a wider overlap."""
    return min(one for one in (ctx.now, ctx.client.told_at) if one is not None)


def _key(change: Change, record: Mapping[str, Any]) -> Key:
    return str(record[change.stamp]), str(record["Id"])


def _counts(change: Change, config: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """A record that was only created has not been updated, unless new ones are wanted too."""
    if change is not Change.UPDATED or config.get("include_new"):
        return True
    return bool(record["CreatedDate"] != record["SystemModstamp"])


def _item(change: Change, name: str, record: Mapping[str, Any]) -> Item:
    payload = {"object": name, "change": change.value, "id": str(record["Id"]), "record": dict(record)}
    return Item(delivery_id(change, record), payload)


async def _columns(client: SalesforceClient, change: Change, name: str, wanted: list[str]) -> list[str]:
    """The fields to read: those asked for, else all that one query may name."""
    chosen = [api_name("fields", one) for one in wanted]
    if not chosen:
        chosen = [str(one["name"]) for one in await fields(client, name) if one["type"] not in UNREADABLE]
    return list({one.lower(): one for one in (*chosen, *change.told)}.values())


async def _page(client: SalesforceClient, change: Change, select: str, at: Key) -> tuple[list[Any], bool]:
    """The records behind a key, and whether there are more; fewer at a time when they are too long for an answer."""
    stamp, (moment, identifier) = change.stamp, at
    values = {"moment": moment} | ({"identifier": identifier} if identifier else {})
    same = f" OR ({stamp} = :datetime(moment) AND Id > :identifier)" if identifier else ""
    where = f"({stamp} > :datetime(moment){same})" if identifier else f"{stamp} >= :datetime(moment)"
    asked = f"{select} WHERE {where}{_and(change)}"
    *sizes, least = (PAGE, *SMALLER)
    for most in sizes:
        try:
            found = await _ask(client, change, asked, "ASC", most, values)
        except ResponseRefused as error:
            if error.code != "response_too_large":
                raise
        else:
            return found, len(found) >= most
    found = await _ask(client, change, asked, "ASC", least, values)
    return found, len(found) >= least


def _which(change: Change) -> str:
    return " WHERE IsDeleted = TRUE" if change is Change.DELETED else ""


def _and(change: Change) -> str:
    return " AND IsDeleted = TRUE" if change is Change.DELETED else ""


async def _ask(
    client: SalesforceClient, change: Change, soql: str, order: str, most: int, parameters: Mapping[str, str]
) -> list[Any]:
    """The records in the order of time and id."""

    async def no_names(_kind: str, _parameter: str, _source: str, text: str) -> str:
        return text

    whole = f"{soql} ORDER BY {change.stamp} {order}, Id {order} LIMIT {most}"
    bound = await bind(whole, parameters, no_names)
    found = await finding.query(client, bound, most, deleted_too=change is Change.DELETED)
    return found.records
