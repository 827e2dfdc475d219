"""Calls that a client certificate proves, alone or beside another secret."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations_app.errors import ReconnectRequired, ResponseRefused
from integrations_app.providers.webhook import provider
from tests.providers.webhook.listeners import Authority, MutualServer, mutual
from tests.receiver import reply

CALL = provider.actions[0]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[MutualServer]:
    with mutual(authority.context(asks_clients=True)) as made:
        yield made


@pytest.fixture
def certified(webhook: Any, server: MutualServer, authority: Authority) -> Any:
    """Makes connections with a certificate of an authority; takes more secrets."""

    def made(whose: Authority, **secrets: str) -> Any:
        one = whose.client("us.test")
        held = {"client_certificate": one.certificate, "client_key": one.key}
        return webhook.to(server.base, {"ca": authority.pem, "username": "ada"}, **held, **secrets)

    return made


async def test_a_call(certified: Any, server: MutualServer, authority: Authority) -> None:
    assert (await certified(authority).run("call", body={"n": 1})).status == 200
    assert (await certified(authority, token="CNRY-token").run("call", body={"n": 1})).status == 200
    assert server.clients == ["us.test", "us.test"]
    assert b"Bearer CNRY-token" in server.requests[1]


async def test_digest_beside_it(certified: Any, server: MutualServer, authority: Authority) -> None:
    challenge = reply(401, WWW_Authenticate='Digest realm="r", nonce="n", qop="auth"')
    server.answer = lambda _path: reply(200) if b"uthorization: Digest" in server.requests[-1] else challenge
    assert (await certified(authority, digest_password="CNRY-digest").run("call")).status == 200
    assert server.clients == ["us.test", "us.test"]


async def test_one_that_is_refused(certified: Any, server: MutualServer, webhook: Any, authority: Authority) -> None:
    connection = certified(Authority())
    with pytest.raises(ReconnectRequired) as dead:
        await connection.run("call")
    assert dead.value.vendor_code == "certificate_refused"
    with pytest.raises(ReconnectRequired):
        await connection.provider.check(connection.client)
    with pytest.raises(ResponseRefused) as refused:
        await webhook.to(server.base, {"ca": authority.pem}, token="t").run("call")
    assert refused.value.code == "certificate_refused"
    assert server.requests == []


async def test_the_check_says_until_when(certified: Any, authority: Authority) -> None:
    connection = certified(authority)
    account = await connection.provider.check(connection.client)
    assert account.detail["client_certificate_until"].startswith("20")


async def test_the_preview_names_files_only(certified: Any, authority: Authority) -> None:
    assert CALL.preview is not None
    shown = CALL.preview(CALL.params(), certified(authority, token="CNRY-token").context())
    assert "--cert client.pem --key client.key" in shown.command
    assert "BEGIN" not in str(shown) and "CNRY" not in str(shown)
