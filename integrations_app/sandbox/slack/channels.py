"""`conversations.*` of the emulated Slack that change a channel: made, archived, filled, described."""

import re

from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method
from integrations_app.sandbox.slack.state import Channel, slack_of
from integrations_app.sandbox.slack.views import channel_view

NAME_LIMIT = 80
TOPIC_LIMIT = 250
MANAGE = ("channels:manage", "groups:write")
_NAME = re.compile(r"[\w-]+")


def _managed(call: Call) -> Channel:
    """The channel of a call that changes it: the caller must be in it and hold the scope of its kind."""
    channel = call.channel(call.required("channel", "channel_not_found"))
    if channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    call.needs(MANAGE[channel.is_private])
    if call.token.user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _new_name(call: Call) -> str:
    name = call.required("name", "invalid_name_required")
    if len(name) > NAME_LIMIT:
        raise SlackError("invalid_name_maxlength")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if any(channel.name == name for channel in call.team.channels.values()):
        raise SlackError("name_taken")
    return name


@method("conversations.create", *MANAGE)
def conversations_create(call: Call) -> Json:
    """Make a channel with the caller in it."""
    private = call.flag("is_private")
    call.needs(MANAGE[private])
    slack, me = slack_of(call.world), call.token.user_id
    channel = Channel(slack.next_id("C"), call.team.id, _new_name(call), int(call.now), me, [me], is_private=private)
    call.team.channels[channel.id] = channel
    return {"channel": channel_view(channel, me)}


@method("conversations.archive", *MANAGE)
def conversations_archive(call: Call) -> Json:
    """Archive a channel."""
    channel = _managed(call)
    if channel.is_archived:
        raise SlackError("already_archived")
    if channel.is_general:
        raise SlackError("cant_archive_general")
    channel.is_archived = True
    return {}


@method("conversations.invite", *MANAGE)
def conversations_invite(call: Call) -> Json:
    """Put people into a channel: all of them or, at the first that cannot come, nobody."""
    channel = _managed(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    people = [name for name in call.required("users", "no_user").split(",") if name]
    for person in people:
        if call.user(person).deleted:
            raise SlackError("user_not_found")
        if person == call.token.user_id:
            raise SlackError("cant_invite_self")
        if person in channel.members:
            raise SlackError("already_in_channel")
    channel.members += people
    return {"channel": channel_view(channel, call.token.user_id)}


@method("conversations.kick", *MANAGE)
def conversations_kick(call: Call) -> Json:
    """Take somebody out of a channel."""
    channel = _managed(call)
    person = call.user(call.required("user", "user_not_found"))
    if channel.is_general:
        raise SlackError("cant_kick_from_general")
    if person.id == call.token.user_id:
        raise SlackError("cant_kick_self")
    if person.id not in channel.members:
        raise SlackError("not_in_channel")
    channel.members.remove(person.id)
    return {"errors": {}}


@method("conversations.rename", *MANAGE)
def conversations_rename(call: Call) -> Json:
    """Give a channel another name; only who made it may."""
    channel = _managed(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.creator != call.token.user_id:
        raise SlackError("not_authorized")
    channel.name = _new_name(call)
    return {"channel": channel_view(channel, call.token.user_id)}


def _described(call: Call, what: str) -> Channel:
    channel = _managed(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if len(call.text(what)) > TOPIC_LIMIT:
        raise SlackError("too_long")
    return channel


@method("conversations.setTopic", *MANAGE)
def conversations_set_topic(call: Call) -> Json:
    """Say what a channel is about; an empty topic takes it away."""
    channel = _described(call, "topic")
    channel.topic = call.text("topic")
    return {"channel": channel_view(channel, call.token.user_id)}


@method("conversations.setPurpose", *MANAGE)
def conversations_set_purpose(call: Call) -> Json:
    """Say what a channel is for; an empty purpose takes it away."""
    channel = _described(call, "purpose")
    channel.purpose = call.text("purpose")
    return {"channel": channel_view(channel, call.token.user_id)}
