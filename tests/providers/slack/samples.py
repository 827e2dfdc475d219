"""One good call of every action of Slack that writes, as its emulation takes it; and the request that does it."""

import time
from typing import Any

from tests.providers.sample import Sample


def _message(vendor: Any) -> str:
    return str(vendor.control("slack/messages", channel="C0GENERAL", text="Something to answer")["ts"])


def _own_message(vendor: Any) -> str:
    """A message of the app that is connected: the one named as the sandbox names it."""
    headers = {"Authorization": f"Bearer {vendor.token('slack')}"}
    people = vendor.http.get(f"{vendor.url}/slack/api/users.list", headers=headers).json()["members"]
    bot = next(one["id"] for one in people if one["is_bot"] and one["real_name"] == "Integrations")
    return str(vendor.control("slack/messages", channel="C0GENERAL", text="Mine", user=bot)["ts"])


def _soon(_vendor: Any) -> str:
    return str(int(time.time()) + 3600)


def _scheduled(vendor: Any) -> dict[str, Any]:
    """A message that waits, of the app that is connected: only that may take it back."""
    own = vendor.calls("/slack/api/auth.test")[-1]["headers"]["authorization"]
    body = {"channel": "C0GENERAL", "text": "Later", "post_at": _soon(vendor)}
    address = f"{vendor.url}/slack/api/chat.scheduleMessage"
    made = vendor.http.post(address, headers={"Authorization": own}, json=body).json()
    return {"channel": "C0GENERAL", "scheduled_message_id": made["scheduled_message_id"]}


def _own_channel(vendor: Any) -> str:
    """A channel of the app that is connected: only that may rename it."""
    own = vendor.calls("/slack/api/auth.test")[-1]["headers"]["authorization"]
    address = f"{vendor.url}/slack/api/conversations.create"
    made = vendor.http.post(address, headers={"Authorization": own}, json={"name": "found"}).json()
    return str(made["channel"]["id"])


SAMPLES: dict[str, Sample] = {
    "send_message": Sample("POST", r"chat\.postMessage", {"channel": "C0GENERAL", "text": "x"}),
    "send_dm": Sample("POST", r"chat\.postMessage", {"user": "U0GRACE", "text": "x"}),
    "post_to_thread": Sample(
        "POST",
        r"chat\.postMessage",
        lambda ts: {"channel": "C0GENERAL", "thread_ts": ts, "text": "x"},
        _message,
    ),
    "add_reaction": Sample(
        "POST",
        r"reactions\.add",
        lambda ts: {"channel": "C0GENERAL", "timestamp": ts, "emoji": "eyes"},
        _message,
    ),
    "remove_reaction": Sample(
        "POST",
        r"reactions\.remove",
        lambda ts: {"channel": "C0GENERAL", "timestamp": ts, "emoji": "eyes"},
        _message,
    ),
    "update_message": Sample(
        "POST", r"chat\.update", lambda ts: {"channel": "C0GENERAL", "ts": ts, "text": "x"}, _own_message
    ),
    "delete_message": Sample("POST", r"chat\.delete$", lambda ts: {"channel": "C0GENERAL", "ts": ts}, _own_message),
    "send_ephemeral": Sample("POST", r"chat\.postEphemeral", {"channel": "C0GENERAL", "user": "U0ADA", "text": "x"}),
    "schedule_message": Sample(
        "POST", r"chat\.scheduleMessage", lambda at: {"channel": "C0GENERAL", "post_at": at, "text": "x"}, _soon
    ),
    "cancel_scheduled_message": Sample("POST", r"chat\.deleteScheduledMessage", lambda waiting: waiting, _scheduled),
    "upload_file": Sample(
        "POST", r"files\.completeUploadExternal", {"channel": "C0GENERAL", "filename": "a.txt", "content": "x"}
    ),
    "send_and_wait": Sample("POST", r"chat\.postMessage", {"channel": "C0GENERAL", "text": "Shall we?"}),
    "create_channel": Sample("POST", r"conversations\.create", {"name": "lost"}),
    "archive_channel": Sample("POST", r"conversations\.archive", {"channel": "C0TRIAGE"}),
    "join_channel": Sample("POST", r"conversations\.join", {"channel": "C0OPS0001"}),
    "invite_to_channel": Sample("POST", r"conversations\.invite", {"channel": "C0TRIAGE", "users": ["U0KEN"]}),
    "rename_channel": Sample(
        "POST", r"conversations\.rename", lambda made: {"channel": made, "name": "lost"}, _own_channel
    ),
    "remove_from_channel": Sample("POST", r"conversations\.kick", {"channel": "C0TRIAGE", "user": "U0ADA"}),
    "set_purpose": Sample("POST", r"conversations\.setPurpose", {"channel": "C0TRIAGE", "purpose": "x"}),
    "set_topic": Sample("POST", r"conversations\.setTopic", {"channel": "C0TRIAGE", "topic": "x"}),
    "api_call": Sample(
        "POST",
        r"chat\.postMessage",
        {"method": "chat.postMessage", "parameters": {"channel": "C0GENERAL", "text": "x"}},
    ),
}

DEAD: dict[str, dict[str, Any]] = {
    code: {"status": 200, "body": {"ok": False, "error": code}} for code in ("token_revoked", "account_inactive")
}
"""How Slack says that credentials are dead, as its documentation words it, by our code."""
