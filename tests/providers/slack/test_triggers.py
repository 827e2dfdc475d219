"""Which deliveries start a workflow, and which never do."""

import time
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from integrations_app.providers.slack import provider
from integrations_app.providers.slack.triggers import OnMessage
from integrations_app.sdk.triggers import Inbound


def starts(key: str, kind: str = "", config: dict[str, Any] | None = None, **changes: Any) -> bool:
    """Whether the trigger's own example, with these members of its event changed, starts a workflow."""
    trigger = provider.trigger(key)
    assert trigger is not None
    payload: dict[str, Any] = deepcopy(dict(trigger.example))
    payload.get("event", payload).update(changes)
    return trigger.matches(Inbound(kind or trigger.kinds[0], "1", payload), trigger.config.model_validate(config or {}))


class TestMessage:
    @pytest.mark.parametrize(
        ("config", "changes", "expected"),
        [
            ({}, {}, True),
            ({"channel": "C0123ABCD"}, {}, True),
            ({"channel": "C0OTHER00"}, {}, False),
            ({"contains": "BROKEN"}, {}, True),
            ({"contains": "fixed"}, {}, False),
            ({"pattern": "^The .* again$"}, {}, True),
            ({"pattern": "(?i)BUILD|deploy"}, {}, True),
            ({"pattern": "^build"}, {}, False),
            ({"where": "direct_messages"}, {}, False),
            ({"where": "direct_messages"}, {"channel_type": "im"}, True),
            ({"where": "channels"}, {"channel_type": "im"}, False),
            ({"threads": "only_replies"}, {}, False),
            ({"threads": "only_replies"}, {"thread_ts": "1515449000.000001"}, True),
            ({"threads": "no_replies"}, {"thread_ts": "1515449000.000001"}, False),
            ({"threads": "no_replies"}, {"thread_ts": "1515449438.000011"}, True),
            ({}, {"subtype": "file_share"}, True),
            ({}, {"subtype": "message_changed"}, False),
            ({}, {"subtype": "channel_join"}, False),
        ],
    )
    def test_where_and_what(self, config: dict[str, Any], changes: dict[str, Any], expected: bool) -> None:
        assert starts("message", config=config, **changes) is expected

    def test_bots_count_only_when_asked_for(self) -> None:
        bots: list[dict[str, Any]] = [{"bot_id": "B1"}, {"subtype": "bot_message"}]
        for bot in bots:
            assert not starts("message", **bot)
            assert starts("message", config={"from_bots": True}, **bot)

    def test_the_apps_own_messages_never_start_anything(self) -> None:
        for own in ({"app_id": "A0FFV41KK", "bot_id": "B1"}, {"user": "U0LAN0Z89"}):
            assert not starts("message", config={"from_bots": True}, **own)

    @pytest.mark.parametrize("event", [None, "text", [], {"channel": ["C0123ABCD"], "text": None}])
    def test_odd_payloads_are_read(self, event: Any) -> None:
        trigger = provider.trigger("message")
        assert trigger is not None
        found = trigger.matches(Inbound("message", "1", {"event": event, "authorizations": "x"}), OnMessage())
        assert found is (event == {"channel": ["C0123ABCD"], "text": None})


class TestPatterns:
    @pytest.mark.parametrize("pattern", ["(", "a{1000}{1000}", "x{2}", "(a)\\1", "(?=a)", "a" * 201])
    def test_what_cannot_be_bounded_is_refused(self, pattern: str) -> None:
        with pytest.raises(ValidationError, match="pattern"):
            OnMessage(pattern=pattern)

    @pytest.mark.parametrize("pattern", ["(a*)*b$", "(a+)+$b", "(a|a)*b$", "(\\w*\\W*)*\\d$", "(.*a|.*b)*\\d$"])
    def test_patterns_that_explode_elsewhere_do_not_here(self, pattern: str) -> None:
        """Backtracking engines take longer than the universe; a second is a thousand times what this takes."""
        began = time.process_time()
        assert not starts("message", config={"pattern": pattern}, text="a" * 40_000 + "!")
        assert time.process_time() - began < 1


class TestMention:
    @pytest.mark.parametrize(
        ("config", "changes", "expected"),
        [
            ({}, {}, True),
            ({"contains": "river"}, {}, True),
            ({"contains": "sea"}, {}, False),
            ({"channel": "C0OTHER00"}, {}, False),
            ({}, {"bot_id": "B1"}, False),
            ({}, {"user": "U0LAN0Z89"}, False),
        ],
    )
    def test_who_and_what(self, config: dict[str, Any], changes: dict[str, Any], expected: bool) -> None:
        assert starts("mention", config=config, **changes) is expected


class TestReaction:
    @pytest.mark.parametrize(
        ("config", "kind", "changes", "expected"),
        [
            ({}, "reaction_added", {}, True),
            ({}, "reaction_removed", {}, False),
            ({"change": "removed"}, "reaction_removed", {}, True),
            ({"change": "both"}, "reaction_removed", {}, True),
            ({"emoji": [":eyes:", "tada"]}, "reaction_added", {}, True),
            ({"emoji": ["thumbsup"]}, "reaction_added", {"reaction": "thumbsup::skin-tone-2"}, True),
            ({"emoji": ["tada"]}, "reaction_added", {}, False),
            ({"channel": "C0123ABCD"}, "reaction_added", {}, True),
            ({"channel": "C0OTHER00"}, "reaction_added", {}, False),
            ({}, "reaction_added", {"user": "U0LAN0Z89"}, False),
            ({}, "reaction_added", {"item": "a file"}, False),
        ],
    )
    def test_which(self, config: dict[str, Any], kind: str, changes: dict[str, Any], expected: bool) -> None:
        assert starts("reaction", kind, config, **changes) is expected


class TestCommand:
    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({}, True),
            ({"command": "/deploy"}, True),
            ({"command": " Deploy "}, True),
            ({"command": "/deploy-all"}, False),
            ({"channel": "C0123ABCD"}, True),
            ({"channel": "C0OTHER00"}, False),
        ],
    )
    def test_which(self, config: dict[str, Any], expected: bool) -> None:
        assert starts("command", config=config) is expected


class TestInteraction:
    @pytest.mark.parametrize(
        ("config", "changes", "expected"),
        [
            ({}, {}, True),
            ({"identifier": "approve"}, {}, True),
            ({"identifier": "reject"}, {}, False),
            ({"channel": "C0OTHER00"}, {}, False),
            ({"identifier": "form"}, {"actions": None, "channel": None, "view": {"callback_id": "form"}}, True),
            ({"channel": "C0123ABCD"}, {"actions": None, "channel": None, "view": {"callback_id": "form"}}, False),
        ],
    )
    def test_which(self, config: dict[str, Any], changes: dict[str, Any], expected: bool) -> None:
        assert starts("interaction", config=config, **changes) is expected


async def test_the_channel_is_picked_live(full: Any) -> None:
    assert [c.value for c in (await full.choices(OnMessage, "channel", "tri")).choices] == ["C0TRIAGE"]
