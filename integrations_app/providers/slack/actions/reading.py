"""Reading: messages, threads, links and people."""

from typing import Any

from pydantic import Field

from integrations_app.errors import Rejected
from integrations_app.providers.slack.actions.fields import Channel, Person, Thread, Timestamp
from integrations_app.providers.slack.choices import SLACKBOT, next_cursor
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import conversation_id
from integrations_app.providers.slack.messages import read_timestamp
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext

LIMIT = 200
MOST_PAGES = 20
MOST_USERS = 1000
"""People of one answer; they stay well within what a step may give."""
KEPT = (
    *("type", "subtype", "user", "bot_id", "app_id", "username", "text", "ts", "thread_ts", "parent_user_id"),
    *("reply_count", "reply_users", "latest_reply", "reactions", "edited"),
)
"""What is kept of a message. Blocks, attachments and files may be large: `api_call` reads them whole."""
HISTORY = ("channels:history",)
"""Of public channels; Slack asks for groups:history, im:history or mpim:history in other conversations."""


class GetMessage(Params):
    """Which message to read."""

    channel: Channel
    ts: Timestamp


class GetThread(Params):
    """Which thread to read."""

    channel: Channel
    thread_ts: Thread
    limit: int = Field(default=50, title="At most", ge=1, le=LIMIT, description="The oldest first.")


class GetHistory(Params):
    """Which part of a conversation to read."""

    channel: Channel
    oldest: str = Field(default="", title="After", description="Only messages after this one: timestamp or link.")
    latest: str = Field(default="", title="Before", description="Only messages before this one: timestamp or link.")
    limit: int = Field(default=50, title="At most", ge=1, le=LIMIT, description="The newest first.")


class GetPermalink(Params):
    """Which message to link to."""

    channel: Channel
    ts: Timestamp


class GetUser(Params):
    """Whom to look up."""

    user: Person


class LookupUserByEmail(Params):
    """Whom to look for."""

    email: str = Field(title="E-mail", min_length=1)


class ListUsers(Params):
    """Whom to list."""

    include_bots: bool = Field(default=False, title="Apps too")
    include_deactivated: bool = Field(default=False, title="Deactivated people too")
    limit: int = Field(default=MOST_USERS, title="At most", ge=1, le=MOST_USERS)


class FoundMessage(Result):
    """A message as Slack shows it."""

    channel: str
    ts: str
    text: str


class Messages(Result):
    """Messages as Slack shows them; `has_more` when there are others beyond the limit."""

    channel: str
    messages: list[dict[str, Any]]
    has_more: bool


class Permalink(Result):
    """The address of a message."""

    channel: str
    permalink: str


class User(Result):
    """A person: id, name, real_name, tz, profile and what else Slack tells."""

    id: str
    name: str
    real_name: str
    email: str = ""
    """Only with the permission users:read.email."""
    deleted: bool = False
    is_bot: bool = False
    tz: str = ""


class Users(Result):
    """People; `has_more` when there are others beyond the limit."""

    users: list[User]
    has_more: bool


@action(scopes=HISTORY, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_message(params: GetMessage, ctx: ActionContext[SlackClient]) -> FoundMessage:
    """Get a message, in a thread or not."""
    ts, channel = read_timestamp("ts", params.ts), await conversation_id(ctx.client, params.channel)
    window: dict[str, Any] = {"channel": channel, "oldest": ts, "latest": ts, "inclusive": True, "limit": 1}
    answer = await ctx.client.read(ctx.client.web.conversations_history(**window))
    found = [item for item in answer["messages"] if item.get("ts") == ts]
    if not found:
        # A reply is not part of the history; asked for as a thread, Slack gives the reply itself.
        replies = await ctx.client.read(ctx.client.web.conversations_replies(**window, ts=ts))
        found = [item for item in replies["messages"] if item.get("ts") == ts]
    if not found:
        raise Rejected("message_not_found", "There is no such message in this channel.")
    return FoundMessage(channel=channel, **{"text": "", **_kept(found[0])})


@action(scopes=HISTORY, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_thread(params: GetThread, ctx: ActionContext[SlackClient]) -> Messages:
    """Get the messages of a thread."""
    ts, channel = read_timestamp("thread_ts", params.thread_ts), await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.read(ctx.client.web.conversations_replies(channel=channel, ts=ts, limit=params.limit))
    return _messages(channel, answer, params.limit)


@action(scopes=HISTORY, repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_history(params: GetHistory, ctx: ActionContext[SlackClient]) -> Messages:
    """Get the last messages of a conversation."""
    channel = await conversation_id(ctx.client, params.channel)
    oldest, latest = (
        read_timestamp(name, given) if given.strip() else None
        for name, given in (("oldest", params.oldest), ("latest", params.latest))
    )
    answer = await ctx.client.read(
        ctx.client.web.conversations_history(channel=channel, oldest=oldest, latest=latest, limit=params.limit)
    )
    return _messages(channel, answer, params.limit)


@action(repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_permalink(params: GetPermalink, ctx: ActionContext[SlackClient]) -> Permalink:
    """Get the link of a message."""
    ts, channel = read_timestamp("ts", params.ts), await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.read(ctx.client.web.chat_getPermalink(channel=channel, message_ts=ts))
    return Permalink(channel=channel, permalink=str(answer["permalink"]))


@action(scopes=("users:read",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_user(params: GetUser, ctx: ActionContext[SlackClient]) -> User:
    """Get a person."""
    answer = await ctx.client.read(ctx.client.web.users_info(user=params.user.strip()))
    return _user(answer["user"])


@action(scopes=("users:read", "users:read.email"), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def lookup_user_by_email(params: LookupUserByEmail, ctx: ActionContext[SlackClient]) -> User:
    """Find a person by e-mail."""
    answer = await ctx.client.read(ctx.client.web.users_lookupByEmail(email=params.email.strip()))
    return _user(answer["user"])


@action(scopes=("users:read",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_users(params: ListUsers, ctx: ActionContext[SlackClient]) -> Users:
    """List people."""
    found: list[User] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        answer = await ctx.client.read(ctx.client.web.users_list(limit=LIMIT, cursor=cursor))
        found += [_user(item) for item in answer["members"] if _is_wanted(item, params)]
        cursor = next_cursor(answer)
        if not cursor or len(found) > params.limit:
            break
    return Users(users=found[: params.limit], has_more=bool(cursor) or len(found) > params.limit)


def _is_wanted(item: dict[str, Any], params: ListUsers) -> bool:
    is_app = bool(item.get("is_bot")) or item.get("id") == SLACKBOT
    return (params.include_bots or not is_app) and (params.include_deactivated or not item.get("deleted"))


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in KEPT if name in item}


def _messages(channel: str, answer: Any, limit: int) -> Messages:
    shown = [_kept(item) for item in answer["messages"]][:limit]
    return Messages(channel=channel, messages=shown, has_more=bool(answer.get("has_more") or next_cursor(answer)))


def _user(item: dict[str, Any]) -> User:
    profile = item.get("profile") or {}
    return User(
        id=str(item["id"]),
        name=str(item.get("name", "")),
        real_name=str(item.get("real_name") or profile.get("real_name") or ""),
        email=str(profile.get("email") or ""),
        deleted=bool(item.get("deleted")),
        is_bot=bool(item.get("is_bot")),
        tz=str(item.get("tz") or ""),
        profile={name: profile[name] for name in ("display_name", "title", "phone") if profile.get(name)},
    )
