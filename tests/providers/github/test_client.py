"""Check, revocation, redirects, and that the library can neither print the token nor leave the door."""

import logging
from typing import Any

import pytest

from integrations_app.errors import (
    EgressDenied,
    OutcomeUnknown,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.kit.secret import Secret
from integrations_app.providers.github.client import revoke
from integrations_app.providers.github.oauth import parse_grant
from integrations_app.sdk.context import RevokeContext


@pytest.fixture
def github(connect: Any, sandbox: Any) -> Any:
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo", "workflow"]))


async def test_check_names_the_account_its_scopes_and_the_budget(github: Any) -> None:
    account = await github.provider.check(github.client)
    assert (account.name, account.id) == ("octo-hub", "583231")
    assert set(account.scopes) == {"repo", "workflow"}
    assert account.detail["name"] == "Octo Hub"
    assert account.detail["rate"].endswith("of 5000 calls left")


async def test_check_of_a_dead_token(github: Any, sandbox: Any) -> None:
    sandbox.post("revoke", vendor="github", all=True)
    with pytest.raises(ReconnectRequired):
        await github.provider.check(github.client)


async def test_no_token_asks_for_a_person(connect: Any) -> None:
    with pytest.raises(ReconnectRequired):
        _ = connect("github").client


async def test_revoke_deletes_the_token_and_is_repeatable(connect: Any, sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("github", "octo-hub"))
    github = connect("github", access_token=grant.access_token.reveal("test"))
    assert (await github.provider.check(github.client)).name == "octo-hub"
    app = github.provider.sandbox
    for _ in range(2):
        await revoke(RevokeContext(github.client, github.access, app.client_id, Secret(app.client_secret)))
    with pytest.raises(ReconnectRequired):
        await github.provider.check(github.client)


async def test_revoke_with_a_wrong_secret_says_so(github: Any) -> None:
    client_id = github.provider.sandbox.client_id
    with pytest.raises(Rejected, match="secret"):
        await revoke(RevokeContext(github.client, github.access, client_id, Secret("wrong")))


async def test_a_pasted_token_is_left_to_its_owner(github: Any, sandbox: Any) -> None:
    await revoke(RevokeContext(github.client, github.access))
    assert sandbox.requests("/applications/") == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_renamed_repository_is_followed_with_the_same_method(github: Any, sandbox: Any, status: int) -> None:
    there = f"{sandbox.base}/github/api/v3/repos/acme/web/issues"
    sandbox.fault(vendor="github", path="/repos/acme/old/issues$", status=status, headers={"Location": there})
    made = await github.run("create_issue", repository="acme/old", title="moved")
    assert "/acme/web/" in made.html_url


async def test_a_redirect_to_another_host_is_not_followed(github: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="github", path="/user$", status=302, headers={"Location": "http://127.0.0.1:9/user"})
    with pytest.raises(Rejected, match="another host"):
        await github.provider.check(github.client)


async def test_a_redirect_in_circles_ends(github: Any, sandbox: Any) -> None:
    here = f"{sandbox.base}/github/api/v3/user"
    sandbox.fault(vendor="github", path="/user$", status=307, count=0, headers={"Location": here})
    with pytest.raises(Rejected, match="circles"):
        await github.provider.check(github.client)


async def test_a_read_still_being_prepared_is_asked_again_later(github: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="github", path="/user$", status=202, body={})
    with pytest.raises(Unavailable) as refused:
        await github.provider.check(github.client)
    assert refused.value.after == 2


async def test_a_page_instead_of_an_answer(github: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="github", path="/user$", status=200, body="<html>sign in to the network</html>")
    with pytest.raises(ResponseRefused):
        await github.provider.check(github.client)
    for body in ("{broken", "<html>", "", "[]", {"number": "none"}):
        sandbox.fault(vendor="github", path="/issues$", status=200, body=body)
        with pytest.raises(OutcomeUnknown):
            await github.run("create_issue", repository="acme/web", title="x")


async def test_a_lost_answer_to_a_read_may_be_asked_again(github: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="github", path="/user$", effect="drop", count=0)
    with pytest.raises(Unavailable):
        await github.provider.check(github.client)


async def test_the_token_is_not_printed(github: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await github.run("create_issue", repository="acme/web", title="a quiet title")
    assert github.access.secrets["access_token"].reveal("test") not in caplog.text
    assert "a quiet title" not in caplog.text


async def test_without_the_passport_the_door_refuses(github: Any) -> None:
    object.__setattr__(github.access, "passport", None)
    with pytest.raises(EgressDenied):
        await github.provider.check(github.client)
