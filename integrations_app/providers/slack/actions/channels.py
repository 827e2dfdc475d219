"""Channels: made, renamed, archived, joined, filled with people and emptied, given a topic and a purpose."""

import re
from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.fields import Channel, Person, was_so_already
from integrations_app.providers.slack.choices import list_users
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.errors import ERRORS, too_long
from integrations_app.providers.slack.find import CLOCK_SKEW, DEFAULT_LOOKBACK, conversation_id, find_channel
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext, utc_now
from integrations_app.sdk.forms import Choices

MOST_INVITED = 30
TOPIC_LIMIT = 250
NOT_IN_CHANNEL = "not_in_channel"
_NAME_FIELD = Field(
    title="Name",
    min_length=1,
    description="Lower case, no spaces or punctuation but - and _; at most 80 characters.",
)
_NAME = re.compile(r"[^\s.,#@!?'\"/\\<>:;()\[\]{}A-Z]{1,80}")


class CreateChannel(Params):
    """How the new channel is called."""

    name: str = _NAME_FIELD
    is_private: bool = Field(default=False, title="Private", description="Needs the permission groups:write.")


class ArchiveChannel(Params):
    """Which channel to archive."""

    channel: Channel


class JoinChannel(Params):
    """Which public channel the app joins."""

    channel: Channel


class InviteToChannel(Params):
    """Whom to invite where."""

    channel: Channel
    users: Annotated[list[str], Choices(list_users)] = Field(title="People", max_length=MOST_INVITED)


class SetTopic(Params):
    """What the topic of which channel becomes."""

    channel: Channel
    topic: str = Field(title="Topic", description=f"At most {TOPIC_LIMIT} characters; empty takes it away.")


class SetPurpose(Params):
    """What a channel is for."""

    channel: Channel
    purpose: str = Field(title="Purpose", description=f"At most {TOPIC_LIMIT} characters; empty takes it away.")


class RenameChannel(Params):
    """Which channel gets which name."""

    channel: Channel
    name: str = _NAME_FIELD


class RemoveFromChannel(Params):
    """Whom to remove from where."""

    channel: Channel
    user: Person


class ChannelInfo(Result):
    """A channel."""

    id: str
    name: str
    is_private: bool = False


class Archived(Result):
    """The channel that is archived now; `already_archived` when it was before."""

    channel: str
    already_archived: bool


class Joined(Result):
    """The channel that the app is in now; `already_in_channel` when it was before."""

    channel: str
    already_in_channel: bool


class Invited(Result):
    """Who is in the channel now, by who was invited and who was there before."""

    channel: str
    invited: list[str]
    already_in_channel: list[str]


class Removed(Result):
    """Who is not in the channel now; `already_outside` when that was so before."""

    channel: str
    user: str
    already_outside: bool


class Purpose(Result):
    """The purpose of the channel as Slack keeps it."""

    channel: str
    purpose: str


class Topic(Result):
    """The topic of the channel as Slack keeps it."""

    channel: str
    topic: str


async def find_created(params: CreateChannel, ctx: ActionContext[SlackClient]) -> ChannelInfo | None:
    """Look for a channel of that name that the app itself made since the first attempt; names are unique."""
    found = await find_channel(ctx.client, params.name.strip().removeprefix("#"))
    since = ((ctx.started or (ctx.now or utc_now()) - DEFAULT_LOOKBACK) - CLOCK_SKEW).timestamp()
    if found is None or float(found.get("created", 0)) < since:
        return None
    ourselves = await ctx.client.read(ctx.client.web.auth_test())
    return _channel(found) if found.get("creator") == ourselves.get("user_id") else None


@action(scopes=("channels:manage",), repeat=Repeat.RECONCILABLE, find=find_created)
async def create_channel(params: CreateChannel, ctx: ActionContext[SlackClient]) -> ChannelInfo:
    """Create a channel."""
    name = _channel_name(params.name)
    answer = await ctx.client.change(ctx.client.web.conversations_create(name=name, is_private=params.is_private))
    if not answer.get("channel"):
        raise OutcomeUnknown("Slack's answer names no channel: it may have been created.")
    return _channel(answer["channel"])


@action(scopes=("channels:manage",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def archive_channel(params: ArchiveChannel, ctx: ActionContext[SlackClient]) -> Archived:
    """Archive a channel."""
    channel = await conversation_id(ctx.client, params.channel)
    call = ctx.client.web.conversations_archive(channel=channel)
    already = await was_so_already(ctx, call, "already_archived")
    return Archived(channel=channel, already_archived=already)


@action(scopes=("channels:join",), repeat=Repeat.IDEMPOTENT)
async def join_channel(params: JoinChannel, ctx: ActionContext[SlackClient]) -> Joined:
    """Join a public channel."""
    channel = await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.change(ctx.client.web.conversations_join(channel=channel))
    return Joined(channel=channel, already_in_channel=answer.get("warning") == "already_in_channel")


@action(scopes=("channels:manage",), repeat=Repeat.IDEMPOTENT)
async def invite_to_channel(params: InviteToChannel, ctx: ActionContext[SlackClient]) -> Invited:
    """Invite people to a channel.

    One after the other: those before a refusal stay invited.
    """
    people = list(dict.fromkeys(name.strip() for name in params.users if name.strip()))
    if not people:
        raise InvalidInput({"users": "names nobody"})
    channel = await conversation_id(ctx.client, params.channel)
    invited: list[str] = []
    already: list[str] = []
    for user in people:
        call = ctx.client.web.conversations_invite(channel=channel, users=user)
        there = await was_so_already(ctx, call, "already_in_channel")
        (already if there else invited).append(user)
    return Invited(channel=channel, invited=invited, already_in_channel=already)


@action(scopes=("channels:manage",), repeat=Repeat.IDEMPOTENT)
async def set_topic(params: SetTopic, ctx: ActionContext[SlackClient]) -> Topic:
    """Set the topic of a channel."""
    if len(params.topic) > TOPIC_LIMIT:
        raise too_long("topic", TOPIC_LIMIT)
    channel = await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.change(ctx.client.web.conversations_setTopic(channel=channel, topic=params.topic))
    kept = (answer.get("channel") or {}).get("topic") or {}
    return Topic(channel=channel, topic=str(kept.get("value", params.topic)))


@action(scopes=("channels:manage",), repeat=Repeat.IDEMPOTENT)
async def set_purpose(params: SetPurpose, ctx: ActionContext[SlackClient]) -> Purpose:
    """Set the purpose of a channel."""
    if len(params.purpose) > TOPIC_LIMIT:
        raise too_long("purpose", TOPIC_LIMIT)
    channel = await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.change(ctx.client.web.conversations_setPurpose(channel=channel, purpose=params.purpose))
    kept = (answer.get("channel") or {}).get("purpose") or {}
    return Purpose(channel=channel, purpose=str(kept.get("value", params.purpose)))


async def find_renamed(params: RenameChannel, ctx: ActionContext[SlackClient]) -> ChannelInfo | None:
    """See whether the channel has the name; one whose old name is gone is looked for by the new one."""
    name = _channel_name(params.name)
    try:
        channel = await conversation_id(ctx.client, params.channel)
    except Rejected as error:
        found = await find_channel(ctx.client, name) if error.code == "channel_not_found" else None
        if found is None:
            raise
        return _channel(found)
    now = await _info(ctx, channel)
    return _channel(now) if now.get("name") == name else None


@action(scopes=("channels:manage",), repeat=Repeat.RECONCILABLE, find=find_renamed)
async def rename_channel(params: RenameChannel, ctx: ActionContext[SlackClient]) -> ChannelInfo:
    """Rename a channel.

    Slack lets an app rename the channels that it made.
    """
    name = _channel_name(params.name)
    channel = await conversation_id(ctx.client, params.channel)
    answer = await ctx.client.change(ctx.client.web.conversations_rename(channel=channel, name=name))
    return _channel({"id": channel, "name": name} | (answer.get("channel") or {}))


@action(scopes=("channels:manage",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def remove_from_channel(params: RemoveFromChannel, ctx: ActionContext[SlackClient]) -> Removed:
    """Remove a person from a channel."""
    channel, user = await conversation_id(ctx.client, params.channel), params.user.strip()
    call = ctx.client.web.conversations_kick(channel=channel, user=user)
    outside = await was_so_already(ctx, call, NOT_IN_CHANNEL)
    # Slack says the same of an app that is not in the channel itself.
    if outside and not (await _info(ctx, channel)).get("is_member"):
        raise Rejected(NOT_IN_CHANNEL, ERRORS[NOT_IN_CHANNEL].advice)
    return Removed(channel=channel, user=user, already_outside=outside)


async def _info(ctx: ActionContext[SlackClient], channel: str) -> dict[str, Any]:
    answer = await ctx.client.read(ctx.client.web.conversations_info(channel=channel))
    found: dict[str, Any] = answer["channel"]
    return found


def _channel_name(text: str) -> str:
    name = text.strip().removeprefix("#")
    if not _NAME.fullmatch(name):
        raise InvalidInput({"name": "takes lower-case letters, digits, - and _ only, at most 80"})
    return name


def _channel(item: dict[str, Any]) -> ChannelInfo:
    return ChannelInfo(id=str(item["id"]), name=str(item.get("name", "")), is_private=bool(item.get("is_private")))
