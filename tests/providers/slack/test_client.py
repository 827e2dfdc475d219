"""Check, revocation, and that the SDK can neither print the token nor go past the door."""

import logging
from typing import Any

import pytest

from integrations_app.errors import EgressDenied, ReconnectRequired, ResponseRefused, Unavailable
from integrations_app.providers.slack.client import revoke
from integrations_app.sdk.context import RevokeContext


@pytest.fixture
def slack(connect: Any, sandbox: Any) -> Any:
    return connect("slack", access_token=sandbox.token("slack", scopes=["chat:write", "im:write"]))


async def test_check_names_the_workspace_and_the_scopes(slack: Any) -> None:
    account = await slack.provider.check(slack.client)
    assert (account.id, account.name) == ("T0ACME001", "Acme")
    assert {"chat:write", "im:write"} <= set(account.scopes)
    assert account.detail["bot_user_id"].startswith("U")


async def test_revoke_ends_the_token_and_is_repeatable(slack: Any) -> None:
    for _ in range(2):
        await revoke(RevokeContext(slack.client, slack.access))
    with pytest.raises(ReconnectRequired):
        await slack.provider.check(slack.client)


async def test_no_token_asks_for_a_person(connect: Any) -> None:
    with pytest.raises(ReconnectRequired):
        _ = connect("slack").client


async def test_the_token_is_not_printed(slack: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await slack.run("send_message", channel="C0GENERAL", text="a quiet text")
    token = slack.access.secrets["access_token"].reveal("test")
    assert token not in caplog.text
    assert "a quiet text" not in caplog.text


async def test_the_environment_names_no_proxy(slack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert (await slack.provider.check(slack.client)).name == "Acme"


async def test_a_closed_door_is_not_gone_around(slack: Any, door: Any, sandbox: Any) -> None:
    client = slack.client
    await door.aclose()
    with pytest.raises(Unavailable, match="door"):
        await slack.provider.check(client)
    assert sandbox.requests("auth.test") == []


async def test_without_the_passport_the_door_refuses(connect: Any, sandbox: Any) -> None:
    slack = connect("slack", access_token="xoxb-none")
    object.__setattr__(slack.access, "passport", None)
    with pytest.raises(EgressDenied):
        await slack.provider.check(slack.client)


async def test_a_page_instead_of_an_answer_is_a_protocol_error(slack: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="slack", path=r"auth\.test", status=200, body="<html>sign in to the network</html>")
    with pytest.raises(ResponseRefused):
        await slack.provider.check(slack.client)
