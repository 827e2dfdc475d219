"""Events of the emulated Slack: signed deliveries to a request URL, repeated as the vendor repeats them."""

import asyncio
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from integrations_app.sandbox.deliver import Receipt
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.slack.settings import slack_settings
from integrations_app.sandbox.slack.state import Channel, EventDelivery, Installation, Message, slack_of
from integrations_app.sandbox.slack.views import message_view
from integrations_app.sandbox.world import World

Json = dict[str, Any]
KEPT = 500
OK = 200
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature over `v0:timestamp:body`."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def request_url(world: World, app: App) -> str:
    """Where this app's events go: where control says for all of them, else to its own URL; empty without either."""
    return slack_settings(world).request_url or app.request_url


def verify_request_url(world: World, app: App) -> None:
    """Send the `url_verification` challenge in the background and remember whether it was echoed."""
    url = request_url(world, app)
    if url:
        world.courier.start(_challenge(world, app, url))


async def _challenge(world: World, app: App, url: str) -> None:
    challenge = world.new_token(24)
    body = json.dumps({"token": "legacy-verification", "challenge": challenge, "type": "url_verification"}).encode()
    receipt = await world.courier.post(url, _headers(world, app, body), body, slack_settings(world).delivery_timeout)
    slack_of(world).request_url_verified[url] = receipt.accepted and challenge in receipt.body


def push(
    world: World, team_id: str, event: Json, only: str = "", channel: Channel | None = None, scope: str = ""
) -> None:
    """Send an event to every app installed in the workspace (or to the client `only`) that has the scope it needs.

    With a channel given, only apps whose bot is a member hear of it.
    """
    for installation in list(slack_of(world).installations.values()):
        app = world.app("slack", installation.client_id)
        if installation.team_id != team_id or app is None or (only and installation.client_id != only):
            continue
        if channel is not None and (not installation.active or installation.bot_user_id not in channel.members):
            continue
        if scope and scope not in installation.scopes:
            continue
        url = request_url(world, app)
        if url:
            world.courier.start(_deliver(world, app, url, _envelope(world, installation, event)))


def _envelope(world: World, installation: Installation, event: Json) -> Json:
    authorization = {"enterprise_id": None, "team_id": installation.team_id, "user_id": installation.bot_user_id}
    return {
        "token": "legacy-verification",
        "team_id": installation.team_id,
        "context_team_id": installation.team_id,
        "api_app_id": installation.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": slack_of(world).next_id("Ev"),
        "event_time": int(world.clock()),
        "authorizations": [authorization | {"is_bot": True, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
    }


def _headers(world: World, app: App, body: bytes, kind: str = "application/json") -> dict[str, str]:
    timestamp = str(int(world.clock()))
    return {
        "Content-Type": kind,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
    }


async def _deliver(world: World, app: App, url: str, envelope: Json) -> None:
    body = json.dumps(envelope).encode()
    record = EventDelivery(envelope["event_id"], envelope["event"]["type"], url, body.decode())
    slack_of(world).deliveries.append(record)
    del slack_of(world).deliveries[:-KEPT]
    retry: dict[str, str] = {}
    for number, delay in enumerate([0.0, *slack_settings(world).retry_delays]):
        if number:
            await asyncio.sleep(delay)
        headers = _headers(world, app, body) | retry
        receipt = await world.courier.post(url, headers, body, slack_settings(world).delivery_timeout)
        record.attempts.append(receipt.status)
        record.error = receipt.error
        if receipt.accepted or receipt.headers.get("x-slack-no-retry") == "1":
            return
        retry = {"X-Slack-Retry-Num": str(number + 1), "X-Slack-Retry-Reason": _reason(receipt)}


async def send_form(world: World, app: App, name: str, fields: dict[str, str]) -> Receipt | None:
    """Send what a person did: once, and nothing but a 200 counts. None without a request URL.

    Source: docs.slack.dev "Handling user interaction", "Slash commands": 3 seconds, no repetition.
    """
    url = request_url(world, app)
    if not url:
        return None
    body = urlencode(fields).encode()
    record = EventDelivery(slack_of(world).next_id("In"), name, url, body.decode())
    slack_of(world).deliveries.append(record)
    del slack_of(world).deliveries[:-KEPT]
    headers = _headers(world, app, body, "application/x-www-form-urlencoded")
    receipt = await world.courier.post(url, headers, body, slack_settings(world).delivery_timeout)
    record.attempts.append(receipt.status)
    record.error = receipt.error or ("" if receipt.status == OK else "anything but 200 is a failure")
    return receipt


def _reason(receipt: Receipt) -> str:
    if receipt.status:
        return "http_error"
    return "http_timeout" if receipt.error == "timeout" else "connection_failed"


def _history(channel: Channel) -> str:
    """The scope that lets an app hear what is written in a conversation of this kind."""
    prefix = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
    return f"{prefix[channel.kind]}:history"


def push_message(world: World, channel: Channel, message: Message, subtype: str = "") -> None:
    """Tell the apps in a channel about a message."""
    event = message_view(message, channel)
    event |= {"channel": channel.id, "channel_type": TYPES[channel.kind], "event_ts": message.ts}
    if subtype:
        event["subtype"] = subtype
    push(world, channel.team_id, event, channel=channel, scope=_history(channel))
    for installation in list(slack_of(world).installations.values()):
        if f"<@{installation.bot_user_id}>" in message.text and not message.bot_id:
            mention = event | {"type": "app_mention"}
            push(world, channel.team_id, mention, installation.client_id, channel, "app_mentions:read")


def push_change(world: World, channel: Channel, message: Message, before: Json, deleted: bool) -> None:
    """Tell the apps in a channel that a message was changed or removed; `before` is how it looked."""
    moment = slack_of(world).next_ts(world.clock())
    event: Json = {"type": "message", "subtype": "message_deleted" if deleted else "message_changed", "hidden": True}
    event |= {"channel": channel.id, "ts": moment, "event_ts": moment, "previous_message": before}
    event |= {"deleted_ts": message.ts} if deleted else {"message": message_view(message, channel)}
    push(world, channel.team_id, event, channel=channel, scope=_history(channel))


def push_reaction(world: World, channel: Channel, message: Message, name: str, user: str, added: bool) -> None:
    """Tell the apps in a channel that a reaction came or went."""
    event = {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item_user": message.user,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "event_ts": slack_of(world).next_ts(world.clock()),
    }
    push(world, channel.team_id, event, channel=channel, scope="reactions:read")
