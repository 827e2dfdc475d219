"""Pickers: channels and people of the workspace."""

from typing import Any

from integrations_app.providers.slack.client import SlackClient
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery
from integrations_app.sdk.pages import PageMemory, search_pages

PAGE = 200
SLACKBOT = "USLACKBOT"
TYPES = "public_channel,private_channel"

_pages: PageMemory[tuple[list[Choice], str]] = PageMemory()


async def list_channels(query: ChoiceQuery, ctx: ActionContext[SlackClient]) -> ChoicePage:
    """Public channels, and the private ones the app is in. Pages are kept for a minute: Slack allows 20 calls."""
    client = ctx.client

    async def load(cursor: str) -> tuple[list[Choice], str]:
        return await _pages.get((*client.key, "channels", cursor), lambda: _channels(client, cursor))

    return await search_pages(query, load)


async def list_users(query: ChoiceQuery, ctx: ActionContext[SlackClient]) -> ChoicePage:
    """People who can get a message: no bots, nobody deactivated."""
    client = ctx.client

    async def load(cursor: str) -> tuple[list[Choice], str]:
        return await _pages.get((*client.key, "users", cursor), lambda: _users(client, cursor))

    return await search_pages(query, load)


async def _channels(client: SlackClient, cursor: str) -> tuple[list[Choice], str]:
    answer = await client.read(
        client.web.conversations_list(types=TYPES, exclude_archived=True, limit=PAGE, cursor=cursor or None)
    )
    return [_channel(item) for item in answer["channels"]], next_cursor(answer)


def _channel(item: dict[str, Any]) -> Choice:
    mark = "🔒 " if item.get("is_private") else "#"
    hint = "" if item.get("is_member") or item.get("is_private") else "Invite the app to the channel first"
    return Choice(str(item["id"]), f"{mark}{item.get('name', item['id'])}", hint)


async def _users(client: SlackClient, cursor: str) -> tuple[list[Choice], str]:
    answer = await client.read(client.web.users_list(limit=PAGE, cursor=cursor or None))
    people = [_person(item) for item in answer["members"] if _takes_messages(item)]
    return people, next_cursor(answer)


def _takes_messages(item: dict[str, Any]) -> bool:
    return not (item.get("deleted") or item.get("is_bot") or item.get("id") == SLACKBOT)


def _person(item: dict[str, Any]) -> Choice:
    name = item.get("real_name") or (item.get("profile") or {}).get("real_name") or item.get("name", "")
    return Choice(str(item["id"]), str(name), f"@{item.get('name', '')}")


def next_cursor(answer: Any) -> str:
    """Where the next page begins; empty at the end. Pages may be short or empty before that."""
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")
