"""Reading messages, threads, links and people."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, MissingScope, Rejected, Unavailable
from integrations_app.providers.slack.actions.reading import MOST_PAGES, GetHistory, GetUser
from integrations_app.providers.slack.oauth import OAUTH


@pytest.fixture
async def thread(full: Any) -> list[str]:
    """A message and two replies: their timestamps."""
    parent = await full.run("send_message", "p", channel="C0TRIAGE", text="parent")
    replies = [
        await full.run("post_to_thread", name, channel="C0TRIAGE", thread_ts=parent.ts, text=name) for name in "ab"
    ]
    return [parent.ts, *(reply.ts for reply in replies)]


async def test_a_message_by_timestamp_or_link(full: Any, thread: list[str]) -> None:
    found = await full.run("get_message", channel="#triage", ts=thread[0])
    assert (found.channel, found.ts, found.text, found.reply_count) == ("C0TRIAGE", thread[0], "parent", 2)
    link = f"https://acme.slack.com/archives/C0TRIAGE/p{thread[0].replace('.', '')}"
    assert (await full.run("get_message", channel="C0TRIAGE", ts=link)).text == "parent"


async def test_a_reply_is_found_too(full: Any, thread: list[str]) -> None:
    assert (await full.run("get_message", channel="C0TRIAGE", ts=thread[2])).text == "b"


async def test_a_message_that_is_not_there(full: Any) -> None:
    with pytest.raises(Rejected) as refused:
        await full.run("get_message", channel="C0TRIAGE", ts="1700000000.000001")
    assert refused.value.code in {"message_not_found", "thread_not_found"}


async def test_a_thread(full: Any, thread: list[str]) -> None:
    found = await full.run("get_thread", channel="C0TRIAGE", thread_ts=thread[0])
    assert [one["text"] for one in found.messages] == ["parent", "a", "b"]
    assert not found.has_more
    assert (await full.run("get_thread", channel="C0TRIAGE", thread_ts=thread[0], limit=2)).has_more


async def test_the_history_between_two_messages(full: Any) -> None:
    sent = [(await full.run("send_message", name, channel="C0TRIAGE", text=name)).ts for name in "abc"]
    newest = await full.run("get_history", channel="C0TRIAGE", limit=2)
    assert [one["text"] for one in newest.messages] == ["c", "b"]
    assert newest.has_more
    between = await full.run("get_history", channel="C0TRIAGE", oldest=sent[0], latest=sent[2])
    assert [one["text"] for one in between.messages] == ["b"]
    with pytest.raises(InvalidInput, match="oldest"):
        await full.run("get_history", channel="C0TRIAGE", oldest="monday")


async def test_reading_needs_its_permission(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token=sandbox.token("slack", scopes=list(OAUTH.default_scopes)))
    with pytest.raises(MissingScope, match="channels:history"):
        await slack.run("get_history", channel="C0TRIAGE")
    with pytest.raises(MissingScope, match="channels:history"):
        await slack.run("get_thread", channel="C0TRIAGE", thread_ts="1700000000.000001")


async def test_a_lost_answer_may_be_asked_again(full: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="slack", path=r"conversations\.history", effect="drop", count=2)
    with pytest.raises(Unavailable):
        await full.run("get_history", channel="C0TRIAGE")


async def test_the_link_of_a_message(full: Any, thread: list[str]) -> None:
    found = await full.run("get_permalink", channel="C0TRIAGE", ts=thread[0])
    assert found.permalink.endswith(f"p{thread[0].replace('.', '')}")
    with pytest.raises(Rejected) as refused:
        await full.run("get_permalink", channel="C0TRIAGE", ts="1700000000.000001")
    assert refused.value.code == "message_not_found"


async def test_a_person_by_id_and_by_email(full: Any) -> None:
    ada = await full.run("get_user", user="U0ADA")
    assert (ada.id, ada.real_name, ada.email, ada.is_bot) == ("U0ADA", "Ada Lovelace", "ada@acme.example", False)
    assert await full.run("lookup_user_by_email", email=" ada@acme.example ") == ada


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("get_user", {"user": "U0NOBODY"}, "user_not_found"),
        ("lookup_user_by_email", {"email": "left@acme.example"}, "users_not_found"),
    ],
)
async def test_nobody(full: Any, action: str, params: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        await full.run(action, **params)
    assert refused.value.code == code


async def test_the_address_needs_its_permission(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token=sandbox.token("slack", scopes=["users:read"]))
    assert (await slack.run("get_user", user="U0ADA")).email == ""
    with pytest.raises(MissingScope, match=r"users:read\.email"):
        await slack.run("lookup_user_by_email", email="ada@acme.example")


async def test_the_pickers_are_live(full: Any) -> None:
    assert [c.value for c in (await full.choices(GetHistory, "channel", "tri")).choices] == ["C0TRIAGE"]
    assert [c.value for c in (await full.choices(GetUser, "user", "hopper")).choices] == ["U0GRACE"]


@pytest.mark.parametrize("channel", ["C0TRIAGE", "C0NONE001"])
async def test_a_thread_that_is_not_there(full: Any, channel: str) -> None:
    with pytest.raises(Rejected) as refused:
        await full.run("get_thread", channel=channel, thread_ts="1700000000.000001")
    assert refused.value.code == ("thread_not_found" if channel == "C0TRIAGE" else "channel_not_found")


async def test_people_are_listed_without_apps_and_those_who_left(full: Any, sandbox: Any) -> None:
    people = (await full.run("list_users")).users
    assert {"U0ADA", "U0KEN"} <= {one.id for one in people}
    assert not any(one.is_bot or one.deleted for one in people)
    everybody = await full.run("list_users", include_bots=True, include_deactivated=True)
    assert {True, False} == {one.is_bot for one in everybody.users} == {one.deleted for one in everybody.users}
    few = await full.run("list_users", limit=2)
    assert (few.users, few.has_more, everybody.has_more) == (people[:2], True, False)
    assert len(sandbox.requests("users.list")) == 3


async def test_people_are_listed_page_by_page_up_to_a_bound(full: Any, sandbox: Any) -> None:
    answer = {"ok": True, "members": [{"id": "U1"}], "response_metadata": {"next_cursor": "more"}}
    headers = {"Content-Type": "application/json"}
    sandbox.fault(vendor="slack", path=r"users\.list", status=200, count=0, body=answer, headers=headers)
    found = await full.run("list_users")
    assert len(found.users) == len(sandbox.requests("users.list")) == MOST_PAGES
    assert found.has_more


async def test_listing_people_needs_its_permission(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token=sandbox.token("slack", scopes=["channels:read"]))
    with pytest.raises(MissingScope, match="users:read"):
        await slack.run("list_users")
