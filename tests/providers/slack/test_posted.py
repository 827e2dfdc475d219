"""What posting gives back, its address above all; attachments, metadata, and people named by e-mail."""

from typing import Any, ClassVar

import pytest

from integrations_app.errors import InvalidInput, MissingScope, OutcomeUnknown, RateLimited, Rejected
from integrations_app.kit.egress import watched_by
from integrations_app.providers.slack.actions.messages import SendDm, SendMessage
from integrations_app.providers.slack.oauth import OAUTH
from integrations_app.workflows.mapping import bind

HELLO = {"channel": "C0GENERAL", "text": "Hello"}


def last(sandbox: Any, channel: str = "general") -> dict[str, Any]:
    found: dict[str, Any] = sandbox.get("slack/messages", channel=channel)["messages"][-1]
    return found


def at(ts: str) -> str:
    """The end of the address of a message."""
    return f"p{ts.replace('.', '')}"


class TestAddress:
    async def test_a_message_gives_its_address_and_how_slack_shows_it(self, full: Any) -> None:
        sent = await full.run("send_message", **HELLO)
        assert sent.permalink.endswith(at(sent.ts))
        assert (sent.message["text"], sent.message["ts"]) == ("Hello", sent.ts)

    async def test_so_do_a_direct_message_and_a_reply(self, full: Any) -> None:
        direct = await full.run("send_dm", "d", user="U0ADA", text="x")
        parent = await full.run("send_message", "p", **HELLO)
        reply = await full.run("post_to_thread", "r", channel="C0GENERAL", thread_ts=parent.ts, text="reply")
        assert direct.permalink.endswith(f"{direct.channel}#{at(direct.ts)}")
        assert reply.permalink.endswith(at(reply.ts))
        assert (reply.thread_ts, reply.message["thread_ts"]) == (parent.ts, parent.ts)

    @pytest.mark.parametrize(
        "fault",
        [
            {"effect": "drop"},
            {"effect": "lose"},
            {"status": 500},
            {"status": 429, "headers": {"Retry-After": "600"}},
            {"status": 200, "body": {"ok": False, "error": "message_not_found"}},
            {"status": 200, "body": {"ok": False, "error": "token_revoked"}},
            {"status": 200, "body": {"ok": True}},
            {"status": 200, "body": "<html>sign in to the network</html>"},
        ],
    )
    async def test_an_address_that_is_not_told_never_fails_nor_repeats_it(
        self, full: Any, sandbox: Any, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(vendor="slack", path="getPermalink", count=0, **fault)
        sent = await full.run("send_message", **HELLO)
        assert (sent.ts, sent.permalink) == (last(sandbox)["ts"], "")
        assert len(sandbox.requests("chat.postMessage")) == 1

    async def test_nor_does_one_that_is_told_too_late(
        self, full: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("integrations_app.providers.slack.permalinks.PATIENCE", 0.2)
        sandbox.fault(vendor="slack", path="getPermalink", effect="drip")
        assert (await full.run("send_message", **HELLO)).permalink == ""

    async def test_it_is_not_asked_for_where_the_calls_are_used_up(self, full: Any, sandbox: Any) -> None:
        spent = _Spent()
        with watched_by(spent):
            sent = await full.run("send_message", **HELLO)
        assert (sent.permalink, spent.kept) == ("", 1)
        assert sandbox.requests("chat.getPermalink") == []

    async def test_a_message_that_was_looked_for_has_one_too(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postMessage", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("send_message", **HELLO)
        found = await full.find("send_message", **HELLO)
        assert found.permalink.endswith(at(last(sandbox)["ts"]))
        assert found.message["text"] == "Hello"


class _Spent:
    """Looks on at the calls, and keeps those that ask for an address: their budget is used up."""

    kept = 0

    async def before(self, _method: str, url: str) -> object:
        if "getPermalink" in url:
            self.kept += 1
            raise RateLimited("Used up.", 30.0)
        return None

    def after(self, _ticket: object, _status: int | None, _headers: Any) -> None:
        """Nothing is counted here."""

    def turned_away(self, _after: float | None) -> None:
        """Nothing is counted here."""


class TestAttachments:
    FIELD: ClassVar = {"title": "Where", "value": "main"}
    BAR: ClassVar = [{"color": "#d73a4a", "fallback": "Broken", "text": "*Broken*", "fields": [FIELD]}]

    async def test_are_posted_with_a_text_or_instead_of_one(self, full: Any, sandbox: Any) -> None:
        for text in ("See below", ""):
            await full.run("send_message", f"t{text}", channel="C0GENERAL", text=text, attachments=self.BAR)
            assert (last(sandbox)["text"], last(sandbox)["attachments"]) == (text, self.BAR)

    async def test_what_a_variable_puts_in_pings_nobody(self, full: Any, sandbox: Any) -> None:
        one = {"title": "{{ trigger.t }}", "title_link": "https://a.example/?a&b", "text": "<!here> {{ trigger.t }}"}
        inputs = HELLO | {"attachments": [one]}
        params = bind(inputs, SendMessage, {"trigger": {"t": "<!channel>"}})
        await full.run("send_message", **params.model_dump())
        assert last(sandbox)["attachments"] == [
            {"title": "&lt;!channel&gt;", "title_link": "https://a.example/?a&b", "text": "<!here> &lt;!channel&gt;"}
        ]

    @pytest.mark.parametrize("attachments", [[{"text": "x"}] * 101, [{"text": "x" * 100_001}]])
    async def test_too_many_and_too_long_ones_are_never_sent(
        self, full: Any, sandbox: Any, attachments: list[dict[str, Any]]
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await full.run("send_message", **HELLO, attachments=attachments)
        assert (refused.value.code, list(refused.value.fields)) == ("input_too_long", ["attachments"])
        assert sandbox.requests("chat.postMessage") == []


class TestMetadata:
    DEPLOYED: ClassVar = {"event_type": "deployed", "event_payload": {"version": "1.2"}}

    async def test_are_posted_and_the_message_is_found_by_them_all_the_same(self, full: Any, sandbox: Any) -> None:
        params = HELLO | {"metadata": self.DEPLOYED}
        sandbox.fault(vendor="slack", path="postMessage", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("send_message", **params)
        there = last(sandbox)["metadata"]
        assert there["event_type"] == "deployed"
        assert there["event_payload"] == {"version": "1.2", "integrations_operation": "run-1:step"}
        assert (await full.find("send_message", **params)).ts == last(sandbox)["ts"]
        assert await full.find("send_message", "another", **params) is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"event_type": "deployed"},
            {"event_type": "deployed", "event_payload": "1.2"},
            {"event_type": " ", "event_payload": {}},
            {"event_type": 1, "event_payload": {}},
            {"event_type": "deployed", "event_payload": {}, "more": 1},
        ],
    )
    async def test_others_are_never_sent(self, full: Any, sandbox: Any, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match="metadata"):
            await full.run("send_message", **HELLO, metadata=wrong)
        assert sandbox.requests("chat.postMessage") == []


class TestPeopleByAddress:
    async def test_somebody_is_written_to_by_address(self, full: Any, sandbox: Any) -> None:
        by_id = await full.run("send_dm", "a", user="U0ADA", text="by id")
        by_address = await full.run("send_dm", "b", user=" ada@acme.example ", text="by address")
        assert by_address.channel == by_id.channel
        assert last(sandbox, by_id.channel)["text"] == "by address"

    async def test_an_id_is_not_looked_up(self, full: Any, sandbox: Any) -> None:
        await full.run("send_dm", user="U0ADA", text="x")
        assert sandbox.requests("lookupByEmail") == []

    async def test_a_lost_answer_is_found(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="postMessage", effect="lose")
        params = {"user": "ada@acme.example", "text": "once"}
        with pytest.raises(OutcomeUnknown):
            await full.run("send_dm", **params)
        found = await full.find("send_dm", **params)
        assert last(sandbox, found.channel)["text"] == "once"
        assert len(sandbox.requests("chat.postMessage")) == 1

    async def test_the_permission_is_named_and_asked_for_addresses_only(self, connect: Any, sandbox: Any) -> None:
        slack = connect("slack", access_token=sandbox.token("slack", scopes=list(OAUTH.default_scopes)))
        await slack.run("send_dm", user="U0ADA", text="x")
        with pytest.raises(MissingScope) as refused:
            await slack.run("send_dm", user="ada@acme.example", text="x")
        assert refused.value.needed == ("users:read.email",)
        assert "users:read.email" in OAUTH.optional_scopes

    @pytest.mark.parametrize("address", ["nobody@acme.example", "left@acme.example"])
    async def test_nobody_has_the_address(self, full: Any, sandbox: Any, address: str) -> None:
        with pytest.raises(Rejected, match="e-mail") as refused:
            await full.run("send_dm", user=address, text="x")
        assert refused.value.code == "users_not_found"
        assert sandbox.requests("chat.postMessage") == []

    async def test_a_question_goes_to_an_address_too(self, full: Any, sandbox: Any) -> None:
        asked = await full.run("send_and_wait", user="ada@acme.example", text="Shall we?")
        assert last(sandbox, asked.state["channel"])["text"] == "Shall we?"

    async def test_its_picker_is_live(self, full: Any) -> None:
        assert [c.value for c in (await full.choices(SendDm, "user", "lovelace")).choices] == ["U0ADA"]
