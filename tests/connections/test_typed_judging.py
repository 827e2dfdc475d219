"""Settings and secrets that do not go together are refused when they are saved; how client certificates live."""

import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.connections.access import use
from integrations_app.connections.credentials import open_secrets
from integrations_app.errors import InvalidInput, ReconnectRequired
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import open_client_key
from integrations_app.sdk import certificates
from tests.connections.vendors import check
from tests.providers.webhook.listeners import Authority, Identity, MutualServer, mutual
from tests.receiver import Receiver, receiving, reply


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def shop(world: Any, clock: Any) -> AsyncIterator[Any]:
    """The world at this very time, which TLS goes by, and whose operator has allowed loopback addresses."""
    clock.advance(datetime.now(UTC) - clock())
    door = Door(EgressPolicy.parse(allow=("127.0.0.0/8",)))
    yield replace(world, hub=replace(world.hub, door=door))
    await door.aclose()


async def connect(shop: Any, base_url: str, kind: str, settings: dict[str, Any], **secrets: str) -> Any:
    chosen = {"base_url": base_url, **settings}
    return await service.create(shop.hub, shop.owner, "webhook", settings=chosen, secrets=secrets, auth_kind=kind)


async def test_digest_needs_a_user_that_can_be_written(shop: Any, receiver: Receiver) -> None:
    for username, why in [("", "is needed"), ("ö", "ASCII"), ('"', "quotation mark")]:
        with pytest.raises(InvalidInput) as refused:
            await connect(shop, receiver.base, "digest", {"username": username}, digest_password="CNRY_digest_01")
        assert why in refused.value.fields["settings.username"]
    assert receiver.requests == []
    made = await connect(shop, receiver.base, "digest", {"username": "ada"}, digest_password="CNRY_digest_01")
    with pytest.raises(InvalidInput):
        await service.update(shop.hub, shop.owner, made.id, {"settings": {"username": "ö"}})
    with pytest.raises(InvalidInput):
        await service.update(shop.hub, shop.owner, made.id, {"settings": {"username": ""}})
    await service.update(shop.hub, shop.owner, made.id, {"settings": {"username": "bob"}})
    assert shop.connection(made.id).settings["username"] == "bob"


async def test_basic_takes_any_user(shop: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _request: reply(200)
    made = await connect(shop, receiver.base, "basic", {"username": "ö"}, password="CNRY_password_01")
    assert made.status == "connected"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[MutualServer]:
    """Wants a certificate of everybody, and sells tokens to all."""
    with mutual(authority.context(asks_clients=True)) as made:
        token = json.dumps({"access_token": "CNRY_bought_0123456789", "expires_in": 3600}).encode()
        made.answer = lambda _path: reply(200, token, Content_Type="application/json")
        yield made


def secrets_of(one: Identity, **more: str) -> dict[str, str]:
    return {"client_certificate": one.certificate, "client_key": one.key, **more}


def stored(shop: Any, connection_id: str) -> set[str]:
    row = shop.connection(connection_id)
    return set(shop.hub.database.read_now(lambda session: open_secrets(shop.hub, session, row)))


async def test_a_certificate_alone_connects(shop: Any, server: MutualServer, authority: Authority) -> None:
    one = authority.client("us.test", passphrase="CNRY_passphrase_01")
    secrets = secrets_of(one, client_key_passphrase="CNRY_passphrase_01")
    made = await connect(shop, server.base, "certificate", {"ca": authority.pem}, **secrets)
    assert (made.status, made.error_code, server.clients) == ("connected", "", ["us.test"])
    assert made.account_detail["client_certificate_until"] > f"{shop.hub.clock():%Y-%m-%d}"
    shown = str(made.as_dict()) + str([row.model_dump() for row in shop.audits()])
    assert "CNRY" not in shown and not any(part in shown for part in (one.key.splitlines()[1], one.certificate[40:80]))
    new = authority.client("new.test")
    await service.update(shop.hub, shop.owner, made.id, {"secrets": secrets_of(new)})
    await use(shop.hub, shop.owner.organization_id, made.id, check)
    assert server.clients[1:] == ["new.test", "new.test"]


async def test_an_encrypted_key_is_opened_once_beside_the_loop_and_kept_without_its_passphrase(
    shop: Any, server: MutualServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def look(*args: Any) -> Secret:
        threads.append(threading.get_ident())
        return open_client_key(*args)

    monkeypatch.setattr(certificates, "open_client_key", look)
    one = authority.client("us.test", passphrase="CNRY_passphrase_01")
    secrets = secrets_of(one, client_key_passphrase="CNRY_passphrase_01")
    made = await connect(shop, server.base, "certificate", {"ca": authority.pem}, **secrets)
    row = shop.connection(made.id)
    kept = shop.hub.database.read_now(lambda session: open_secrets(shop.hub, session, row))
    assert sorted(kept) == ["client_certificate", "client_key"]
    assert kept["client_key"].reveal("look at it").startswith("-----BEGIN PRIVATE KEY-----")
    assert (len(threads), threading.get_ident() in threads) == (1, False)
    await service.update(shop.hub, shop.owner, made.id, {"secrets": {"client_key_passphrase": "CNRY_passphrase_02"}})
    assert stored(shop, made.id) == {"client_certificate", "client_key"}
    await use(shop.hub, shop.owner.organization_id, made.id, check)
    assert set(server.clients) == {"us.test"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"client_certificate": "hello"}, "secrets.client_certificate", "certificate_invalid"),
        ({"client_key": "hello"}, "secrets.client_key", "key_invalid"),
        ({"client_key": Authority().client("x").key}, "secrets.client_key", "key_mismatch"),
        (secrets_of(Authority().client("old", days=(-9, -2))), "secrets.client_certificate", "certificate_expired"),
        (secrets_of(Authority().client("x", passphrase="y")), "secrets.client_key_passphrase", "passphrase_wrong"),
        ({"client_key": ""}, "secrets.client_key", "invalid_input"),
        ({"client_certificate": "a\0b"}, "secrets.client_certificate", "invalid_input"),
        ({"client_certificate": "x" * 20_000}, "secrets.client_certificate", "invalid_input"),
    ],
    ids=lambda _value: "",
)
async def test_what_cannot_prove_anything_is_refused(
    shop: Any, server: MutualServer, authority: Authority, change: dict[str, str], field: str, code: str
) -> None:
    given = secrets_of(authority.client("us.test")) | change
    with pytest.raises(InvalidInput) as refused:
        await connect(shop, server.base, "certificate", {"ca": authority.pem}, **given)
    assert (list(refused.value.fields), refused.value.code) == ([field], code)
    made = await connect(shop, server.base, "bearer", {"ca": authority.pem}, token="CNRY_token_01")
    assert (made.status, made.error_code) == ("error", "certificate_refused")
    if all(given.values()):
        with pytest.raises(InvalidInput) as refused:
            await service.update(shop.hub, shop.owner, made.id, {"secrets": given})
        assert (list(refused.value.fields), refused.value.code) == ([field], code)
    assert server.requests == []


async def test_it_needs_https(shop: Any, receiver: Receiver, authority: Authority) -> None:
    with pytest.raises(InvalidInput) as refused:
        await connect(shop, receiver.base, "certificate", {}, **secrets_of(authority.client("us.test")))
    assert (list(refused.value.fields), refused.value.code) == (["settings.base_url"], "url_scheme")


async def test_it_stands_beside_another_secret_and_can_go(
    shop: Any, server: MutualServer, authority: Authority
) -> None:
    made = await connect(shop, server.base, "bearer", {"ca": authority.pem}, token="CNRY_token_01")
    one = secrets_of(authority.client("us.test", passphrase="CNRY_pass_01"), client_key_passphrase="CNRY_pass_01")
    for missing in ({"client_key": one["client_key"]}, {"client_certificate": one["client_certificate"]}):
        with pytest.raises(InvalidInput):
            await service.update(shop.hub, shop.owner, made.id, {"secrets": missing})
    mended = await service.update(shop.hub, shop.owner, made.id, {"secrets": one})
    assert (mended.status, server.clients) == ("connected", ["us.test"])
    assert b"authorization: bearer cnry_token_01" in server.requests[0].lower()
    await service.update(shop.hub, shop.owner, made.id, {"settings": {"headers": {"X-A": "b"}}})
    await service.update(shop.hub, shop.owner, made.id, {"secrets": {"token": "CNRY_token_02"}})
    assert stored(shop, made.id) == {"token", "client_certificate", "client_key"}
    gone = await service.update(shop.hub, shop.owner, made.id, {"secrets": {"client_certificate": ""}})
    assert (stored(shop, made.id), gone.error_code) == ({"token"}, "certificate_refused")
    with pytest.raises(InvalidInput):
        await service.update(shop.hub, shop.owner, made.id, {"secrets": {"token": ""}})


async def test_another_address_asks_for_all_that_is_stored(
    shop: Any, server: MutualServer, authority: Authority
) -> None:
    one, new = secrets_of(authority.client("us.test")), {"client_secret": "CNRY_client_02"}
    chosen = {"ca": authority.pem, "token_url": f"{server.base}/token", "client_id": "ours"}
    made = await connect(shop, server.base, "client_credentials", chosen, client_secret="CNRY_client_01", **one)
    with mutual(authority.context()) as other:
        other.answer = server.answer
        moved = {"settings": {"token_url": f"{other.base}/token"}}
        with pytest.raises(InvalidInput) as refused:
            await service.update(shop.hub, shop.owner, made.id, {**moved, "secrets": new})
        assert sorted(refused.value.fields) == ["secrets.client_certificate", "secrets.client_key"]
        assert other.requests == []
        let_go = {**new, "client_certificate": ""}
        await service.update(shop.hub, shop.owner, made.id, {**moved, "secrets": let_go})
        assert stored(shop, made.id) == {"client_secret", "access_token"}
        back = await service.update(shop.hub, shop.owner, made.id, {"settings": chosen, "secrets": {**new, **one}})
        assert (back.status, server.clients[-1]) == ("connected", "us.test")


@pytest.mark.parametrize("same", [True, False])
async def test_the_token_url_sees_it_at_the_same_origin_only(
    shop: Any, server: MutualServer, authority: Authority, same: bool
) -> None:
    context = authority.context(asks_clients=True)
    context.verify_mode = ssl.CERT_OPTIONAL
    with mutual(context) as bank:
        bank.answer = server.answer
        where = server if same else bank
        chosen = {"ca": authority.pem, "token_url": f"{where.base}/token", "client_id": "ours"}
        one = secrets_of(authority.client("us.test"))
        made = await connect(
            shop, server.base, "client_credentials", chosen, client_secret="CNRY_client_0123456789", **one
        )
        assert made.status == "connected"
        assert where.clients[0] == ("us.test" if same else "")
        assert where.requests[0].startswith(b"POST /token ")
        assert server.clients[-1] == "us.test"


async def test_a_certificate_that_is_refused_later_needs_a_person(
    shop: Any, server: MutualServer, authority: Authority, clock: Any
) -> None:
    one = secrets_of(authority.client("us.test"))
    made = await connect(shop, server.base, "certificate", {"ca": authority.pem}, **one)
    clock.advance(timedelta(days=3))
    with pytest.raises(InvalidInput):  # it has ended after two
        await service.update(shop.hub, shop.owner, made.id, {"secrets": one})
    clock.advance(timedelta(days=-3))
    server.context = authority.context()
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.context.load_verify_locations(cadata=Authority().pem)
    with pytest.raises(ReconnectRequired) as refused:
        await use(shop.hub, shop.owner.organization_id, made.id, check)
    assert refused.value.vendor_code == "certificate_refused"
    result = await service.test(shop.hub, shop.owner, made.id)
    assert (result.ok, shop.connection(made.id).status) == (False, "needs_reauth")
