"""Pickers: objects of the organisation, and the fields of the chosen one."""

from collections.abc import Callable, Mapping
from typing import Any

from integrations_app.providers.salesforce import names
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery
from integrations_app.sdk.pages import search_pages

Described = Mapping[str, Any]


async def list_objects(query: ChoiceQuery, ctx: ActionContext[SalesforceClient]) -> ChoicePage:
    """Objects whose records can be read."""
    return await _objects(query, ctx, lambda one: bool(one.get("queryable")))


async def list_writable_objects(query: ChoiceQuery, ctx: ActionContext[SalesforceClient]) -> ChoicePage:
    """Objects whose records can be written."""
    return await _objects(query, ctx, lambda one: bool(one.get("createable") or one.get("updateable")))


async def list_fields(query: ChoiceQuery, ctx: ActionContext[SalesforceClient]) -> ChoicePage:
    """Fields of the chosen object."""
    return await _fields(query, ctx, lambda _one: True)


async def list_external_ids(query: ChoiceQuery, ctx: ActionContext[SalesforceClient]) -> ChoicePage:
    """Fields of the chosen object that records can be matched by."""
    return await _fields(
        query, ctx, lambda one: bool(one.get("externalId") or one.get("idLookup")) and one["type"] != "id"
    )


async def _objects(
    query: ChoiceQuery, ctx: ActionContext[SalesforceClient], fits: Callable[[Described], bool]
) -> ChoicePage:
    async def load(_cursor: str) -> tuple[list[Choice], str]:
        found = [one for one in await names.objects(ctx.client) if fits(one) and not one.get("deprecatedAndHidden")]
        return sorted((_choice(one) for one in found), key=lambda choice: choice.label.casefold()), ""

    return await search_pages(query, load)


async def _fields(
    query: ChoiceQuery, ctx: ActionContext[SalesforceClient], fits: Callable[[Described], bool]
) -> ChoicePage:
    chosen = str(query.values.get("object") or "")

    async def load(_cursor: str) -> tuple[list[Choice], str]:
        return [_choice(one) for one in await names.fields(ctx.client, chosen) if fits(one)], ""

    return await search_pages(query, load)


def _choice(one: Described) -> Choice:
    name = str(one["name"])
    return Choice(name, str(one.get("label") or name), f"{name}, {one['type']}" if "type" in one else name)
