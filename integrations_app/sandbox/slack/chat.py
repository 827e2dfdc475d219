"""`chat.*`: writing, changing and removing messages in the emulated Slack."""

import json
from typing import Any

from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method
from integrations_app.sandbox.slack.conversations import open_direct
from integrations_app.sandbox.slack.state import Channel, Message, slack_of
from integrations_app.sandbox.slack.views import message_view

TEXT_LIMIT = 40_000
BLOCK_LIMIT = 50
SECTION_LIMIT = 3000
ATTACHMENT_LIMIT = 100
MARKDOWN_LIMIT = 12_000
BLOCKS_TOTAL = 13_000


def target(call: Call) -> Channel:
    """The conversation a message goes to: an id, a #name, or a user id for a direct message."""
    value = call.required("channel", "channel_not_found")
    if value.startswith(("U", "W")) and value in call.team.users:
        return open_direct(call.world, call.team, [call.token.user_id, value])
    channel = call.channel(value, by_name=True)
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.token.user_id not in channel.members and not _may_write_public(call, channel):
        raise SlackError("not_in_channel")
    return channel


def _may_write_public(call: Call, channel: Channel) -> bool:
    return channel.kind == "public_channel" and "chat:write.public" in call.token.scopes


def _blocks(call: Call) -> list[Any]:
    blocks = call.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return []
    if not isinstance(blocks, list) or not all(isinstance(block, dict) and block.get("type") for block in blocks):
        raise SlackError("invalid_blocks_format")
    too_long = [
        b for b in blocks if isinstance(b.get("text"), dict) and len(str(b["text"].get("text", ""))) > SECTION_LIMIT
    ]
    if len(blocks) > BLOCK_LIMIT or too_long:
        raise SlackError("invalid_blocks", errors=["no more than 50 items allowed, texts up to 3000 characters"])
    if len(json.dumps(blocks)) > BLOCKS_TOTAL:
        raise SlackError("msg_blocks_too_long")
    return blocks


def _attachments(call: Call) -> list[Any]:
    attachments = call.structure("attachments", "invalid_attachments") or []
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENT_LIMIT:
        raise SlackError("too_many_attachments")
    return attachments


def _metadata(call: Call) -> Json:
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or not metadata.get("event_type"):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def _content(call: Call) -> tuple[str, list[Any], list[Any]]:
    text, blocks, attachments = call.text("text"), _blocks(call), _attachments(call)
    if markdown := call.text("markdown_text"):
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_LIMIT:
            raise SlackError("msg_too_long")
        text = markdown
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    return text, blocks, attachments


def _thread(call: Call, channel: Channel) -> str:
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return ""
    parent = channel.message(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.thread_ts and parent.thread_ts != parent.ts:
        raise SlackError("cannot_reply_to_message")
    return thread_ts


def compose(call: Call, channel: Channel) -> Message:
    """The message that the arguments describe, without its timestamp; raises SlackError."""
    text, blocks, attachments = _content(call)
    thread_ts = _thread(call, channel)
    if any(call.text(name) for name in ("username", "icon_emoji", "icon_url")):
        call.needs("chat:write.customize")
    message = Message("", call.token.user_id, text[:TEXT_LIMIT], call.team.id, thread_ts=thread_ts)
    message.blocks, message.attachments, message.metadata = (blocks, attachments, _metadata(call))
    message.username, message.broadcast = call.text("username"), bool(thread_ts) and call.flag("reply_broadcast")
    if call.token.kind == "bot":
        message.bot_id, message.app_id = (call.installation.bot_id, call.installation.app_id)
    return message


def _warned(call: Call, answer: Json) -> Json:
    if len(call.text("text")) > TEXT_LIMIT:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


@method("chat.postMessage", "chat:write")
def post_message(call: Call) -> Json:
    """Write a message."""
    channel = target(call)
    message = compose(call, channel)
    message.ts = slack_of(call.world).next_ts(call.now)
    channel.messages.append(message)
    subtype = "thread_broadcast" if message.broadcast else "bot_message" if message.username else ""
    events.push_message(call.world, channel, message, subtype)
    view = message_view(message, channel, metadata=True)
    return _warned(call, {"channel": channel.id, "ts": message.ts, "message": view})


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(call: Call) -> Json:
    """Write a message that one person sees and no history keeps."""
    channel = target(call)
    user = call.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = compose(call, channel)
    message.ts, message.only_for = slack_of(call.world).next_ts(call.now), user
    channel.messages.append(message)
    return {"message_ts": message.ts}


def _own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    channel = call.channel(call.required("channel", "channel_not_found"))
    message = channel.message(call.required("ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != call.token.user_id:
        raise SlackError(refusal)
    return channel, message


@method("chat.update", "chat:write")
def update(call: Call) -> Json:
    """Change one's own message."""
    channel, message = _own_message(call, "cant_update_message")
    text, blocks, attachments = _content(call)
    before = message_view(message, channel)
    message.text, message.blocks, message.attachments = (text[:TEXT_LIMIT], blocks, attachments)
    if metadata := _metadata(call):
        message.metadata = metadata
    message.edited = slack_of(call.world).next_ts(call.now)
    events.push_change(call.world, channel, message, before, deleted=False)
    view = message_view(message, channel)
    return _warned(call, {"channel": channel.id, "ts": message.ts, "text": message.text, "message": view})


@method("chat.delete", "chat:write")
def delete(call: Call) -> Json:
    """Remove one's own message."""
    channel, message = _own_message(call, "cant_delete_message")
    before = message_view(message, channel)
    channel.messages.remove(message)
    events.push_change(call.world, channel, message, before, deleted=True)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    """The address of a message in the inspector."""
    channel = call.channel(call.required("channel", "channel_not_found"))
    ts = call.required("message_ts", "message_not_found")
    if channel.message(ts) is None:
        raise SlackError("message_not_found")
    place = f"{call.base}/slack/workspaces/{call.team.id}/channels/{channel.id}"
    return {"channel": channel.id, "permalink": f"{place}#p{ts.replace('.', '')}"}
