"""Every Slack action over HTTP against the emulated workspace, with its main refusals."""

import json
from typing import Any

import pytest

from integrations_app.errors import (
    InvalidInput,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.providers.slack.actions.messages import SendMessage
from integrations_app.providers.slack.oauth import OAUTH
from integrations_app.workflows.mapping import bind

HISTORY = [*OAUTH.default_scopes, "channels:history", "im:history"]


@pytest.fixture
def slack(connect: Any, sandbox: Any) -> Any:
    """A connection with no more than the default scopes: they must be enough for the core actions."""
    return connect("slack", access_token=sandbox.token("slack", scopes=list(OAUTH.default_scopes)))


@pytest.fixture
def reader(connect: Any, sandbox: Any) -> Any:
    """A connection whose token may read history too."""
    return connect("slack", access_token=sandbox.token("slack", scopes=HISTORY))


def written(sandbox: Any, channel: str) -> list[str]:
    return [message["text"] for message in sandbox.get("slack/messages", channel=channel)["messages"]]


async def several(slack: Any) -> None:
    """Three calls, as the minute may turn between two of them."""
    for _ in range(3):
        await slack.run("send_message", channel="C0GENERAL", text="x")


class TestSendMessage:
    async def test_posts_with_the_operation_in_the_metadata(self, slack: Any, sandbox: Any) -> None:
        sent = await slack.run("send_message", channel="C0GENERAL", text="Hello <!here> & all")
        assert sent.channel == "C0GENERAL"
        last = sandbox.get("slack/messages", channel="general")["messages"][-1]
        assert (last["ts"], last["text"]) == (sent.ts, "Hello <!here> & all")
        assert last["metadata"]["event_payload"] == {"operation": "run-1:step"}

    async def test_takes_a_name_and_blocks(self, slack: Any, sandbox: Any) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hi*"}}]
        sent = await slack.run("send_message", channel="#general", text="Hi", blocks=blocks)
        assert sent.channel == "C0GENERAL"
        last = sandbox.get("slack/messages", channel="general")["messages"][-1]
        assert last["blocks"][0]["text"]["text"] == "*Hi*"

    async def test_a_closed_channel_says_how_to_get_in(self, slack: Any) -> None:
        with pytest.raises(Rejected, match="Invite the app to the channel") as refused:
            await slack.run("send_message", channel="C0OPS0001", text="x")
        assert refused.value.code == "not_in_channel"

    @pytest.mark.parametrize(("channel", "code"), [("C0NOWHERE", "channel_not_found"), ("C0OLD0001", "is_archived")])
    async def test_other_channels_it_cannot_post_in(self, slack: Any, channel: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await slack.run("send_message", channel=channel, text="x")
        assert refused.value.code == code

    async def test_a_missing_permission_is_named(self, connect: Any, sandbox: Any) -> None:
        slack = connect("slack", access_token=sandbox.token("slack", scopes=["channels:read"]))
        with pytest.raises(MissingScope) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x")
        assert refused.value.needed == ("chat:write",)
        assert "channels:read" in refused.value.granted

    async def test_too_long_a_text_is_never_sent(self, slack: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x" * 5_000_000)
        assert (refused.value.code, list(refused.value.fields)) == ("input_too_long", ["text"])
        assert sandbox.requests("chat.postMessage") == []

    async def test_too_many_blocks_are_never_sent(self, slack: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x", blocks=[{"type": "divider"}] * 51)
        assert refused.value.code == "input_too_long"
        assert sandbox.requests("chat.postMessage") == []

    async def test_an_empty_text_is_refused(self, slack: Any) -> None:
        with pytest.raises(InvalidInput, match="empty"):
            await slack.run("send_message", channel="C0GENERAL", text=" ")

    async def test_a_rate_limit_says_how_long(self, slack: Any, sandbox: Any) -> None:
        sandbox.settings(slack={"rate_limit_per_minute": 1, "retry_after": 7})
        with pytest.raises(RateLimited) as refused:
            await several(slack)
        assert refused.value.after == 7

    @pytest.mark.parametrize("header", ["-1", "abc", ""])
    async def test_a_senseless_wait_is_left_to_the_caller(self, slack: Any, sandbox: Any, header: str) -> None:
        sandbox.fault(vendor="slack", path="postMessage", status=429, headers={"Retry-After": header})
        with pytest.raises(RateLimited) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x")
        assert refused.value.after is None


class TestOutsideText:
    """A step as a workflow makes it: inputs with variables, bound and run."""

    async def sent(self, slack: Any, sandbox: Any, title: str, **inputs: Any) -> dict[str, Any]:
        params = bind({"channel": "C0GENERAL"} | inputs, SendMessage, {"trigger": {"title": title}})
        await slack.run("send_message", **params.model_dump())
        last: dict[str, Any] = sandbox.get("slack/messages", channel="general")["messages"][-1]
        return last

    async def test_what_a_variable_puts_in_pings_nobody(self, slack: Any, sandbox: Any) -> None:
        title = "<!channel> <@U1> <https://evil.example|Sign in> & more"
        shown = "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|Sign in&gt; &amp; more"
        for text, expected in (("<!here> {{ trigger.title }}", f"<!here> {shown}"), ("{{ trigger.title }}", shown)):
            assert (await self.sent(slack, sandbox, title, text=text))["text"] == expected

    async def test_nor_in_a_layout_where_addresses_stay_whole(self, slack: Any, sandbox: Any) -> None:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "{{ trigger.title }}"}
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "<!here> {{ trigger.title }}"}}
        blocks = [section, {"type": "actions", "elements": [button]}]
        for given in (blocks, json.dumps(blocks)):
            last = await self.sent(slack, sandbox, "https://a.example/?b=<!channel>&c", text="x", blocks=given)
            text = last["blocks"][0]["text"]["text"]
            assert text == "<!here> https://a.example/?b=&lt;!channel&gt;&amp;c"
            assert last["blocks"][1]["elements"][0]["url"] == "https://a.example/?b=<!channel>&c"

    @pytest.mark.parametrize("title", ["Plain: 7 %, Grüße, *bold*", "escaped already: &lt;b&gt; &amp;"])
    async def test_plain_text_stays_as_it_is(self, slack: Any, sandbox: Any, title: str) -> None:
        assert (await self.sent(slack, sandbox, title, text="New: {{ trigger.title }}"))["text"] == f"New: {title}"


class TestDeadGrants:
    async def test_a_revoked_token_asks_for_a_person(self, slack: Any, sandbox: Any) -> None:
        sandbox.post("revoke", vendor="slack", all=True)
        with pytest.raises(ReconnectRequired) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x")
        assert refused.value.vendor_code == "token_revoked"

    async def test_an_uninstalled_app_too(self, slack: Any, sandbox: Any) -> None:
        sandbox.post("revoke", vendor="slack", all=True, uninstall=True)
        with pytest.raises(ReconnectRequired) as refused:
            await slack.provider.check(slack.client)
        assert refused.value.vendor_code == "account_inactive"

    async def test_an_expired_token_may_be_refreshed_first(self, slack: Any, sandbox: Any) -> None:
        sandbox.post("expire", vendor="slack", all=True)
        with pytest.raises(ReconnectRequired) as refused:
            await slack.run("send_message", channel="C0GENERAL", text="x")
        assert refused.value.vendor_code in slack.provider.expired_codes


class TestLostAnswers:
    @pytest.mark.parametrize("status", [0, 500, 502, 504])
    async def test_a_lost_answer_is_found_and_nothing_is_sent_twice(
        self, reader: Any, sandbox: Any, status: int
    ) -> None:
        sandbox.fault(vendor="slack", path="postMessage", effect="lose", status=status)
        params = {"channel": "C0GENERAL", "text": "only once"}
        with pytest.raises(OutcomeUnknown):
            await reader.run("send_message", **params)
        found = await reader.find("send_message", **params)
        assert written(sandbox, "general").count("only once") == 1
        assert found.ts == sandbox.get("slack/messages", channel="general")["messages"][-1]["ts"]
        assert len(sandbox.requests("chat.postMessage")) == 1

    @pytest.mark.parametrize("fault", [{"effect": "drip"}, {"delay": 5}, {"effect": "huge"}])
    async def test_an_answer_that_does_not_end_leaves_it_open(
        self, slack: Any, sandbox: Any, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(vendor="slack", path="postMessage", **fault)
        with pytest.raises(OutcomeUnknown):
            await slack.within(0.5).run("send_message", channel="C0GENERAL", text="x")

    async def test_a_read_that_does_not_end_may_be_asked_again(self, slack: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"auth\.test", effect="drip")
        with pytest.raises(Unavailable):
            await slack.provider.check(slack.within(0.5).client)

    async def test_a_broken_connection_before_acting_finds_nothing(self, reader: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postMessage", effect="drop")
        params = {"channel": "#general", "text": "never arrived"}
        with pytest.raises(OutcomeUnknown):
            await reader.run("send_message", **params)
        assert await reader.find("send_message", **params) is None

    async def test_without_the_history_permission_nobody_can_tell(self, slack: Any) -> None:
        with pytest.raises(MissingScope, match="channels:history"):
            await slack.find("send_message", channel="C0GENERAL", text="x")

    async def test_more_messages_than_are_read_leave_it_open(self, reader: Any, sandbox: Any) -> None:
        sandbox.fault(
            vendor="slack",
            path=r"conversations\.history",
            count=0,
            status=200,
            headers={"Content-Type": "application/json"},
            body={"ok": True, "messages": [], "response_metadata": {"next_cursor": "30"}},
        )
        with pytest.raises(Rejected, match="Too much"):
            await reader.find("send_message", channel="C0GENERAL", text="x")

    async def test_another_operation_is_not_taken_for_ours(self, reader: Any) -> None:
        await reader.run("send_message", "other", channel="C0GENERAL", text="x")
        assert await reader.find("send_message", "mine", channel="C0GENERAL", text="x") is None

    async def test_a_page_instead_of_an_answer_leaves_it_open(self, slack: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postMessage", status=200, body="<html>sign in to the network</html>")
        with pytest.raises(OutcomeUnknown):
            await slack.run("send_message", channel="C0GENERAL", text="x")

    async def test_a_bad_gateway_in_front_of_a_read_may_be_asked_again(self, slack: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"auth\.test", status=502, body="<html>bad gateway</html>")
        with pytest.raises(Unavailable):
            await slack.provider.check(slack.client)

    async def test_a_lost_answer_to_a_read_may_be_asked_again(self, slack: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"auth\.test", effect="drop")
        with pytest.raises(Unavailable):
            await slack.provider.check(slack.client)


class TestSendDm:
    async def test_writes_to_a_person(self, slack: Any, sandbox: Any) -> None:
        sent = await slack.run("send_dm", user="U0ADA", text="Hello Ada")
        assert sent.channel.startswith("D")
        assert written(sandbox, sent.channel) == ["Hello Ada"]

    @pytest.mark.parametrize(("user", "code"), [("U0NOBODY", "user_not_found"), ("U0LEFT001", "user_disabled")])
    async def test_people_who_cannot_be_written_to(self, slack: Any, user: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await slack.run("send_dm", user=user, text="x")
        assert refused.value.code == code

    async def test_a_lost_answer_is_found(self, reader: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postMessage", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await reader.run("send_dm", user="U0ADA", text="once")
        found = await reader.find("send_dm", user="U0ADA", text="once")
        assert written(sandbox, found.channel) == ["once"]


class TestPostToThread:
    async def test_replies(self, slack: Any, sandbox: Any) -> None:
        parent = await slack.run("send_message", channel="C0GENERAL", text="parent")
        reply = await slack.run("post_to_thread", channel="C0GENERAL", thread_ts=parent.ts, text="reply")
        last = sandbox.get("slack/messages", channel="general")["messages"][-1]
        assert (last["ts"], last["thread_ts"]) == (reply.ts, parent.ts)

    async def test_takes_the_link_of_a_message(self, slack: Any) -> None:
        parent = await slack.run("send_message", "a", channel="C0GENERAL", text="parent")
        link = f"https://acme.slack.com/archives/C0GENERAL/p{parent.ts.replace('.', '')}?thread_ts=1"
        reply = await slack.run("post_to_thread", channel="C0GENERAL", thread_ts=link, text="reply")
        assert reply.thread_ts == parent.ts

    async def test_no_timestamp_is_refused_before_sending(self, slack: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="thread_ts"):
            await slack.run("post_to_thread", channel="C0GENERAL", thread_ts="yesterday", text="x")
        assert sandbox.requests("chat.postMessage") == []

    async def test_no_such_thread(self, slack: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await slack.run("post_to_thread", channel="C0GENERAL", thread_ts="1700000000.000001", text="x")
        assert refused.value.code == "thread_not_found"

    async def test_a_lost_answer_is_found_in_the_thread(self, reader: Any, sandbox: Any) -> None:
        parent = await reader.run("send_message", "a", channel="C0GENERAL", text="parent")
        sandbox.fault(vendor="slack", path="postMessage", effect="lose")
        params = {"channel": "C0GENERAL", "thread_ts": parent.ts, "text": "once"}
        with pytest.raises(OutcomeUnknown):
            await reader.run("post_to_thread", **params)
        found = await reader.find("post_to_thread", **params)
        assert found.thread_ts == parent.ts
        assert written(sandbox, "general").count("once") == 1


class TestAddReaction:
    async def test_twice_is_success(self, slack: Any) -> None:
        message = await slack.run("send_message", channel="C0GENERAL", text="react")
        params = {"channel": "C0GENERAL", "timestamp": message.ts, "emoji": ":eyes:"}
        first, second = await slack.run("add_reaction", **params), await slack.run("add_reaction", **params)
        assert (first.already_reacted, second.already_reacted) == (False, True)
        assert first.emoji == "eyes"

    async def test_a_lost_answer_can_be_repeated(self, slack: Any, sandbox: Any) -> None:
        message = await slack.run("send_message", channel="C0GENERAL", text="react")
        sandbox.fault(vendor="slack", path=r"reactions\.add", effect="lose")
        params = {"channel": "C0GENERAL", "timestamp": message.ts, "emoji": "eyes"}
        with pytest.raises(OutcomeUnknown):
            await slack.run("add_reaction", **params)
        assert (await slack.run("add_reaction", **params)).already_reacted

    @pytest.mark.parametrize(
        ("emoji", "timestamp", "code"),
        [("no_such_emoji", "1700000000.000001", "invalid_name"), ("eyes", "1700000000.000001", "message_not_found")],
    )
    async def test_refusals(self, slack: Any, emoji: str, timestamp: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await slack.run("add_reaction", channel="C0GENERAL", timestamp=timestamp, emoji=emoji)
        assert refused.value.code == code
