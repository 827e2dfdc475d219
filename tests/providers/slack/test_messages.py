"""Messages changed, deleted, shown to one person, and the finer points of sending them."""

from dataclasses import replace
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, MissingScope, OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.messages import SendEphemeral, UpdateMessage
from integrations_app.sdk.actions import Repeat
from integrations_app.workflows.mapping import bind


def last(sandbox: Any, channel: str = "general") -> dict[str, Any]:
    found: dict[str, Any] = sandbox.get("slack/messages", channel=channel)["messages"][-1]
    return found


async def again(connected: Any, action: str, **params: Any) -> Any:
    """The second attempt of a step whose first got no answer."""
    found = connected.provider.action(action)
    return await found.run(found.params(**params), replace(connected.context(), attempt=2))


class TestHowItIsSent:
    async def test_under_another_name_and_without_previews(self, full: Any, sandbox: Any) -> None:
        await full.run(
            "send_message",
            channel="C0GENERAL",
            text="x",
            username="Deployer",
            icon_emoji="robot_face",
            no_previews=True,
        )
        assert last(sandbox)["username"] == "Deployer"
        [call] = sandbox.requests("chat.postMessage")
        assert ":robot_face:" in call["body"]
        assert "unfurl_links" in call["body"]

    async def test_another_name_needs_its_permission(self, connect: Any, sandbox: Any) -> None:
        slack = connect("slack", access_token=sandbox.token("slack", scopes=["chat:write"]))
        with pytest.raises(MissingScope, match=r"chat:write\.customize"):
            await slack.run("send_message", channel="C0GENERAL", text="x", username="Deployer")

    async def test_a_reply_is_shown_in_the_channel_too(self, full: Any) -> None:
        parent = await full.run("send_message", "a", channel="C0GENERAL", text="parent")
        params = {"channel": "C0GENERAL", "thread_ts": parent.ts, "text": "loud", "reply_broadcast": True}
        await full.run("post_to_thread", "b", **params)
        history = await full.run("get_history", channel="C0GENERAL", limit=1)
        assert history.messages[0]["text"] == "loud"

    async def test_a_direct_message_takes_blocks(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_dm", user="U0ADA", text="x", blocks=[{"type": "divider"}])
        assert last(sandbox, sent.channel)["blocks"] == [{"type": "divider"}]


class TestUpdateMessage:
    async def test_changes_text_and_takes_blocks_off(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="one", blocks=[{"type": "divider"}])
        changed = await full.run("update_message", channel="#general", ts=sent.ts, text="two")
        assert (changed.channel, changed.ts) == ("C0GENERAL", sent.ts)
        assert last(sandbox)["text"] == "two"
        assert "blocks" not in last(sandbox)

    async def test_a_lost_answer_can_be_repeated(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="one")
        sandbox.fault(vendor="slack", path=r"chat\.update", effect="lose")
        params = {"channel": "C0GENERAL", "ts": sent.ts, "text": "two"}
        with pytest.raises(OutcomeUnknown):
            await full.run("update_message", **params)
        assert (await again(full, "update_message", **params)).ts == sent.ts

    async def test_what_a_variable_puts_in_pings_nobody(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="one")
        inputs = {"channel": "C0GENERAL", "ts": sent.ts, "text": "<!here> {{ trigger.title }}"}
        params = bind(inputs, UpdateMessage, {"trigger": {"title": "<!channel>"}})
        await full.run("update_message", **params.model_dump())
        assert last(sandbox)["text"] == "<!here> &lt;!channel&gt;"

    async def test_messages_of_others_are_refused(self, full: Any, sandbox: Any) -> None:
        ts = sandbox.post("slack/messages", channel="general", text="mine")["ts"]
        with pytest.raises(Rejected, match="own messages") as refused:
            await full.run("update_message", channel="C0GENERAL", ts=ts, text="x")
        assert refused.value.code == "cant_update_message"

    async def test_no_timestamp_and_no_text_are_never_sent(self, full: Any, sandbox: Any) -> None:
        for wrong in ({"ts": "yesterday", "text": "x"}, {"ts": "1700000000.000001", "text": " "}):
            with pytest.raises(InvalidInput):
                await full.run("update_message", channel="C0GENERAL", **wrong)
        assert sandbox.requests("chat.update") == []


class TestDeleteMessage:
    async def test_deletes(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="gone soon")
        assert not (await full.run("delete_message", channel="C0GENERAL", ts=sent.ts)).already_deleted
        assert last(sandbox)["text"] != "gone soon"

    async def test_after_a_lost_answer_what_is_gone_is_gone(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="x")
        sandbox.fault(vendor="slack", path=r"chat\.delete", effect="lose")
        params = {"channel": "C0GENERAL", "ts": sent.ts}
        with pytest.raises(OutcomeUnknown):
            await full.run("delete_message", **params)
        assert (await again(full, "delete_message", **params)).already_deleted

    async def test_what_was_never_there_is_an_error(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("delete_message", channel="C0GENERAL", ts="1700000000.000001")
        assert refused.value.code == "message_not_found"


class TestSendEphemeral:
    async def test_is_shown_to_one_person(self, full: Any, sandbox: Any) -> None:
        shown = await full.run("send_ephemeral", channel="C0TRIAGE", user="U0ADA", text="psst")
        assert shown.message_ts == last(sandbox, "triage")["ts"]
        assert all(one["text"] != "psst" for one in (await full.run("get_history", channel="C0TRIAGE")).messages)

    async def test_somebody_outside_the_channel(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("send_ephemeral", channel="C0TRIAGE", user="U0KEN", text="psst")
        assert refused.value.code == "user_not_in_channel"

    async def test_a_lost_answer_is_for_a_person_to_decide(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postEphemeral", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("send_ephemeral", channel="C0TRIAGE", user="U0ADA", text="psst")
        assert full.provider.action("send_ephemeral").repeat is Repeat.UNKNOWABLE

    async def test_its_pickers_are_live(self, full: Any) -> None:
        assert [c.value for c in (await full.choices(SendEphemeral, "user", "lovelace")).choices] == ["U0ADA"]
        assert [c.value for c in (await full.choices(SendEphemeral, "channel", "tri")).choices] == ["C0TRIAGE"]


class TestRemoveReaction:
    async def test_twice_is_success(self, full: Any, sandbox: Any) -> None:
        sent = await full.run("send_message", channel="C0GENERAL", text="x")
        params = {"channel": "#general", "timestamp": sent.ts, "emoji": ":eyes:"}
        await full.run("add_reaction", **params)
        sandbox.fault(vendor="slack", path=r"reactions\.remove", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("remove_reaction", **params)
        assert (await full.run("remove_reaction", **params)).already_removed
        assert "reactions" not in last(sandbox)

    async def test_no_such_emoji(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("remove_reaction", channel="C0GENERAL", timestamp="1700000000.000001", emoji="nonsense")
        assert refused.value.code == "invalid_name"
