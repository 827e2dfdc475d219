"""Messages for later: Slack keeps them and posts them when their time comes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.fields import Blocks, Channel, Text, may_have_happened
from integrations_app.providers.slack.choices import PAGE, list_channels, next_cursor
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.find import CLOCK_SKEW, DEFAULT_LOOKBACK, conversation_id
from integrations_app.providers.slack.messages import check_text, slack_text
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext, utc_now
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery, Choices
from integrations_app.sdk.pages import search_pages

MOST_DIGITS = 12
MOST_PAGES = 5
_STILL_AHEAD = timedelta(minutes=2)
_LABEL = 60


async def list_scheduled(query: ChoiceQuery, ctx: ActionContext[SlackClient]) -> ChoicePage:
    """Messages that wait in the chosen channel, or in any."""
    named = str(query.values.get("channel") or "").strip()
    channel = await conversation_id(ctx.client, named) if named else None

    async def load(cursor: str) -> tuple[list[Choice], str]:
        answer = await ctx.client.read(
            ctx.client.web.chat_scheduledMessages_list(channel=channel, limit=PAGE, cursor=cursor or None)
        )
        return [_choice(item) for item in answer["scheduled_messages"]], next_cursor(answer)

    return await search_pages(query, load)


async def scheduled_messages(client: SlackClient, channel: str | None) -> list[dict[str, Any]]:
    """What waits in a channel, or in all of them; raises Rejected when that is more than a thousand messages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        answer = await client.read(
            client.web.chat_scheduledMessages_list(channel=channel, limit=PAGE, cursor=cursor or None)
        )
        found += answer["scheduled_messages"]
        cursor = next_cursor(answer)
        if not cursor:
            return found
    raise Rejected("too_much_to_search", "Too many messages are scheduled to look through them.")


def _choice(item: dict[str, Any]) -> Choice:
    due = datetime.fromtimestamp(int(item.get("post_at", 0)), UTC)
    return Choice(str(item["id"]), str(item.get("text", ""))[:_LABEL] or str(item["id"]), f"{due:%Y-%m-%d %H:%M} UTC")


class ScheduleMessage(Params):
    """What to post later in a channel."""

    channel: Channel
    post_at: str = Field(
        title="When",
        min_length=1,
        description="A time with its zone such as 2027-01-31T09:00:00+01:00, or Unix seconds; at most 120 days ahead.",
    )
    text: Text
    blocks: Blocks = None


class CancelScheduledMessage(Params):
    """Which waiting message to take back."""

    channel: Channel
    scheduled_message_id: Annotated[str, Choices(list_scheduled, ("channel",))] = Field(
        title="Scheduled message", min_length=1
    )


class ListScheduledMessages(Params):
    """Whose waiting messages to list."""

    channel: Annotated[str, Choices(list_channels)] = Field(
        default="", title="Channel", description="None: those of every channel."
    )


class Scheduled(Result):
    """A message that waits for its time, in Unix seconds."""

    channel: str
    scheduled_message_id: str
    post_at: int


class Cancelled(Result):
    """The message that will not be posted; `already_cancelled` when an earlier attempt had taken it back."""

    channel: str
    scheduled_message_id: str
    already_cancelled: bool


class ScheduledMessages(Result):
    """What waits: id, channel_id, post_at, date_created and text of each."""

    scheduled_messages: list[dict[str, Any]]


async def find_scheduled(params: ScheduleMessage, ctx: ActionContext[SlackClient]) -> Scheduled | None:
    """Look among the messages that wait in the channel for one of this time, made since the first attempt.

    Slack keeps no mark of ours with them: exactly one with the same text is taken for ours. Raises Rejected when
    it cannot be told: several, another text (Slack may have rewritten it), or a time that is near or past.
    """
    post_at, now = read_time("post_at", params.post_at), ctx.now or utc_now()
    channel = await conversation_id(ctx.client, params.channel)
    since = ((ctx.started or now - DEFAULT_LOOKBACK) - CLOCK_SKEW).timestamp()
    waiting = [
        item
        for item in await scheduled_messages(ctx.client, channel)
        if int(item.get("post_at", 0)) == post_at and float(item.get("date_created", now.timestamp())) >= since
    ]
    if not waiting and post_at > (now + _STILL_AHEAD).timestamp():
        return None
    if len(waiting) == 1 and str(waiting[0].get("text", "")) in {params.text, slack_text(params.text)}:
        return Scheduled(channel=channel, scheduled_message_id=str(waiting[0]["id"]), post_at=post_at)
    raise Rejected("cannot_tell", "It cannot be told whether the message was scheduled: look in Slack.")


@action(scopes=("chat:write",), repeat=Repeat.RECONCILABLE, find=find_scheduled)
async def schedule_message(params: ScheduleMessage, ctx: ActionContext[SlackClient]) -> Scheduled:
    """Schedule a message for later."""
    check_text(params.text, params.blocks)
    post_at = read_time("post_at", params.post_at)
    answer = await ctx.client.change(
        ctx.client.web.chat_scheduleMessage(
            channel=params.channel, post_at=post_at, text=params.text, blocks=params.blocks
        )
    )
    if not answer.get("scheduled_message_id"):
        raise OutcomeUnknown("Slack's answer names no message: it may have been scheduled.")
    return Scheduled(
        channel=str(answer["channel"]),
        scheduled_message_id=str(answer["scheduled_message_id"]),
        post_at=int(answer.get("post_at", post_at)),
    )


@action(scopes=("chat:write",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def cancel_scheduled_message(params: CancelScheduledMessage, ctx: ActionContext[SlackClient]) -> Cancelled:
    """Cancel a scheduled message."""
    message_id, channel = params.scheduled_message_id.strip(), await conversation_id(ctx.client, params.channel)
    already = False
    try:
        await ctx.client.change(
            ctx.client.web.chat_deleteScheduledMessage(channel=channel, scheduled_message_id=message_id)
        )
    except Rejected as error:
        if error.code != "invalid_scheduled_message_id" or not may_have_happened(ctx):
            raise
        already = True
    return Cancelled(channel=channel, scheduled_message_id=message_id, already_cancelled=already)


@action(repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def list_scheduled_messages(params: ListScheduledMessages, ctx: ActionContext[SlackClient]) -> ScheduledMessages:
    """List scheduled messages."""
    channel = await conversation_id(ctx.client, params.channel) if params.channel.strip() else None
    return ScheduledMessages(scheduled_messages=await scheduled_messages(ctx.client, channel))


def read_time(field: str, text: str) -> int:
    """Unix seconds of a time with its zone, or of seconds as text; raises InvalidInput for `field`."""
    found = text.strip()
    if found.isascii() and found.isdigit() and len(found) <= MOST_DIGITS:
        return int(found)
    try:
        moment = datetime.fromisoformat(found)
    except ValueError:
        raise InvalidInput({field: "is neither a time such as 2027-01-31T09:00:00+01:00 nor Unix seconds"}) from None
    if moment.tzinfo is None:
        raise InvalidInput({field: "does not say its time zone: add Z or an offset such as +01:00"})
    return int(moment.timestamp())
