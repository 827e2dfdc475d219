"""The emulated Web API, driven by the real SDK and by plain HTTP."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

ACME = "T0ACME001"


@pytest.fixture
def token(sandbox: Any) -> str:
    return str(sandbox.token("slack", ACME))


@pytest.fixture
def client(sandbox: Any, token: str) -> AsyncWebClient:
    return AsyncWebClient(token, base_url=f"{sandbox.url}/slack/api/", retry_handlers=[])


async def test_the_sdk_posts_reads_replies_and_reacts(client: AsyncWebClient) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "r1"}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    posted = await client.chat_postMessage(channel="C0TRIAGE", text="hi", blocks=blocks, metadata=metadata)
    ts = posted["ts"]
    reply = await client.chat_postMessage(channel="C0TRIAGE", thread_ts=ts, text="more")
    await client.reactions_add(channel="C0TRIAGE", timestamp=ts, name="eyes")
    plain = (await client.conversations_history(channel="C0TRIAGE"))["messages"][0]
    assert "metadata" not in plain
    assert plain["reactions"] == [{"name": "eyes", "users": [posted["message"]["user"]], "count": 1}]
    assert (plain["reply_count"], plain["blocks"]) == (1, blocks)
    whole = await client.conversations_history(channel="C0TRIAGE", include_all_metadata=True)
    assert whole["messages"][0]["metadata"] == metadata
    thread = (await client.conversations_replies(channel="C0TRIAGE", ts=ts))["messages"]
    assert [message["ts"] for message in thread] == [ts, reply["ts"]]
    link = await client.chat_getPermalink(channel="C0TRIAGE", message_ts=ts)
    assert link["permalink"].endswith(f"/C0TRIAGE#p{ts.replace('.', '')}")


async def test_the_sdk_pages_through_channels(client: AsyncWebClient) -> None:
    names = []
    async for page in await client.conversations_list(limit=2, exclude_archived=True):
        assert len(page["channels"]) <= 2
        names += [channel["name"] for channel in page["channels"]]
    assert names == ["general", "triage", "ops", "random"]
    everything = await client.conversations_list(types="public_channel,private_channel")
    assert "old-project" in [channel["name"] for channel in everything["channels"]]
    assert "board" not in [channel["name"] for channel in everything["channels"]]
    mine = await client.users_conversations()
    assert "ops" not in [channel["name"] for channel in mine["channels"]]


async def test_the_sdk_sends_direct_messages(client: AsyncWebClient) -> None:
    opened = await client.conversations_open(users="U0GRACE")
    channel = opened["channel"]["id"]
    first = await client.chat_postMessage(channel=channel, text="a")
    second = await client.chat_postMessage(channel="U0GRACE", text="b")
    assert first["channel"] == second["channel"] == channel
    with pytest.raises(SlackApiError) as refused:
        await client.conversations_open(users="U0LEFT001")
    assert refused.value.response["error"] == "user_disabled"


async def test_the_sdk_uploads_a_file(client: AsyncWebClient, sandbox: Any) -> None:
    answer = await client.files_upload_v2(
        content="a,b\n", filename="t.csv", title="Table", channel="C0TRIAGE", initial_comment="see"
    )
    assert answer["ok"]
    messages = sandbox.http.get("/_control/slack/messages", params={"channel": "triage"}).json()["messages"]
    assert messages[-1]["text"] == "see"
    assert (messages[-1]["files"][0]["title"], messages[-1]["files"][0]["size"]) == ("Table", 4)


async def test_the_sdk_finds_people(client: AsyncWebClient) -> None:
    members = (await client.users_list(limit=200))["members"]
    assert len(members) == 13
    found = await client.users_lookupByEmail(email="grace@acme.example")
    assert found["user"]["id"] == "U0GRACE"
    with pytest.raises(SlackApiError) as refused:
        await client.users_lookupByEmail(email="left@acme.example")
    assert refused.value.response["error"] == "users_not_found"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "C0SECRET1", "text": "x"}, "channel_not_found"),
        ({"channel": "C0GXGENRL", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OLD0001", "text": "x"}, "is_archived"),
        ({"channel": "C0TRIAGE"}, "no_text"),
        ({"channel": "C0TRIAGE", "text": "  "}, "no_text"),
        ({"channel": "C0TRIAGE", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C0TRIAGE", "blocks": "nonsense"}, "invalid_blocks_format"),
        ({"channel": "C0TRIAGE", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": "C0TRIAGE", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"channel": "C0TRIAGE", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ],
)
def test_a_message_is_refused_by_name(sandbox: Any, token: str, args: dict[str, Any], error: str) -> None:
    answer = sandbox.slack("chat.postMessage", token, **args)
    assert (answer["ok"], answer["error"]) == (False, error)
    assert len(sandbox.http.get("/_control/slack/messages").json()["messages"]) == 1


def test_a_channel_must_be_joined_unless_the_scope_says_otherwise(sandbox: Any) -> None:
    token = sandbox.token("slack", ACME, ["chat:write", "channels:join"])
    assert sandbox.slack("chat.postMessage", token, channel="C0OPS0001", text="x")["error"] == "not_in_channel"
    assert sandbox.slack("conversations.join", token, channel="C0OPS0001")["ok"]
    assert sandbox.slack("chat.postMessage", token, channel="C0OPS0001", text="x")["ok"]
    sandbox.control("reset")
    public = sandbox.token("slack", ACME, ["chat:write", "chat:write.public"])
    assert sandbox.slack("chat.postMessage", public, channel="C0OPS0001", text="x")["ok"]


def test_scopes_are_enforced_and_shown(sandbox: Any) -> None:
    token = sandbox.token("slack", ACME, ["chat:write", "users:read"])
    answer = sandbox.slack("reactions.add", token, channel="C0TRIAGE", timestamp="1.000001", name="eyes")
    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": "reactions:write",
        "provided": "chat:write,users:read",
    }
    private = sandbox.slack("conversations.list", token, types="private_channel")
    assert private["needed"] == "groups:read"
    headers = {"Authorization": f"Bearer {token}"}
    assert (
        sandbox.http.get("/slack/api/auth.test", headers=headers).headers["x-oauth-scopes"] == "chat:write,users:read"
    )
    people = sandbox.slack("users.list", token)["members"]
    assert all("email" not in person["profile"] for person in people)


def test_bad_tokens_are_refused_by_name(sandbox: Any, token: str) -> None:
    assert sandbox.http.post("/slack/api/auth.test").json()["error"] == "not_authed"
    assert sandbox.slack("auth.test", "xoxb-nobody")["error"] == "invalid_auth"
    assert sandbox.slack("no.such", token)["error"] == "unknown_method"
    sandbox.control("expire", vendor="slack", token=token)
    assert sandbox.slack("auth.test", token)["error"] == "token_expired"
    fresh = sandbox.token("slack", "T0GLOBEX1")
    assert sandbox.slack("auth.revoke", fresh) == {"ok": True, "revoked": True}
    assert sandbox.slack("auth.test", fresh)["error"] == "token_revoked"


def test_uninstalling_ends_the_account(sandbox: Any, token: str) -> None:
    answer = sandbox.slack(
        "apps.uninstall", token, client_id="sandbox-slack-client", client_secret="sandbox-slack-secret"
    )
    assert answer["error"] == "client_id_token_mismatch"
    sandbox.control("revoke", vendor="slack", token=token, uninstall=True)
    assert sandbox.slack("auth.test", token)["error"] == "account_inactive"


def test_arguments_come_from_query_form_and_json(sandbox: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    query = sandbox.http.get("/slack/api/conversations.info", params={"channel": "C0TRIAGE"}, headers=headers).json()
    form = sandbox.http.post("/slack/api/conversations.info", data={"channel": "C0TRIAGE", "token": token}).json()
    assert query["channel"]["name"] == form["channel"]["name"] == "triage"
    headers["Content-Type"] = "application/json"
    broken = sandbox.http.post("/slack/api/conversations.info", content="{", headers=headers).json()
    assert broken["error"] == "invalid_json"
    assert (
        sandbox.http.post("/slack/api/conversations.info", content="[]", headers=headers).json()["error"]
        == "json_not_object"
    )


def test_only_the_author_changes_a_message(sandbox: Any, token: str) -> None:
    ts = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="x")["ts"]
    theirs = sandbox.control("slack/messages", channel="triage", text="by a person")["ts"]
    at = {"channel": "C0TRIAGE", "ts": ts}
    assert sandbox.slack("chat.update", token, **at, text="y")["message"]["text"] == "y"
    assert (
        sandbox.slack("chat.update", token, channel="C0TRIAGE", ts=theirs, text="y")["error"] == "cant_update_message"
    )
    assert sandbox.slack("chat.delete", token, channel="C0TRIAGE", ts=theirs)["error"] == "cant_delete_message"
    assert sandbox.slack("chat.delete", token, **at)["ok"]
    assert sandbox.slack("chat.delete", token, **at)["error"] == "message_not_found"


def test_reactions_are_refused_by_name(sandbox: Any, token: str) -> None:
    ts = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="x")["ts"]
    at = {"channel": "C0TRIAGE", "timestamp": ts}
    assert sandbox.slack("reactions.add", token, **at, name=":eyes:")["error"] == "invalid_name"
    assert sandbox.slack("reactions.add", token, **at, name="eyes")["ok"]
    assert sandbox.slack("reactions.add", token, **at, name="eyes")["error"] == "already_reacted"
    wrong = at | {"timestamp": "1.000001"}
    assert sandbox.slack("reactions.add", token, **wrong, name="eyes")["error"] == "message_not_found"
    assert sandbox.slack("reactions.get", token, **at)["message"]["reactions"][0]["count"] == 1
    assert sandbox.slack("reactions.remove", token, **at, name="eyes")["ok"]
    assert sandbox.slack("reactions.remove", token, **at, name="eyes")["error"] == "no_reaction"


def test_long_text_is_cut_with_a_warning(sandbox: Any, token: str) -> None:
    answer = sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="x" * 40_001)
    assert answer["warning"] == "message_truncated"
    assert len(answer["message"]["text"]) == 40_000


def test_ephemeral_messages_stay_out_of_history(sandbox: Any, token: str) -> None:
    args = {"channel": "C0TRIAGE", "text": "psst"}
    assert sandbox.slack("chat.postEphemeral", token, **args, user="U0ADA")["message_ts"]
    assert sandbox.slack("chat.postEphemeral", token, **args, user="U0KEN")["error"] == "user_not_in_channel"
    assert sandbox.slack("conversations.history", token, channel="C0TRIAGE")["messages"] == []


def test_too_many_calls_are_told_to_wait(sandbox: Any, token: str) -> None:
    sandbox.settings(slack={"rate_limit_per_minute": 1, "retry_after": 7})
    headers = {"Authorization": f"Bearer {token}"}
    answers = [sandbox.http.post("/slack/api/auth.test", headers=headers) for _ in range(3)]
    limited = answers[-1]
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.json() == {"ok": False, "error": "ratelimited"}
