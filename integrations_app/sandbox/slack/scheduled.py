"""Messages of the emulated Slack that wait for their time: kept, listed and taken back."""

from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method, page
from integrations_app.sandbox.slack.chat import compose, target
from integrations_app.sandbox.slack.state import Scheduled, slack_of

AHEAD_LIMIT = 120 * 86400
CLOSED = 60
"""Seconds before its time from which on a message cannot be taken back."""


@method("chat.scheduleMessage", "chat:write")
def schedule_message(call: Call) -> Json:
    """Keep a message until its time."""
    channel = target(call)
    try:
        post_at = int(call.required("post_at", "invalid_time"))
    except ValueError as error:
        raise SlackError("invalid_time") from error
    if post_at <= call.now:
        raise SlackError("time_in_past")
    if post_at > call.now + AHEAD_LIMIT:
        raise SlackError("time_too_far")
    message = compose(call, channel)
    waiting = Scheduled(slack_of(call.world).next_id("Q"), channel.id, post_at, message, int(call.now))
    slack_of(call.world).scheduled.append(waiting)
    view = {"text": message.text, "bot_id": message.bot_id, "type": "delayed_message", "subtype": "bot_message"}
    return {"channel": channel.id, "scheduled_message_id": waiting.id, "post_at": post_at, "message": view}


def _mine(call: Call) -> list[Scheduled]:
    user, team = call.token.user_id, call.team.id
    held = slack_of(call.world).scheduled
    return [item for item in held if (item.message.user, item.message.team_id) == (user, team)]


@method("chat.scheduledMessages.list")
def list_scheduled(call: Call) -> Json:
    """What the caller has scheduled, of one channel or of all."""
    wanted = call.channel(call.text("channel")).id if call.text("channel") else ""
    found = [item for item in _mine(call) if wanted in ("", item.channel_id)]
    shown, cursor = page(call, sorted(found, key=lambda item: item.post_at))
    views = [
        {
            "id": item.id,
            "channel_id": item.channel_id,
            "post_at": item.post_at,
            "date_created": item.created,
            "text": item.message.text,
        }
        for item in shown
    ]
    return {"scheduled_messages": views, "response_metadata": {"next_cursor": cursor}}


@method("chat.deleteScheduledMessage", "chat:write")
def delete_scheduled(call: Call) -> Json:
    """Take a waiting message back, unless it is due within a minute."""
    channel = call.channel(call.required("channel", "channel_not_found"))
    wanted = call.required("scheduled_message_id", "invalid_scheduled_message_id")
    for item in _mine(call):
        if (item.id, item.channel_id) == (wanted, channel.id) and item.post_at > call.now + CLOSED:
            slack_of(call.world).scheduled.remove(item)
            return {}
    raise SlackError("invalid_scheduled_message_id")
