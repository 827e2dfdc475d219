"""Any method of the Web API: called, judged by its name, refused where it is about the access."""

from typing import Any, ClassVar

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected, Unavailable
from integrations_app.providers.slack.actions.calling import MOST_PAGES, ApiCall, reads, repeat_of
from integrations_app.sdk.actions import Repeat
from integrations_app.workflows.mapping import bind
from integrations_app.workflows.steps import MAX_OUTPUT_BYTES


async def test_the_answer_comes_under_slacks_names(full: Any) -> None:
    found = await full.run("api_call", method="conversations.members", parameters={"channel": "C0TRIAGE", "limit": 2})
    assert (found.ok, len(found.members)) == (True, 2)


async def test_what_is_not_text_is_sent_as_json(full: Any, sandbox: Any) -> None:
    blocks = [{"type": "divider"}]
    parameters = {"channel": "C0GENERAL", "text": "x", "blocks": blocks, "unfurl_links": False, "thread_ts": None}
    await full.run("api_call", method="chat.postMessage", parameters=parameters)
    assert sandbox.get("slack/messages", channel="general")["messages"][-1]["blocks"] == blocks


async def test_what_a_variable_puts_in_pings_nobody(full: Any, sandbox: Any) -> None:
    inputs = {"method": "chat.postMessage", "parameters": {"channel": "C0GENERAL", "text": "{{ trigger.title }}"}}
    params = bind(inputs, ApiCall, {"trigger": {"title": "<!channel>"}})
    await full.run("api_call", **params.model_dump())
    assert sandbox.get("slack/messages", channel="general")["messages"][-1]["text"] == "&lt;!channel&gt;"


@pytest.mark.parametrize(
    ("method", "is_read"),
    [
        ("conversations.list", True),
        ("users.getPresence", True),
        ("users.lookupByEmail", True),
        ("search.messages", True),
        ("usergroups.users.list", True),
        ("chat.postMessage", False),
        ("files.getUploadURLExternal", False),
        ("conversations.mark", False),
        ("views.publish", False),
        ("usergroups.users.update", False),
    ],
)
def test_only_what_is_known_to_read_may_be_repeated(method: str, is_read: bool) -> None:
    assert reads(method) is is_read
    expected = Repeat.IDEMPOTENT if is_read else Repeat.UNKNOWABLE
    assert repeat_of(ApiCall(method=method), None) is expected


async def test_a_lost_answer_leaves_a_write_open_and_a_read_not(full: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="slack", path="postMessage", effect="lose")
    with pytest.raises(OutcomeUnknown):
        await full.run("api_call", method="chat.postMessage", parameters={"channel": "C0GENERAL", "text": "x"})
    sandbox.fault(vendor="slack", path=r"users\.info", effect="drop", count=2)
    with pytest.raises(Unavailable):
        await full.run("api_call", method="users.info", parameters={"user": "U0ADA"})


@pytest.mark.parametrize(
    "method",
    [
        *("auth.revoke", "apps.uninstall", "oauth.v2.access", "oauth.v2.exchange", "tooling.tokens.rotate"),
        *("apps.connections.open", "openid.connect.token", "../admin", "chat", "chat.post Message", "https://x.y"),
    ],
)
async def test_methods_about_the_access_and_nonsense_are_never_called(full: Any, sandbox: Any, method: str) -> None:
    with pytest.raises(InvalidInput, match="method"):
        await full.run("api_call", method=method)
    assert sandbox.requests("/slack/api/") == []


async def test_no_other_token_is_taken_and_unknown_methods_are_refused(full: Any) -> None:
    with pytest.raises(InvalidInput, match="token"):
        await full.run("api_call", method="auth.test", parameters={"token": "xoxb-1"})
    with pytest.raises(Rejected) as refused:
        await full.run("api_call", method="chat.shout")
    assert refused.value.code == "unknown_method"


class TestPages:
    PARAMS: ClassVar = {"channel": "C0GENERAL", "limit": 5}

    async def test_are_read_one_after_another(self, full: Any, sandbox: Any) -> None:
        whole = await full.run("api_call", method="conversations.members", parameters={"channel": "C0GENERAL"})
        found = await full.run("api_call", method="conversations.members", parameters=self.PARAMS, paginate=" members ")
        assert (found.ok, found.members, found.has_more) == (True, whole.members, False)
        assert len(found.members) > 5
        assert len(sandbox.requests("conversations.members")) == 1 + (len(found.members) + 4) // 5

    async def test_begin_where_the_parameters_say(self, full: Any) -> None:
        first = await full.run("api_call", method="conversations.members", parameters=self.PARAMS)
        cursor = first.response_metadata["next_cursor"]
        rest = await full.run(
            "api_call", method="conversations.members", parameters=self.PARAMS | {"cursor": cursor}, paginate="members"
        )
        assert not set(rest.members) & set(first.members)

    async def test_end_at_the_cap_and_say_where_the_rest_begins(self, full: Any, sandbox: Any) -> None:
        answer = {"ok": True, "members": ["U1"], "response_metadata": {"next_cursor": "more"}}
        headers = {"Content-Type": "application/json"}
        sandbox.fault(vendor="slack", path="members", status=200, count=0, body=answer, headers=headers)
        found = await full.run("api_call", method="conversations.members", parameters=self.PARAMS, paginate="members")
        assert (found.has_more, found.response_metadata) == (True, {"next_cursor": "more"})
        assert len(found.members) == len(sandbox.requests("conversations.members")) == MOST_PAGES

    async def test_stay_within_what_a_step_may_give(self, full: Any, sandbox: Any) -> None:
        answer = {"ok": True, "members": ["U" * 400_000], "response_metadata": {"next_cursor": "more"}}
        headers = {"Content-Type": "application/json"}
        sandbox.fault(vendor="slack", path="members", status=200, count=0, body=answer, headers=headers)
        found = await full.run("api_call", method="conversations.members", parameters=self.PARAMS, paginate="members")
        assert (len(found.members), found.has_more) == (2, True)
        assert len(found.model_dump_json()) < MAX_OUTPUT_BYTES

    async def test_are_for_lists_of_methods_that_read(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="no list in the answer: people"):
            await full.run("api_call", method="conversations.members", parameters=self.PARAMS, paginate="people")
        with pytest.raises(InvalidInput, match="methods that read"):
            await full.run("api_call", method="chat.postMessage", paginate="messages")
        assert sandbox.requests("chat.postMessage") == []

    async def test_a_lost_page_may_be_asked_again(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path="members", effect="drop", count=2)
        with pytest.raises(Unavailable):
            await full.run("api_call", method="conversations.members", parameters=self.PARAMS, paginate="members")
