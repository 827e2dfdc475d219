"""Reactions: added to a message and taken back."""

from pydantic import Field

from integrations_app.providers.slack.actions.fields import Channel, Timestamp, was_so_already
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import conversation_id
from integrations_app.providers.slack.messages import read_timestamp
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext


class AddReaction(Params):
    """Which emoji to add to which message."""

    channel: Channel
    timestamp: Timestamp
    emoji: str = Field(title="Emoji", min_length=1, description="Its name, such as eyes or white_check_mark.")


class RemoveReaction(AddReaction):
    """Which emoji of the app to take off which message."""


class Reaction(Result):
    """A reaction that is there now; `already_reacted` when it was before."""

    channel: str
    timestamp: str
    emoji: str
    already_reacted: bool


class NoReaction(Result):
    """A reaction of the app that is not there now; `already_removed` when it was not there before."""

    channel: str
    timestamp: str
    emoji: str
    already_removed: bool


@action(scopes=("reactions:write",), repeat=Repeat.IDEMPOTENT)
async def add_reaction(params: AddReaction, ctx: ActionContext[SlackClient]) -> Reaction:
    """Add a reaction to a message."""
    timestamp, emoji = (read_timestamp("timestamp", params.timestamp), _emoji(params))
    channel = await conversation_id(ctx.client, params.channel)
    call = ctx.client.web.reactions_add(channel=channel, timestamp=timestamp, name=emoji)
    already = await was_so_already(ctx, call, "already_reacted")
    return Reaction(channel=channel, timestamp=timestamp, emoji=emoji, already_reacted=already)


@action(scopes=("reactions:write",), repeat=Repeat.IDEMPOTENT)
async def remove_reaction(params: RemoveReaction, ctx: ActionContext[SlackClient]) -> NoReaction:
    """Remove the app's reaction from a message."""
    timestamp, emoji = (read_timestamp("timestamp", params.timestamp), _emoji(params))
    channel = await conversation_id(ctx.client, params.channel)
    call = ctx.client.web.reactions_remove(channel=channel, timestamp=timestamp, name=emoji)
    already = await was_so_already(ctx, call, "no_reaction")
    return NoReaction(channel=channel, timestamp=timestamp, emoji=emoji, already_removed=already)


def _emoji(params: AddReaction) -> str:
    return params.emoji.strip().strip(":")
