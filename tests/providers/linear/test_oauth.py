"""Linear's token answers, its two ways to send a token, and the end of a grant."""

import re
from typing import Any

import pytest

from integrations_app.errors import ReconnectRequired, Rejected, Unavailable
from integrations_app.providers.linear import provider
from integrations_app.providers.linear.client import check, revoke
from integrations_app.providers.linear.oauth import OAUTH, parse_grant
from integrations_app.sdk.context import RevokeContext
from tests.providers.linear.conftest import GRACE


def signed_in(sandbox: Any) -> dict[str, str]:
    found: dict[str, str] = sandbox.sign_in("linear", GRACE)
    return found


def test_the_emulated_vendor_grants_what_was_asked_and_read(sandbox: Any) -> None:
    grant = parse_grant(signed_in(sandbox))
    assert (grant.scopes, grant.expires_in) == (("read", "issues:create", "comments:create"), 86400)
    assert grant.refresh_token is not None
    assert re.fullmatch(provider.secret_patterns[1], grant.access_token.reveal("test"))
    assert re.fullmatch(provider.secret_patterns[2], grant.refresh_token.reveal("test"))


@pytest.mark.parametrize("scope", [["read", "write"], "read write", "read,write"])
def test_scopes_in_every_spelling(scope: Any) -> None:
    assert parse_grant({"access_token": "x", "scope": scope}).scopes == ("read", "write")


@pytest.mark.parametrize(("answer", "code"), [({"error": "invalid_grant"}, "invalid_grant"), ({}, "no_token")])
def test_errors_in_disguise(answer: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_grant(answer)
    assert refused.value.code == code


def test_a_broad_scope_contains_the_narrow_ones() -> None:
    assert OAUTH.missing_scopes(("issues:create", "admin"), ("read", "write")) == ("admin",)


async def test_both_kinds_of_token_tell_who_we_are(connect: Any, sandbox: Any, linear: Any) -> None:
    person = await check(connect("linear", access_token=signed_in(sandbox)["access_token"]).client)
    assert person.name == "Acme · Grace Murray"
    ada = await check(linear.client)
    assert ada.name == "Acme · Ada Byron" and ada.id != person.id and ada.id.split("/")[0] == person.id.split("/")[0]
    assert ada.detail["rate"] == "4999 of 5000 requests left"


def ending(connected: Any) -> RevokeContext[Any]:
    return RevokeContext(client=connected.client, access=connected.access)


async def test_ending_the_grant_ends_both_tokens_and_twice_is_once(connect: Any, sandbox: Any) -> None:
    answer = signed_in(sandbox)
    pair = {name: answer[name] for name in ("access_token", "refresh_token")}
    connected = connect("linear", **pair)
    await revoke(ending(connected))
    with pytest.raises(ReconnectRequired):
        await check(connected.client)
    await revoke(ending(connected))


async def test_a_key_is_ended_too_and_a_lost_answer_is_told(linear: Any, sandbox: Any) -> None:
    sandbox.fault(vendor="linear", path="revoke", status=503)
    with pytest.raises(Unavailable):
        await revoke(ending(linear))
    sandbox.fault(vendor="linear", path="revoke", status=403)
    with pytest.raises(Rejected):
        await revoke(ending(linear))
    await revoke(ending(linear))
    with pytest.raises(ReconnectRequired):
        await check(linear.client)
