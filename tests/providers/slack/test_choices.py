"""The pickers of channels and people."""

from typing import Any

import pytest

from integrations_app.errors import MissingScope
from integrations_app.providers.slack import choices
from integrations_app.providers.slack.actions.messages import SendDm, SendMessage
from integrations_app.providers.slack.oauth import OAUTH


@pytest.fixture
def slack(connect: Any, sandbox: Any) -> Any:
    return connect("slack", access_token=sandbox.token("slack", scopes=list(OAUTH.default_scopes)))


async def test_channels_leave_out_archived_and_foreign_private_ones(slack: Any) -> None:
    page = await slack.choices(SendMessage, "channel")
    labels = {choice.label: choice for choice in page.choices}
    assert labels["#general"].value == "C0GENERAL"
    assert "Invite the app" in labels["#ops"].hint
    assert not {"#old-project", "🔒 board", "#board"} & set(labels)
    assert page.cursor is None


async def test_channels_are_searched_by_name_and_id(slack: Any) -> None:
    assert [c.label for c in (await slack.choices(SendMessage, "channel", "#TRI")).choices] == ["#triage"]
    assert [c.label for c in (await slack.choices(SendMessage, "channel", "c0triage")).choices] == ["#triage"]


async def test_typing_asks_the_vendor_once(slack: Any, sandbox: Any) -> None:
    for text in ("t", "tr", "tri"):
        await slack.choices(SendMessage, "channel", text)
    assert len(sandbox.requests("conversations.list")) == 1


async def test_two_connections_never_share_pages(slack: Any, connect: Any, sandbox: Any) -> None:
    other = connect("slack", access_token=sandbox.token("slack", "T0GLOBEX1"))
    assert len((await slack.choices(SendMessage, "channel")).choices) > 1
    assert [c.value for c in (await other.choices(SendMessage, "channel")).choices] == ["C0GXGENRL"]


async def test_people_without_bots_and_leavers(slack: Any) -> None:
    people = {c.label: c for c in (await slack.choices(SendDm, "user")).choices}
    assert (people["Ada Lovelace"].value, people["Ada Lovelace"].hint) == ("U0ADA", "@ada")
    assert not any("Former" in name or "Integrations" in name for name in people)
    assert [c.label for c in (await slack.choices(SendDm, "user", "hopper")).choices] == ["Grace Hopper"]


async def test_pages_are_followed(slack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "PAGE", 3)
    assert len((await slack.choices(SendDm, "user")).choices) == 11


async def test_a_missing_permission_is_named(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token=sandbox.token("slack", scopes=["chat:write"]))
    with pytest.raises(MissingScope, match="channels:read"):
        await slack.choices(SendMessage, "channel")
