"""Pickers: teams, and what is inside one."""

from collections.abc import Callable, Mapping
from typing import Any

from integrations_app.errors import ResponseRefused
from integrations_app.providers.linear import queries
from integrations_app.providers.linear.client import LinearClient
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery
from integrations_app.sdk.pages import PageMemory, search_pages

Page = tuple[list[Choice], str]

_pages: PageMemory[Page] = PageMemory()


async def list_teams(query: ChoiceQuery, ctx: ActionContext[LinearClient]) -> ChoicePage:
    """Teams that the account sees."""
    return await _list(query, ctx, "teams", queries.LIST_TEAMS, lambda one: Choice(one["id"], one["name"], one["key"]))


async def list_states(query: ChoiceQuery, ctx: ActionContext[LinearClient]) -> ChoicePage:
    """States of the chosen team's workflow; of every team without one."""
    team = str(query.values.get("team") or "")
    wanted = {"team": {"id": {"eq": team}}} if team else {}

    def choice(one: Mapping[str, Any]) -> Choice:
        return Choice(one["id"], one["name"], one["type"])

    return await _list(query, ctx, "workflowStates", queries.LIST_STATES, choice, filter=wanted)


async def list_labels(query: ChoiceQuery, ctx: ActionContext[LinearClient]) -> ChoicePage:
    """Labels of the workspace and of the chosen team."""
    team = str(query.values.get("team") or "")

    def choice(one: Mapping[str, Any]) -> Choice | None:
        of = (one.get("team") or {}).get("id", "")
        return Choice(one["id"], one["name"]) if not of or not team or of == team else None

    return await _list(query, ctx, "issueLabels", queries.LIST_LABELS, choice, of=team)


async def list_people(query: ChoiceQuery, ctx: ActionContext[LinearClient]) -> ChoicePage:
    """Active people of the workspace."""

    def choice(one: Mapping[str, Any]) -> Choice | None:
        return Choice(one["id"], one["name"], one.get("email") or "") if one.get("active", True) else None

    return await _list(query, ctx, "users", queries.LIST_USERS, choice)


async def _list(
    query: ChoiceQuery,
    ctx: ActionContext[LinearClient],
    what: str,
    document: str,
    choice: Callable[[Mapping[str, Any]], Choice | None],
    *,
    of: str = "",
    **given: Any,
) -> ChoicePage:
    """`of` is what `choice` goes by: what it leaves out for one is there for another."""

    async def fetch(cursor: str) -> Page:
        found: Any = (await ctx.client.read(document, after=cursor or None, **given)).get(what)
        try:
            rows = [made for one in found["nodes"] if (made := choice(one)) is not None]
            info = found["pageInfo"]
        except (KeyError, TypeError, AttributeError):
            raise ResponseRefused("protocol_error", "Linear's answer cannot be read.") from None
        return rows, str(info.get("endCursor") or "") if info.get("hasNextPage") else ""

    async def load(cursor: str) -> Page:
        return await _pages.get((ctx.client.key, what, of, str(given), cursor), lambda: fetch(cursor))

    return await search_pages(query, load)
