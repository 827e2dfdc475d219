"""A Slack message: what is known of one, its limits and its timestamp."""

import json
import re
from typing import Any

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.slack.errors import too_long
from integrations_app.sdk.actions import Result

TEXT_LIMIT = 40_000
BLOCK_LIMIT = 50
BLOCKS_LIMIT = 13_000
MOST_ATTACHMENTS = 100
ATTACHMENTS_LIMIT = 100_000
"""Of ours: Slack names none, and what it answers must fit into a step's result."""
_BLOCK = "integrations_wait:"
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_TIMESTAMP = re.compile(r"\d{1,12}\.\d{6}")
_LINK = re.compile(r"https://[^/\s]+/archives/[A-Z0-9]+/p(\d{10})(\d{6})(?:\?\S*)?")


class Message(Result):
    """Where a message is."""

    channel: str
    ts: str
    thread_ts: str | None = None


class Posted(Message):
    """A message that was posted: its address, empty when Slack did not tell it in time, and how Slack shows it."""

    permalink: str = ""
    message: dict[str, Any] = Field(default={})


def slack_text(text: str) -> str:
    """`text` without Slack's control syntax: no mention, no link, no `<!channel>` comes out of it.

    The three characters of docs.slack.dev "Formatting message text"; what is escaped already, as the texts of
    Slack's own events are, stays as it is.
    """
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def read_timestamp(field: str, text: str) -> str:
    """The timestamp in `text`, which is one or a message's link; raises InvalidInput for `field`."""
    found = text.strip()
    if link := _LINK.fullmatch(found):
        return f"{link[1]}.{link[2]}"
    if not _TIMESTAMP.fullmatch(found):
        raise InvalidInput({field: "is neither a timestamp like 1700000000.123456 nor the link of a message"})
    return found


def check_text(text: str, blocks: list[dict[str, Any]] | None, attachments: list[dict[str, Any]] | None = None) -> None:
    """Slack cuts longer texts silently and refuses longer blocks: say so before anything is sent."""
    if len(text) > TEXT_LIMIT:
        raise too_long("text", TEXT_LIMIT)
    if not text.strip() and not blocks and not attachments:
        raise InvalidInput({"text": "is empty"})
    if blocks and len(blocks) > BLOCK_LIMIT:
        raise InvalidInput({"blocks": f"may hold at most {BLOCK_LIMIT} blocks"}, "", "input_too_long")
    if blocks and len(json.dumps(blocks)) > BLOCKS_LIMIT:
        raise too_long("blocks", BLOCKS_LIMIT)
    if attachments and len(attachments) > MOST_ATTACHMENTS:
        raise InvalidInput({"attachments": f"may hold at most {MOST_ATTACHMENTS} attachments"}, "", "input_too_long")
    if attachments and len(json.dumps(attachments)) > ATTACHMENTS_LIMIT:
        raise too_long("attachments", ATTACHMENTS_LIMIT)


def check_metadata(metadata: dict[str, Any] | None) -> None:
    """Metadata name an event and carry its payload; raises InvalidInput for anything else.

    Source: docs.slack.dev "Message metadata".
    """
    if metadata is None:
        return
    name, payload = metadata.get("event_type"), metadata.get("event_payload")
    if set(metadata) != {"event_type", "event_payload"} or not isinstance(payload, dict):
        raise InvalidInput({"metadata": "is an object of event_type and event_payload, itself an object"})
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput({"metadata": "has no event_type"})


def question_blocks(operation_id: str, text: str, choices: list[str]) -> list[dict[str, Any]]:
    """The text with a button per choice; the name of their block tells whose press it is."""
    elements = [
        {
            "type": "button",
            "action_id": f"choice_{number}",
            "text": {"type": "plain_text", "text": choice},
            "value": choice,
        }
        for number, choice in enumerate(choices)
    ]
    return [*answered_blocks(text), {"type": "actions", "block_id": f"{_BLOCK}{operation_id}", "elements": elements}]


def answered_blocks(*texts: str) -> list[dict[str, Any]]:
    """Texts without buttons."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts]


def operation_of(block_id: str) -> str:
    """The operation whose buttons stand in this block; empty for any other block."""
    return block_id.removeprefix(_BLOCK) if block_id.startswith(_BLOCK) else ""
