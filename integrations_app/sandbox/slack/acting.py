"""What people do in the emulated Slack: write, react, type commands, press buttons; apps hear of it."""

import json
from dataclasses import dataclass
from typing import Any

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.deliver import Receipt
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.people import EMOJI
from integrations_app.sandbox.slack.state import Channel, Installation, Message, Team, slack_of
from integrations_app.sandbox.slack.views import message_view
from integrations_app.sandbox.world import World


class WrongMessage(WrongCall):
    """A message that cannot be written: unknown channel, person or thread, or no text."""


@dataclass(frozen=True)
class Pressed:
    """Which button of which message."""

    ts: str
    block_id: str
    action_id: str


def write_as(world: World, team: Team, channel_name: str, user_id: str, text: str, thread_ts: str = "") -> Message:
    """A person writes a message and the apps in the channel hear of it; raises WrongMessage."""
    name = channel_name.removeprefix("#")
    channel = next((c for c in team.channels.values() if name in (c.id, c.name)), None)
    if channel is None or user_id not in team.users or not text.strip():
        raise WrongMessage("channel, user and text must be given and known")
    if thread_ts and channel.message(thread_ts) is None:
        raise WrongMessage("no such thread")
    message = Message(slack_of(world).next_ts(world.clock()), user_id, text, team.id, thread_ts=thread_ts)
    channel.messages.append(message)
    events.push_message(world, channel, message)
    return message


def react(world: World, team: Team, channel: Channel, user_id: str, ts: str, name: str, *, added: bool) -> None:
    """A person adds a reaction or takes it back; nothing happens when it is so already. Raises WrongMessage."""
    message = channel.message(ts)
    if message is None or name not in EMOJI or user_id not in team.users:
        raise WrongMessage("unknown message, emoji or person")
    who = message.reactions.setdefault(name, [])
    if (user_id in who) is not added:
        (who.append if added else who.remove)(user_id)
        events.push_reaction(world, channel, message, name, user_id, added=added)
    if not who:
        del message.reactions[name]


async def command(world: World, team: Team, channel: Channel, user_id: str, text: str) -> None:
    """A person types a slash command: every app with the permission that is in the workspace hears of it.

    What an app answers is shown to that person alone. Raises WrongMessage when no app has commands.
    """
    if user_id not in team.users:
        raise WrongMessage("unknown person")
    name, _, rest = text.strip().partition(" ")
    heard = False
    for installation, app in _installed(world, team):
        if "commands" not in installation.scopes:
            continue
        fields = {"token": "legacy-verification", "team_id": team.id, "team_domain": team.domain}
        fields |= {"channel_id": channel.id, "channel_name": "directmessage" if channel.is_im else channel.name}
        fields |= {"user_id": user_id, "user_name": team.users[user_id].name, "command": name, "text": rest.strip()}
        fields |= {"api_app_id": installation.app_id, "is_enterprise_install": "false"}
        fields |= _moment(world)
        receipt = await events.send_form(world, app, "slash_command", fields)
        heard = heard or receipt is not None
        _show(world, channel, installation, user_id, f"{name} failed", receipt)
    if not heard:
        raise WrongMessage(f"{name} is not a valid command: no app in this workspace has commands")


async def press(world: World, team: Team, channel: Channel, user_id: str, pressed: Pressed) -> None:
    """A person presses a button of an app's message; raises WrongMessage when it is not there."""
    message = next((one for one in channel.messages if one.ts == pressed.ts), None)
    button = next((one for one in buttons_of(message) if one["action_id"] == pressed.action_id), None)
    found = [pair for pair in _installed(world, team) if message is not None and pair[0].app_id == message.app_id]
    if message is None or button is None or user_id not in team.users or not found:
        raise WrongMessage("unknown message, button or person")
    installation, app = found[0]
    person = team.users[user_id]
    action = button | {"type": "button", "action_ts": slack_of(world).next_ts(world.clock())}
    container = {"type": "message", "message_ts": message.ts, "channel_id": channel.id, "is_ephemeral": False}
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": team.id},
        "api_app_id": installation.app_id,
        "token": "legacy-verification",
        "container": container,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": message_view(message, channel, metadata=True),
        "actions": [action],
    } | _moment(world)
    receipt = await events.send_form(world, app, "block_actions", {"payload": json.dumps(payload)})
    if receipt is None or receipt.status != events.OK:
        _show(world, channel, installation, user_id, "The app did not answer", receipt)


def buttons_of(message: Message | None) -> list[dict[str, Any]]:
    """The buttons in a message's blocks, as an interaction names them."""
    found = []
    for place, block in enumerate(message.blocks if message else ()):
        elements = block.get("elements") if block.get("type") == "actions" else [block.get("accessory")]
        for number, one in enumerate(elements or ()):
            if isinstance(one, dict) and one.get("type") == "button":
                named = {"action_id": str(one.get("action_id") or f"a{place}.{number}")}
                named["block_id"] = str(block.get("block_id") or f"b{place}")
                found.append(named | {name: one[name] for name in ("text", "value") if name in one})
    return found


def _installed(world: World, team: Team) -> list[tuple[Installation, App]]:
    here = [one for one in slack_of(world).installations.values() if one.team_id == team.id and one.active]
    found = [(one, world.app("slack", one.client_id)) for one in here]
    return [(one, app) for one, app in found if app is not None]


def _moment(world: World) -> dict[str, str]:
    """What an app could open a form with. Unlike the vendor we give no response_url: nothing would answer there."""
    return {"trigger_id": f"{slack_of(world).next_id('1')}.{world.new_token(8)}"}


def _show(
    world: World, channel: Channel, installation: Installation, user_id: str, failure: str, receipt: Receipt | None
) -> None:
    """What the app's answer says to the person who acted; nothing when it says nothing."""
    if receipt is None:
        return
    said = receipt.body if receipt.status == events.OK else f"{failure} ({receipt.status or receipt.error})"
    if not said.strip():
        return
    message = Message(slack_of(world).next_ts(world.clock()), installation.bot_user_id, said, channel.team_id)
    message.bot_id, message.app_id, message.only_for = installation.bot_id, installation.app_id, user_id
    channel.messages.append(message)
