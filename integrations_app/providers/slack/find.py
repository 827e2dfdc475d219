"""Looks whether a message arrived although its answer was lost: by the operation id in its metadata.

Reading needs the history scope of the conversation's kind. It is not among the default scopes, as it lets the
app read along; without it `find` raises MissingScope, and the run is held until a person decides.
"""

import re
from datetime import timedelta
from typing import Any

from integrations_app.errors import Rejected
from integrations_app.providers.slack.choices import PAGE, TYPES, next_cursor
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.messages import Posted, read_timestamp
from integrations_app.providers.slack.permalinks import linked
from integrations_app.sdk.context import ActionContext, utc_now

EVENT_TYPE = "integrations_operation"
MOST_PAGES = 5
MOST_CHANNEL_PAGES = 20
CLOCK_SKEW = timedelta(minutes=2)
DEFAULT_LOOKBACK = timedelta(hours=1)
_CONVERSATION = re.compile(r"[CGD][A-Z0-9]{6,}")
_PERSON = re.compile(r"[UW][A-Z0-9]{4,}")
_MARK = "integrations_operation"


def operation_mark(operation_id: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """The message metadata that carries the operation id: its own, or a member more in the payload of others."""
    if metadata is None:
        return {"event_type": EVENT_TYPE, "event_payload": {"operation": operation_id}}
    return metadata | {"event_payload": metadata["event_payload"] | {_MARK: operation_id}}


async def find_message(params: Any, ctx: ActionContext[SlackClient]) -> Posted | None:
    """Look for the message of this operation in its channel."""
    return await _find(ctx, await conversation_id(ctx.client, params.channel), "")


async def find_dm(params: Any, ctx: ActionContext[SlackClient]) -> Posted | None:
    """Look for the message of this operation in the direct conversation."""
    return await _find(ctx, await direct_conversation(ctx.client, params.user), "")


async def find_reply(params: Any, ctx: ActionContext[SlackClient]) -> Posted | None:
    """Look for the message of this operation in its thread."""
    thread = read_timestamp("thread_ts", params.thread_ts)
    return await _find(ctx, await conversation_id(ctx.client, params.channel), thread)


async def _find(ctx: ActionContext[SlackClient], channel: str, thread: str) -> Posted | None:
    found = await find_in(ctx, channel, thread)
    return await linked(ctx.client, found) if found else None


async def find_in(ctx: ActionContext[SlackClient], channel: str, thread: str = "") -> Posted | None:
    """Read from the first attempt on, newest first, at most five pages."""
    web = ctx.client.web
    since = (ctx.started or (ctx.now or utc_now()) - DEFAULT_LOOKBACK) - CLOCK_SKEW
    window: dict[str, Any] = {"oldest": f"{since.timestamp():.6f}", "limit": PAGE, "include_all_metadata": True}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        if thread:
            answer = await ctx.client.read(
                web.conversations_replies(channel=channel, ts=thread, cursor=cursor, **window)
            )
        else:
            answer = await ctx.client.read(web.conversations_history(channel=channel, cursor=cursor, **window))
        for item in answer["messages"]:
            if _operation(item) == ctx.operation_id:
                return Posted(channel=channel, ts=str(item["ts"]), thread_ts=thread or None, message=item)
        cursor = next_cursor(answer)
        if not cursor:
            return None
    raise Rejected("too_much_to_search", "Too much was written since to see whether the message arrived.")


def _operation(item: dict[str, Any]) -> str:
    metadata = item.get("metadata") or {}
    found = metadata.get("event_payload") or {}
    return str(found.get("operation" if metadata.get("event_type") == EVENT_TYPE else _MARK, ""))


async def direct_conversation(client: SlackClient, person: str) -> str:
    """The id of the conversation with a person, given by id or by e-mail address; it is opened when there is none.

    Raises Rejected `user_not_found`, `users_not_found`, `user_disabled`. An address needs `users:read.email`.
    """
    user = person.strip()
    if "@" in user[1:]:
        answer = await client.read(client.web.users_lookupByEmail(email=user))
        user = str(answer["user"]["id"])
    opened = await client.read(client.web.conversations_open(users=user))
    return str(opened["channel"]["id"])


async def conversation_id(client: SlackClient, target: str) -> str:
    """The id of a conversation given by its id, by a person or by a channel's name; reads only when it must.

    Raises Rejected `channel_not_found` for a name that no channel has.
    """
    wanted = target.strip()
    if _CONVERSATION.fullmatch(wanted):
        return wanted
    if _PERSON.fullmatch(wanted) or "@" in wanted[1:]:
        return await direct_conversation(client, wanted)
    found = await find_channel(client, wanted.removeprefix("#"))
    if found is None:
        raise Rejected("channel_not_found", "The channel was not found by its name.")
    return str(found["id"])


async def find_channel(client: SlackClient, name: str) -> dict[str, Any] | None:
    """The channel of this name as Slack lists it, among those that the app may see."""
    cursor: str | None = None
    for _ in range(MOST_CHANNEL_PAGES):
        answer = await client.read(client.web.conversations_list(types=TYPES, limit=PAGE, cursor=cursor))
        for item in answer["channels"]:
            if item.get("name") == name:
                found: dict[str, Any] = item
                return found
        cursor = next_cursor(answer)
        if not cursor:
            break
    return None
