"""`users.*` and `reactions.*` of the emulated Slack."""

import re

from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method, page
from integrations_app.sandbox.slack.state import Channel, Message, User
from integrations_app.sandbox.slack.views import message_view, reactions_view, user_view

EMOJI = {
    "+1",
    "-1",
    "thumbsup",
    "thumbsdown",
    "eyes",
    "white_check_mark",
    "heavy_check_mark",
    "tada",
    "rocket",
    "fire",
    "heart",
    "smile",
    "joy",
    "warning",
    "rotating_light",
    "x",
    "question",
    "bug",
    "sparkles",
    "wave",
    "clap",
    "100",
    "pray",
    "thinking_face",
    "hourglass",
    "bell",
    "memo",
}
REACTIONS_PER_MESSAGE = 50


def _view(call: Call, user: User) -> Json:
    return user_view(user, call.team, "users:read.email" in call.token.scopes)


@method("users.list", "users:read")
def users_list(call: Call) -> Json:
    """People and bots of the workspace."""
    shown, cursor = page(call, list(call.team.users.values()), default=1000)
    views = [_view(call, user) for user in shown]
    return {"members": views, "cache_ts": int(call.now), "response_metadata": {"next_cursor": cursor}}


@method("users.info", "users:read")
def users_info(call: Call) -> Json:
    """One user."""
    return {"user": _view(call, call.user(call.required("user", "user_not_found")))}


@method("users.lookupByEmail", "users:read.email")
def users_lookup_by_email(call: Call) -> Json:
    """One active user by address."""
    address = call.required("email", "users_not_found").lower()
    for user in call.team.users.values():
        if user.email == address and not user.deleted:
            return {"user": _view(call, user)}
    raise SlackError("users_not_found")


def _item(call: Call) -> tuple[Channel, Message]:
    channel = call.channel(call.required("channel", "no_item_specified"))
    timestamp = call.required("timestamp", "no_item_specified")
    if not re.fullmatch(r"\d+\.\d{6}", timestamp):
        raise SlackError("bad_timestamp")
    message = channel.message(timestamp)
    if message is None:
        raise SlackError("message_not_found")
    return channel, message


def _name(call: Call) -> str:
    name = call.required("name", "invalid_name")
    if name.partition("::")[0] not in EMOJI:
        raise SlackError("invalid_name")
    return name


@method("reactions.add", "reactions:write")
def reactions_add(call: Call) -> Json:
    """React to a message."""
    name = _name(call)
    channel, message = _item(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.token.user_id not in channel.members:
        raise SlackError("not_in_channel")
    if call.token.user_id in message.reactions.get(name, []):
        raise SlackError("already_reacted")
    if len(message.reactions) >= REACTIONS_PER_MESSAGE and name not in message.reactions:
        raise SlackError("too_many_emoji")
    message.reactions.setdefault(name, []).append(call.token.user_id)
    events.push_reaction(call.world, channel, message, name, call.token.user_id, added=True)
    return {}


@method("reactions.remove", "reactions:write")
def reactions_remove(call: Call) -> Json:
    """Take one's own reaction back."""
    name = _name(call)
    channel, message = _item(call)
    who = message.reactions.get(name, [])
    if call.token.user_id not in who:
        raise SlackError("no_reaction")
    who.remove(call.token.user_id)
    if not who:
        del message.reactions[name]
    events.push_reaction(call.world, channel, message, name, call.token.user_id, added=False)
    return {}


@method("reactions.get", "reactions:read")
def reactions_get(call: Call) -> Json:
    """A message with its reactions."""
    channel, message = _item(call)
    view = message_view(message, channel)
    view["reactions"] = reactions_view(message)
    return {"type": "message", "channel": channel.id, "message": view}
