"""`conversations.*` and `users.conversations` of the emulated Slack."""

from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method, page
from integrations_app.sandbox.slack.state import Channel, Message, Team, slack_of
from integrations_app.sandbox.slack.views import channel_view, message_view, replies_of
from integrations_app.sandbox.world import World

KINDS = ("public_channel", "private_channel", "mpim", "im")
PAIR = 2
GROUP_LIMIT = 8
READ_SCOPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def post_due(world: World) -> None:
    """Post every scheduled message whose time has come."""
    slack = slack_of(world)
    due = [item for item in slack.scheduled if item.post_at <= world.clock()]
    slack.scheduled = [item for item in slack.scheduled if item not in due]
    for item in sorted(due, key=lambda scheduled: scheduled.post_at):
        channel = slack.teams[item.message.team_id].channels[item.channel_id]
        item.message.ts = slack.next_ts(world.clock())
        channel.messages.append(item.message)
        events.push_message(world, channel, item.message)


def open_direct(world: World, team: Team, members: list[str]) -> Channel:
    """The direct conversation of these people, made when it is not there."""
    who = sorted(set(members))
    for channel in team.channels.values():
        if (channel.is_im or channel.is_mpim) and sorted(channel.members) == who:
            return channel
    single = len(who) <= PAIR
    created = int(world.clock())
    channel = Channel(slack_of(world).next_id("D" if single else "G"), team.id, "", created, members[0], who)
    channel.is_im, channel.is_mpim = single, not single
    channel.name = "" if single else f"mpdm-{'-'.join(team.users[m].name for m in who)}-1"
    team.channels[channel.id] = channel
    return channel


def _read(call: Call, kind: str = "read") -> Channel:
    channel = call.channel(call.required("channel", "channel_not_found"))
    call.needs(f"{READ_SCOPES[channel.kind]}:{kind}")
    return channel


@method("conversations.open", "im:write", "mpim:write")
def conversations_open(call: Call) -> Json:
    """Open a direct conversation with one to eight people."""
    if given := call.text("channel"):
        channel = call.channel(given)
    else:
        people = [name for name in call.required("users", "users_list_not_supplied").split(",") if name]
        if len(people) > GROUP_LIMIT:
            raise SlackError("too_many_users")
        for person in people:
            if call.user(person).deleted:
                raise SlackError("user_disabled")
        call.needs("im:write" if len(people) == 1 else "mpim:write")
        channel = open_direct(call.world, call.team, [call.token.user_id, *people])
    if call.flag("return_im"):
        return {"channel": channel_view(channel, call.token.user_id)}
    return {"channel": {"id": channel.id}}


def _listed(call: Call) -> list[Channel]:
    kinds = (call.text("types") or "public_channel").replace(" ", "").split(",")
    if set(kinds) - set(KINDS):
        raise SlackError("invalid_types")
    for kind in kinds:
        call.needs(f"{READ_SCOPES[kind]}:read")
    channels = [c for c in call.team.channels.values() if c.kind in kinds and call.sees(c)]
    if call.flag("exclude_archived"):
        channels = [c for c in channels if not c.is_archived]
    return channels


@method("conversations.list")
def conversations_list(call: Call) -> Json:
    """Conversations of the workspace, by type and page."""
    shown, cursor = page(call, _listed(call))
    views = [channel_view(channel, call.token.user_id) for channel in shown]
    return {"channels": views, "response_metadata": {"next_cursor": cursor}}


@method("users.conversations")
def users_conversations(call: Call) -> Json:
    """Conversations a user (by default the caller) is a member of."""
    member = call.text("user") or call.token.user_id
    shown, cursor = page(call, [channel for channel in _listed(call) if member in channel.members])
    views = [channel_view(channel, call.token.user_id) for channel in shown]
    return {"channels": views, "response_metadata": {"next_cursor": cursor}}


@method("conversations.info")
def conversations_info(call: Call) -> Json:
    """One conversation."""
    return {"channel": channel_view(_read(call), call.token.user_id)}


@method("conversations.members")
def conversations_members(call: Call) -> Json:
    """Ids of the members of a conversation."""
    members, cursor = page(call, _read(call).members)
    return {"members": members, "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", "channels:join")
def conversations_join(call: Call) -> Json:
    """Join a public channel."""
    channel = call.channel(call.required("channel", "channel_not_found"))
    if channel.kind != "public_channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    already = call.token.user_id in channel.members
    if not already:
        channel.members.append(call.token.user_id)
    answer: Json = {"channel": channel_view(channel, call.token.user_id)}
    if already:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return answer


def _history_channel(call: Call) -> Channel:
    channel = _read(call, "history")
    if call.token.user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _within(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest, both = (call.text("oldest") or "0", call.text("latest") or "9" * 12, call.flag("inclusive"))
    try:
        low, high = float(oldest), float(latest)
    except ValueError as error:
        raise SlackError("invalid_ts_oldest") from error
    return [m for m in messages if low < float(m.ts) < high or (both and m.ts in (oldest, latest))]


def _messages(call: Call, channel: Channel, messages: list[Message]) -> Json:
    shown, cursor = page(call, messages)
    whole = call.flag("include_all_metadata")
    views = [message_view(message, channel, metadata=whole) for message in shown]
    answer: Json = {"messages": views, "has_more": bool(cursor), "pin_count": 0}
    if cursor:
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


@method("conversations.history")
def conversations_history(call: Call) -> Json:
    """Messages of a conversation, newest first, without replies."""
    channel = _history_channel(call)
    top = [m for m in channel.messages if not m.only_for and (m.broadcast or m.thread_ts in ("", m.ts))]
    return _messages(call, channel, _within(call, top)[::-1])


@method("conversations.replies")
def conversations_replies(call: Call) -> Json:
    """A thread: its parent, then the replies, oldest first."""
    channel = _history_channel(call)
    parent = channel.message(call.required("ts", "thread_not_found"))
    if parent is None:
        raise SlackError("thread_not_found")
    return _messages(call, channel, [parent, *_within(call, replies_of(channel, parent))])
