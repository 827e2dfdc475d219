"""What a workflow can do in Slack: post messages and add reactions.

The author's text is sent as it is, so that it can mention people and channels. What variables put into it is
escaped first (`slack_text`): a title that holds `<!channel>` is shown, not obeyed.
"""

from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import OutcomeUnknown, Rejected
from integrations_app.providers.slack.choices import list_channels, list_users
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import find_dm, find_message, find_reply, operation_mark
from integrations_app.providers.slack.messages import Message, check_text, read_timestamp, slack_text
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Escaped, Json, Multiline

Channel = Annotated[
    str, Choices(list_channels), Field(title="Channel", min_length=1, description="A channel, its id or #name.")
]
Text = Annotated[
    str,
    Multiline(),
    Escaped(slack_text),
    Field(title="Text", description="Slack's mrkdwn: *bold*, _italic_, <https://…|link>."),
]


class Reaction(Result):
    """A reaction that is there now; `already_reacted` when it was before."""

    channel: str
    timestamp: str
    emoji: str
    already_reacted: bool


class SendMessage(Params):
    """What to post in a channel."""

    channel: Channel
    text: Text
    blocks: Annotated[list[dict[str, Any]] | None, Json(), Escaped(slack_text, keys=("text",))] = Field(
        default=None, title="Blocks", description="Block Kit layout; the text is then what notifications show."
    )


class SendDm(Params):
    """What to write to a person."""

    user: Annotated[str, Choices(list_users)] = Field(title="Person", min_length=1)
    text: Text


class PostToThread(Params):
    """What to reply in a thread."""

    channel: Channel
    thread_ts: str = Field(title="Thread", description="Timestamp of the thread's first message, or its link.")
    text: Text


class AddReaction(Params):
    """Which emoji to add to which message."""

    channel: Channel
    timestamp: str = Field(title="Message", description="Timestamp of the message, or its link.")
    emoji: str = Field(title="Emoji", min_length=1, description="Its name, such as eyes or white_check_mark.")


@action(scopes=("chat:write",), repeat=Repeat.RECONCILABLE, find=find_message)
async def send_message(params: SendMessage, ctx: ActionContext[SlackClient]) -> Message:
    """Send a message to a channel."""
    check_text(params.text, params.blocks)
    return await _post(ctx, channel=params.channel, text=params.text, blocks=params.blocks)


@action(scopes=("chat:write", "im:write"), repeat=Repeat.RECONCILABLE, find=find_dm)
async def send_dm(params: SendDm, ctx: ActionContext[SlackClient]) -> Message:
    """Send a direct message to a person."""
    check_text(params.text, None)
    opened = await ctx.client.read(ctx.client.web.conversations_open(users=params.user))
    return await _post(ctx, channel=str(opened["channel"]["id"]), text=params.text)


@action(scopes=("chat:write",), repeat=Repeat.RECONCILABLE, find=find_reply)
async def post_to_thread(params: PostToThread, ctx: ActionContext[SlackClient]) -> Message:
    """Reply in a thread."""
    check_text(params.text, None)
    thread = read_timestamp("thread_ts", params.thread_ts)
    return await _post(ctx, channel=params.channel, text=params.text, thread_ts=thread)


@action(scopes=("reactions:write",), repeat=Repeat.IDEMPOTENT)
async def add_reaction(params: AddReaction, ctx: ActionContext[SlackClient]) -> Reaction:
    """Add a reaction to a message."""
    timestamp, emoji = (read_timestamp("timestamp", params.timestamp), params.emoji.strip().strip(":"))
    already = False
    try:
        await ctx.client.change(ctx.client.web.reactions_add(channel=params.channel, timestamp=timestamp, name=emoji))
    except Rejected as error:
        if error.code != "already_reacted":
            raise
        already = True
    return Reaction(channel=params.channel, timestamp=timestamp, emoji=emoji, already_reacted=already)


async def _post(ctx: ActionContext[SlackClient], **message: Any) -> Message:
    mark = operation_mark(ctx.operation_id)
    answer = await ctx.client.change(ctx.client.web.chat_postMessage(**message, metadata=mark))
    if not answer.get("ts"):
        raise OutcomeUnknown("Slack's answer names no message: it may have been posted.")
    return Message(channel=str(answer["channel"]), ts=str(answer["ts"]), thread_ts=message.get("thread_ts"))
