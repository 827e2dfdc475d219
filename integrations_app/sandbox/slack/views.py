"""Rows of the emulated Slack in the shapes its Web API answers."""

from typing import Any

from integrations_app.sandbox.slack.state import Channel, Message, Team, User

Json = dict[str, Any]


def message_view(message: Message, channel: Channel, metadata: bool = False) -> Json:
    """A message as `conversations.history` shows it; thread parents carry their reply counts."""
    view: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    view["team"] = message.team_id
    if message.bot_id:
        view |= {"bot_id": message.bot_id, "app_id": message.app_id, "bot_profile": _bot_profile(message)}
    for name in ("username", "thread_ts", "blocks", "attachments", "files"):
        if value := getattr(message, name):
            view[name] = value
    if message.edited:
        view["edited"] = {"user": message.user, "ts": message.edited}
    if message.reactions:
        view["reactions"] = reactions_view(message)
    if metadata and message.metadata:
        view["metadata"] = message.metadata
    replies = replies_of(channel, message)
    if replies:
        who = list(dict.fromkeys(reply.user for reply in replies))
        view |= {"thread_ts": message.ts, "reply_count": len(replies), "reply_users": who}
        view |= {"reply_users_count": len(who), "latest_reply": replies[-1].ts}
    elif message.thread_ts and message.thread_ts != message.ts:
        parent = channel.message(message.thread_ts)
        view["parent_user_id"] = parent.user if parent else ""
    return view


def replies_of(channel: Channel, parent: Message) -> list[Message]:
    """The replies below a message, oldest first."""
    return [m for m in channel.messages if m.thread_ts == parent.ts and m.ts != parent.ts and not m.only_for]


def reactions_view(message: Message) -> list[Json]:
    """Reactions with names, users and counts."""
    return [{"name": name, "users": list(who), "count": len(who)} for name, who in message.reactions.items()]


def _bot_profile(message: Message) -> Json:
    return {
        "id": message.bot_id,
        "app_id": message.app_id,
        "name": message.username or "Integrations",
        "deleted": False,
        "team_id": message.team_id,
    }


def channel_view(channel: Channel, viewer: str) -> Json:
    """A conversation as `conversations.list` shows it to a user."""
    shared: Json = {"id": channel.id, "created": channel.created, "is_archived": channel.is_archived}
    shared |= {"is_im": channel.is_im, "context_team_id": channel.team_id, "is_org_shared": False}
    if channel.is_im:
        other = next((member for member in channel.members if member != viewer), viewer)
        return shared | {"user": other, "is_user_deleted": False, "priority": 0}
    return shared | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private or channel.is_mpim,
        "is_general": channel.is_general,
        "is_shared": False,
        "is_member": viewer in channel.members,
        "creator": channel.creator,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
    }


def user_view(user: User, team: Team, with_email: bool) -> Json:
    """A user as `users.info` shows it; the address needs its own scope."""
    profile: Json = {"real_name": user.real_name, "display_name": user.name, "team": team.id}
    if with_email and user.email:
        profile["email"] = user.email
    view: Json = {
        "id": user.id,
        "team_id": team.id,
        "name": user.name,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if not user.deleted:
        view |= {"real_name": user.real_name, "tz": "Europe/Amsterdam", "is_admin": user.is_admin}
        view["is_owner"] = user.id == team.owner
    return view
