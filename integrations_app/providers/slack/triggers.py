"""What can start a workflow in Slack: messages, mentions, reactions, commands, buttons and forms.

Nothing that the app itself does starts one, so that a workflow cannot set itself off.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from integrations_app.providers.slack.choices import list_channels
from integrations_app.providers.slack.wording import check_pattern, matches
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.triggers import Inbound, Trigger

_EXAMPLES = Path(__file__).parent / "examples"
_WRITTEN = frozenset({"", "file_share", "me_message", "thread_broadcast", "bot_message"})
"""Subtypes of messages that somebody wrote; the others tell of changes, deletions, joins and the like."""
_DIRECT = frozenset({"im", "mpim"})


class InChannel(Params):
    """Where to listen."""

    channel: Annotated[str, Choices(list_channels)] = Field(
        default="", title="Channel", description="None: everywhere the app is."
    )


class OnWords(InChannel):
    """Which texts count."""

    contains: str = Field(default="", title="Contains", description="This text, in capitals or not; none: any text.")


class OnMessage(OnWords):
    """Which messages count."""

    pattern: Annotated[str, AfterValidator(check_pattern)] = Field(
        default="", title="Matches", description="A regular expression found in the text; (?i) ignores capitals."
    )
    where: Literal["anywhere", "channels", "direct_messages"] = Field(default="anywhere", title="Where")
    threads: Literal["all", "no_replies", "only_replies"] = Field(default="all", title="Threads")
    from_bots: bool = Field(
        default=False, title="Also of other bots", description="Messages of this app never start anything."
    )


class OnMention(OnWords):
    """Which mentions of the app count."""


class OnReaction(InChannel):
    """Which reactions count."""

    change: Literal["added", "removed", "both"] = Field(default="added", title="When it is")
    emoji: list[str] = Field(default=[], title="Emoji", description="Names such as eyes; none: every emoji.")


class OnCommand(InChannel):
    """Which commands count."""

    command: str = Field(default="", title="Command", description="Such as /deploy; none: every command of the app.")


class OnInteraction(InChannel):
    """Which buttons, menus and forms count."""

    identifier: str = Field(
        default="", title="Identifier", description="The action_id of the button or the form's callback_id; none: all."
    )


def matches_message(inbound: Inbound, config: OnMessage) -> bool:
    """Whether somebody but the app wrote this message, where and how the config says."""
    event = _event(inbound)
    subtype = str(event.get("subtype") or "")
    if not _in_channel(event.get("channel"), config) or subtype not in _WRITTEN or _is_own(inbound, event):
        return False
    is_bot = bool(event.get("bot_id")) or subtype == "bot_message"
    is_direct = event.get("channel_type") in _DIRECT
    is_reply = bool(event.get("thread_ts")) and event.get("thread_ts") != event.get("ts")
    return (
        (config.from_bots or not is_bot)
        and (config.where == "anywhere" or (config.where == "direct_messages") == is_direct)
        and (config.threads == "all" or (config.threads == "only_replies") == is_reply)
        and _has_words(event, config)
        and (not config.pattern or matches(config.pattern, str(event.get("text", ""))))
    )


def matches_mention(inbound: Inbound, config: OnMention) -> bool:
    """Whether a person mentioned the app."""
    event = _event(inbound)
    if not _in_channel(event.get("channel"), config) or event.get("bot_id") or _is_own(inbound, event):
        return False
    return _has_words(event, config)


def matches_reaction(inbound: Inbound, config: OnReaction) -> bool:
    """Whether somebody but the app reacted so; skin tones do not matter."""
    event = _event(inbound)
    item = event.get("item")
    channel = item.get("channel") if isinstance(item, Mapping) else None
    if not _in_channel(channel, config) or _is_own(inbound, event):
        return False
    if config.change != "both" and inbound.kind != f"reaction_{config.change}":
        return False
    wanted = {_plain_emoji(name) for name in config.emoji if name.strip()}
    return not wanted or _plain_emoji(str(event.get("reaction", ""))) in wanted


def matches_command(inbound: Inbound, config: OnCommand) -> bool:
    """Whether it is the command, with or without its slash."""
    given, wanted = str(inbound.payload.get("command") or ""), config.command.strip().removeprefix("/").lower()
    if not given or not _in_channel(inbound.payload.get("channel_id"), config):
        return False
    return not wanted or given.removeprefix("/").lower() == wanted


def matches_interaction(inbound: Inbound, config: OnInteraction) -> bool:
    """Whether it is the button or the form."""
    payload, view = inbound.payload, inbound.payload.get("view")
    pressed = [str(one.get("action_id", "")) for one in payload.get("actions") or () if isinstance(one, Mapping)]
    named = [*pressed, *([str(view.get("callback_id", ""))] if isinstance(view, Mapping) else [])]
    channel = payload.get("channel")
    place = channel.get("id") if isinstance(channel, Mapping) else ""
    wanted = config.identifier.strip()
    in_place = not config.channel.strip() or _in_channel(place, config)
    return bool(named) and in_place and (not wanted or wanted in named)


def _event(inbound: Inbound) -> Mapping[str, Any]:
    event = inbound.payload.get("event")
    return event if isinstance(event, Mapping) else {}


def _in_channel(channel: object, config: InChannel) -> bool:
    return bool(channel) and (not config.channel.strip() or channel == config.channel.strip())


def _has_words(event: Mapping[str, Any], config: OnWords) -> bool:
    return config.contains.casefold() in str(event.get("text", "")).casefold()


def _plain_emoji(name: str) -> str:
    return name.strip().strip(":").partition("::")[0]


def _is_own(inbound: Inbound, event: Mapping[str, Any]) -> bool:
    """Whether the app did this itself: by its app id, or as the bot that the event was sent to."""
    app = inbound.payload.get("api_app_id")
    if app and event.get("app_id") == app:
        return True
    sent_to = inbound.payload.get("authorizations")
    bots = [one.get("user_id") for one in sent_to if isinstance(one, Mapping)] if isinstance(sent_to, list) else []
    return event.get("user") in [bot for bot in bots if bot]


def _trigger(
    key: str,
    title: str,
    description: str,
    config: type[InChannel],
    kinds: tuple[str, ...],
    matching: Callable[[Inbound, Any], bool],
    *scopes: str,
) -> Trigger:
    return Trigger(
        key=key,
        title=title,
        description=description,
        config=config,
        kinds=kinds,
        matches=matching,
        example=json.loads((_EXAMPLES / f"{key}.json").read_text(encoding="utf-8")),
        scopes=scopes,
    )


TRIGGERS = (
    _trigger(
        "message",
        "Message",
        "Somebody writes where the app is: in a channel, in a thread or to the app itself.",
        OnMessage,
        ("message",),
        matches_message,
        "channels:history",
    ),
    _trigger(
        "mention",
        "Mention",
        "Somebody mentions the app in a channel it is in.",
        OnMention,
        ("app_mention",),
        matches_mention,
        "app_mentions:read",
    ),
    _trigger(
        "reaction",
        "Reaction",
        "Somebody adds an emoji to a message, or takes it back.",
        OnReaction,
        ("reaction_added", "reaction_removed"),
        matches_reaction,
        "reactions:read",
    ),
    _trigger(
        "command",
        "Slash command",
        "Somebody types a slash command of the app.",
        OnCommand,
        ("slash_command",),
        matches_command,
        "commands",
    ),
    _trigger(
        "interaction",
        "Button or form",
        "Somebody presses a button or uses a menu of the app's message, or sends a form.",
        OnInteraction,
        ("block_actions", "view_submission"),
        matches_interaction,
    ),
)
