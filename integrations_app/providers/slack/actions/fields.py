"""Parameters that several actions take, and the writing they share."""

from collections.abc import Awaitable
from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import OutcomeUnknown, Rejected
from integrations_app.providers.slack.choices import list_channels, list_users
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import operation_mark
from integrations_app.providers.slack.messages import Posted, slack_text
from integrations_app.providers.slack.permalinks import linked
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Escaped, Json, Multiline

Channel = Annotated[
    str, Choices(list_channels), Field(title="Channel", min_length=1, description="A channel, its id or #name.")
]
ChannelId = Annotated[
    str, Choices(list_channels), Field(title="Channel", min_length=1, description="A channel, or its id.")
]
Person = Annotated[str, Choices(list_users), Field(title="Person", min_length=1)]
Recipient = Annotated[
    str,
    Choices(list_users),
    Field(title="Person", min_length=1, description="A person, or their id or e-mail address."),
]
Text = Annotated[
    str,
    Multiline(),
    Escaped(slack_text),
    Field(title="Text", description="Slack's mrkdwn: *bold*, _italic_, <https://…|link>."),
]
Blocks = Annotated[
    list[dict[str, Any]] | None,
    Json(),
    Escaped(slack_text, keys=("text",)),
    Field(title="Blocks", description="Block Kit layout; the text is then what notifications show."),
]
Attachments = Annotated[
    list[dict[str, Any]] | None,
    Json(),
    Escaped(slack_text, keys=("text", "pretext", "fallback", "title", "value")),
    Field(title="Attachments", description="Slack's older layout, such as coloured bars; blocks are its successor."),
]
Metadata = Annotated[
    dict[str, Any] | None,
    Json(),
    Field(title="Metadata", description="For other apps: an object of event_type and event_payload."),
]
Timestamp = Annotated[str, Field(title="Message", description="Timestamp of the message, or its link.")]
Thread = Annotated[str, Field(title="Thread", description="Timestamp of the thread's first message, or its link.")]


async def post(ctx: ActionContext[SlackClient], metadata: dict[str, Any] | None = None, /, **message: Any) -> Posted:
    """Post a message that carries the operation's mark; raises OutcomeUnknown when the answer names none."""
    mark = operation_mark(ctx.operation_id, metadata)
    answer = await ctx.client.change(ctx.client.web.chat_postMessage(**message, metadata=mark))
    if not answer.get("ts"):
        raise OutcomeUnknown("Slack's answer names no message: it may have been posted.")
    shown = answer.get("message")
    return Posted(
        channel=str(answer.get("channel") or message["channel"]),
        ts=str(answer["ts"]),
        thread_ts=message.get("thread_ts"),
        message=shown if isinstance(shown, dict) else {},
    )


async def post_and_link(
    ctx: ActionContext[SlackClient], metadata: dict[str, Any] | None = None, /, **message: Any
) -> Posted:
    """Post a message as `post` does, and ask for its address."""
    return await linked(ctx.client, await post(ctx, metadata, **message))


def may_have_happened(ctx: ActionContext[SlackClient]) -> bool:
    """Whether an earlier attempt may have taken effect: then what is gone already was this step's doing."""
    return ctx.attempt > 1


async def was_so_already(ctx: ActionContext[SlackClient], call: Awaitable[Any], code: str) -> bool:
    """Make a change; True when Slack refuses it with `code`: things stand as wanted. Raises other refusals."""
    try:
        await ctx.client.change(call)
    except Rejected as error:
        if error.code != code:
            raise
        return True
    return False
