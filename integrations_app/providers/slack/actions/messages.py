"""Writing: messages in channels, to people and in threads; changed, taken back, or shown to one person.

The author's text is sent as it is, so that it can mention people and channels. What variables put into it is
escaped first (`slack_text`): a title that holds `<!channel>` is shown, not obeyed.
"""

from typing import Any

from pydantic import Field

from integrations_app.errors import OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.fields import (
    Attachments,
    Blocks,
    Channel,
    ChannelId,
    Metadata,
    Person,
    Recipient,
    Text,
    Thread,
    Timestamp,
    may_have_happened,
    post_and_link,
)
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import (
    conversation_id,
    direct_conversation,
    find_dm,
    find_message,
    find_reply,
)
from integrations_app.providers.slack.messages import Message, Posted, check_metadata, check_text, read_timestamp
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext


class SendMessage(Params):
    """What to post in a channel."""

    channel: Channel
    text: Text
    blocks: Blocks = None
    attachments: Attachments = None
    username: str = Field(
        default="", title="Shown name", max_length=80, description="Instead of the app's; needs chat:write.customize."
    )
    icon_emoji: str = Field(
        default="", title="Shown emoji", description="Instead of the app's picture, such as :robot_face:."
    )
    no_previews: bool = Field(default=False, title="No previews of links")
    metadata: Metadata = None


class SendDm(Params):
    """What to write to a person."""

    user: Recipient
    text: Text
    blocks: Blocks = None


class PostToThread(Params):
    """What to reply in a thread."""

    channel: Channel
    thread_ts: Thread
    text: Text
    blocks: Blocks = None
    reply_broadcast: bool = Field(default=False, title="Show it in the channel too")


class UpdateMessage(Params):
    """Which message of the app to change, and into what."""

    channel: Channel
    ts: Timestamp
    text: Text
    blocks: Blocks = None


class DeleteMessage(Params):
    """Which message of the app to delete."""

    channel: Channel
    ts: Timestamp


class SendEphemeral(Params):
    """What to show to one member of a channel."""

    channel: ChannelId
    user: Person
    text: Text
    blocks: Blocks = None
    thread_ts: str = Field(default="", title="Thread", description="Timestamp of the thread's first message; or none.")


class Deleted(Result):
    """The message that is gone; `already_deleted` when an earlier attempt had deleted it."""

    channel: str
    ts: str
    already_deleted: bool


class Shown(Result):
    """What one person was shown. Slack keeps no record of it."""

    channel: str
    message_ts: str


@action(scopes=("chat:write",), repeat=Repeat.RECONCILABLE, find=find_message)
async def send_message(params: SendMessage, ctx: ActionContext[SlackClient]) -> Posted:
    """Send a message to a channel."""
    check_text(params.text, params.blocks, params.attachments)
    check_metadata(params.metadata)
    more: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False} if params.no_previews else {}
    if params.username.strip():
        more["username"] = params.username.strip()
    if params.icon_emoji.strip():
        more["icon_emoji"] = f":{params.icon_emoji.strip().strip(':')}:"
    content: dict[str, Any] = {"text": params.text, "blocks": params.blocks, "attachments": params.attachments}
    return await post_and_link(ctx, params.metadata, channel=params.channel, **content, **more)


@action(scopes=("chat:write", "im:write"), repeat=Repeat.RECONCILABLE, find=find_dm)
async def send_dm(params: SendDm, ctx: ActionContext[SlackClient]) -> Posted:
    """Send a direct message to a person.

    Somebody named by an e-mail address is looked up first, which needs the permission `users:read.email`.
    """
    check_text(params.text, params.blocks)
    channel = await direct_conversation(ctx.client, params.user)
    return await post_and_link(ctx, channel=channel, text=params.text, blocks=params.blocks)


@action(scopes=("chat:write",), repeat=Repeat.RECONCILABLE, find=find_reply)
async def post_to_thread(params: PostToThread, ctx: ActionContext[SlackClient]) -> Posted:
    """Reply in a thread."""
    check_text(params.text, params.blocks)
    thread = read_timestamp("thread_ts", params.thread_ts)
    more: dict[str, Any] = {"reply_broadcast": True} if params.reply_broadcast else {}
    content: dict[str, Any] = {"text": params.text, "blocks": params.blocks, "thread_ts": thread}
    return await post_and_link(ctx, channel=params.channel, **content, **more)


@action(scopes=("chat:write",), repeat=Repeat.IDEMPOTENT)
async def update_message(params: UpdateMessage, ctx: ActionContext[SlackClient]) -> Message:
    """Change a message of the app.

    Without blocks those that the message had are taken off.
    """
    check_text(params.text, params.blocks)
    ts, channel = read_timestamp("ts", params.ts), await conversation_id(ctx.client, params.channel)
    content: dict[str, Any] = {"text": params.text, "blocks": params.blocks or []}
    answer = await ctx.client.change(ctx.client.web.chat_update(channel=channel, ts=ts, **content))
    return Message(channel=str(answer.get("channel") or channel), ts=str(answer.get("ts") or ts))


@action(scopes=("chat:write",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def delete_message(params: DeleteMessage, ctx: ActionContext[SlackClient]) -> Deleted:
    """Delete a message of the app."""
    ts, channel = read_timestamp("ts", params.ts), await conversation_id(ctx.client, params.channel)
    already = False
    try:
        await ctx.client.change(ctx.client.web.chat_delete(channel=channel, ts=ts))
    except Rejected as error:
        if error.code != "message_not_found" or not may_have_happened(ctx):
            raise
        already = True
    return Deleted(channel=channel, ts=ts, already_deleted=already)


@action(scopes=("chat:write",), repeat=Repeat.UNKNOWABLE)
async def send_ephemeral(params: SendEphemeral, ctx: ActionContext[SlackClient]) -> Shown:
    """Show a message to one member of a channel.

    Nobody else sees it, and it is gone when that person reloads Slack.
    """
    check_text(params.text, params.blocks)
    thread = read_timestamp("thread_ts", params.thread_ts) if params.thread_ts.strip() else None
    content: dict[str, Any] = {"text": params.text, "blocks": params.blocks, "thread_ts": thread}
    answer = await ctx.client.change(
        ctx.client.web.chat_postEphemeral(channel=params.channel, user=params.user, **content)
    )
    if not answer.get("message_ts"):
        raise OutcomeUnknown("Slack's answer names no message: it may have been shown.")
    return Shown(channel=params.channel, message_ts=str(answer["message_ts"]))
