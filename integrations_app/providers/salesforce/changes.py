"""What has changed in an object's records: asked for page by page in the order of time and id, with an overlap.

Records are committed later than their time stamps say, and not in their order: each pass begins some minutes before the
newest that was seen. The framework drops what it knows already by its delivery id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from integrations_app.providers.salesforce import finding
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.providers.salesforce.names import api_name, fields, known_object
from integrations_app.providers.salesforce.soql import bind
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.triggers import Found, Item

PAGE = 200
OVERLAP = timedelta(minutes=5)
MOST_SKIPPED = 2000
"""Ids of records in the overlap before the beginning that are remembered as known."""
EARLIEST = "1970-01-01T00:00:00.000+0000"
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


async def begin(change: Change, config: Mapping[str, Any], ctx: ActionContext[SalesforceClient]) -> dict[str, Any]:
    """The cursor behind everything that is there now; what lies in the overlap before it is remembered as known."""
    name = await known_object(ctx.client, "object", str(config.get("object", "")))
    newest = await _ask(ctx.client, change, f"SELECT Id, {change.stamp} FROM {name}{_which(change)}", "DESC", 1)  # noqa: S608
    if not newest:
        return {"from": [EARLIEST, ""], "newest": EARLIEST, "skip": [], "until": EARLIEST}
    latest = str(newest[0][change.stamp])
    start = earlier(latest)
    text = f"SELECT Id, {change.stamp} FROM {name} WHERE {change.stamp} >= :datetime(start){_and(change)}"  # noqa: S608
    near = await _ask(ctx.client, change, text, "DESC", MOST_SKIPPED, start=start)
    return {
        "from": [start, ""],
        "newest": latest,
        "skip": [delivery_id(change, one) for one in near],
        "until": latest,
    }


async def fetch(
    change: Change, config: Mapping[str, Any], cursor: Mapping[str, Any], ctx: ActionContext[SalesforceClient]
) -> Found:
    """One page from the cursor on; a pass that is over begins the next one at the overlap."""
    name = await known_object(ctx.client, "object", str(config.get("object", "")))
    columns = await _columns(ctx.client, name, config.get("fields") or [])
    moment, identifier = (str(part) for part in cursor["from"])
    found = await _page(ctx.client, change, f"SELECT {', '.join(columns)} FROM {name}", moment, identifier)  # noqa: S608
    newest = max([str(cursor["newest"]), *(str(one[change.stamp]) for one in found)])
    known = set(cursor.get("skip") or ())
    items = [_item(change, name, one) for one in found if _counts(change, config, one)]
    more = len(found) >= PAGE
    after = [str(found[-1][change.stamp]), str(found[-1]["Id"])] if more else [earlier(newest), ""]
    met_again = after[0] <= str(cursor["until"])
    following = {
        "from": after,
        "newest": newest,
        "skip": sorted(known) if met_again else [],
        "until": str(cursor["until"]),
    }
    return Found(tuple(one for one in items if one.delivery_id not in known), following, more)


def earlier(moment: str) -> str:
    """The moment by the overlap earlier, written as Salesforce writes it."""
    at = datetime.fromisoformat(moment) - OVERLAP
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def delivery_id(change: Change, record: Mapping[str, Any]) -> str:
    """Names the change: the record once when it is created or deleted, once per time stamp when it is updated."""
    identifier = str(record["Id"])
    return f"{identifier}/{record[change.stamp]}" if change is Change.UPDATED else identifier


def _counts(change: Change, config: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """A record that was only created has not been updated, unless new ones are wanted too."""
    if change is not Change.UPDATED or config.get("include_new"):
        return True
    return bool(record["CreatedDate"] != record["SystemModstamp"])


def _item(change: Change, name: str, record: Mapping[str, Any]) -> Item:
    payload = {"object": name, "change": change.value, "id": str(record["Id"]), "record": dict(record)}
    return Item(delivery_id(change, record), payload)


async def _columns(client: SalesforceClient, name: str, wanted: list[str]) -> list[str]:
    """The fields to read: those asked for, else all that one query may name."""
    chosen = [api_name("fields", one) for one in wanted]
    if not chosen:
        chosen = [str(one["name"]) for one in await fields(client, name) if one["type"] not in UNREADABLE]
    return list(dict.fromkeys(["Id", "CreatedDate", "SystemModstamp", *chosen]))


async def _page(client: SalesforceClient, change: Change, select: str, moment: str, identifier: str) -> list[Any]:
    stamp, more = change.stamp, _and(change)
    if identifier:
        where = f"({stamp} > :datetime(moment) OR ({stamp} = :datetime(moment) AND Id > :identifier)){more}"
        return await _ask(client, change, f"{select} WHERE {where}", "ASC", PAGE, moment=moment, identifier=identifier)
    return await _ask(client, change, f"{select} WHERE {stamp} >= :datetime(moment){more}", "ASC", PAGE, moment=moment)


def _which(change: Change) -> str:
    return " WHERE IsDeleted = TRUE" if change is Change.DELETED else ""


def _and(change: Change) -> str:
    return " AND IsDeleted = TRUE" if change is Change.DELETED else ""


async def _ask(
    client: SalesforceClient, change: Change, soql: str, order: str, most: int, **parameters: str
) -> list[Any]:
    """The records in the order of time and id."""

    async def no_names(_kind: str, _parameter: str, _source: str, text: str) -> str:
        return text

    whole = f"{soql} ORDER BY {change.stamp} {order}, Id {order} LIMIT {most}"
    bound = await bind(whole, parameters, no_names)
    found = await finding.query(client, bound, most, deleted_too=change is Change.DELETED)
    return found.records
