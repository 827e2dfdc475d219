"""A connection whose client secret buys its access token: bought once, kept, renewed under the lease, never sent on."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from integrations_app.connections import service
from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected
from integrations_app.connections.refresh import refresh_due
from integrations_app.errors import InvalidInput, ReconnectRequired, Unavailable
from integrations_app.kit.egress import Door, EgressPolicy
from tests.providers.webhook.listeners import Authority, tls_receiving
from tests.receiver import Received, Receiver, receiving, reply

SECRET = "CNRY_client_0123456789abcdef"


@dataclass
class Bank:
    """Sells tokens at `/token` and takes the newest at every other path."""

    receiver: Receiver
    sold: list[dict[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=lambda: {"expires_in": 3600})
    refusal: bytes = b""
    valid: str = ""

    def answer(self, request: Received) -> bytes:
        if request.target == "/token":
            return self._sell(request)
        known = request.headers.get("authorization") == f"Bearer {self.valid}"
        return reply(200, b"{}", Content_Type="application/json") if known else reply(401)

    def _sell(self, request: Received) -> bytes:
        if self.refusal:
            return self.refusal
        self.sold.append(dict(parse_qsl(request.body.decode())))
        self.authorizations.append(request.headers.get("authorization", ""))
        self.valid = f"CNRY_token_{len(self.sold)}"
        answer = {"access_token": self.valid, "token_type": "bearer", **self.more}
        return reply(200, json.dumps(answer).encode(), Content_Type="application/json")


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with receiving() as receiver:
        made = Bank(receiver)
        receiver.answer = made.answer
        yield made


@pytest.fixture
async def shop(world: Any, bank: Bank) -> AsyncIterator[Any]:
    """The world, whose operator has allowed the bank's address."""
    door = Door(EgressPolicy.parse(allow=(bank.receiver.base.removeprefix("http://"),)))
    yield replace(world, hub=replace(world.hub, door=door))
    await door.aclose()


async def connect(shop: Any, bank: Bank, **settings: Any) -> Any:
    chosen = {"base_url": bank.receiver.base, "token_url": f"{bank.receiver.base}/token", "client_id": "ours"}
    return await service.create(
        shop.hub,
        shop.owner,
        "webhook",
        settings=chosen | settings,
        secrets={"client_secret": SECRET},
        auth_kind="client_credentials",
    )


async def call(shop: Any, made: Any) -> Any:
    async def ask(connected: Connected) -> Any:
        action = connected.provider.action("call")
        assert action is not None
        return await action.run(
            action.params.model_validate({"method": "GET"}), connected.context("op", shop.hub.clock())
        )

    return await use(shop.hub, shop.owner.organization_id, made.id, ask)


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
async def test_the_secret_goes_to_the_token_url_only(shop: Any, bank: Bank, way: str) -> None:
    made = await connect(shop, bank, client_auth=way, scope="read write")
    assert (made.status, made.error_code) == ("connected", "")
    asked = bank.sold[0]
    assert (asked["grant_type"], asked["scope"]) == ("client_credentials", "read write")
    if way == "client_secret_basic":
        assert base64.b64decode(bank.authorizations[0].removeprefix("Basic ")).decode() == f"ours:{SECRET}"
    else:
        assert (asked["client_id"], asked["client_secret"], bank.authorizations) == ("ours", SECRET, [""])
    await call(shop, made)
    elsewhere = [request.raw for request in bank.receiver.requests if request.target != "/token"]
    assert elsewhere and not any(SECRET.encode() in raw for raw in elsewhere)
    assert len(bank.sold) == 1  # kept: the check, the test and the calls share one token


async def test_it_is_renewed_before_it_ends_and_once_for_many(shop: Any, bank: Bank, clock: Any) -> None:
    made = await connect(shop, bank)
    clock.advance(timedelta(minutes=55))
    await asyncio.gather(*(call(shop, made) for _ in range(20)))
    assert len(bank.sold) == 2


@pytest.mark.parametrize("life", [{}, {"expires_in": 0}, {"expires_in": "1e12"}, {"expires_in": None}])
async def test_a_life_that_nobody_tells(shop: Any, bank: Bank, clock: Any, life: dict[str, Any]) -> None:
    bank.more = life
    made = await connect(shop, bank)
    row = shop.connection(made.id)
    assert row.expires_at is None and row.next_refresh_at is not None
    clock.advance(timedelta(hours=1))
    await call(shop, made)
    assert len(bank.sold) == 1
    clock.advance(timedelta(days=1))
    await refresh_due(shop.hub)
    assert len(bank.sold) == 2


async def test_a_token_that_is_refused_is_bought_anew_once(shop: Any, bank: Bank, clock: Any) -> None:
    made = await connect(shop, bank)
    clock.advance(timedelta(minutes=5))
    bank.valid = "another"
    assert (await call(shop, made)).status == 200
    assert len(bank.sold) == 2
    bank.valid = "another"
    with pytest.raises(ReconnectRequired):
        await call(shop, made)  # the new one is refused at once: that is no matter of age
    assert len(bank.sold) == 2


async def test_a_shop_that_is_closed_for_a_while(shop: Any, bank: Bank, clock: Any) -> None:
    bank.refusal = reply(503)
    made = await connect(shop, bank)
    assert made.status == "error"
    with pytest.raises(Unavailable):
        await call(shop, made)
    bank.refusal = b""
    clock.advance(timedelta(hours=2))
    assert (await call(shop, made)).status == 200
    assert shop.connection(made.id).status == "connected"


async def test_a_wrong_secret_is_told_and_never_shown(shop: Any, bank: Bank) -> None:
    bank.refusal = reply(401, b'{"error": "invalid_client"}', Content_Type="application/json")
    made = await connect(shop, bank)
    assert (made.status, made.error_code) == ("error", "oauth_app_misconfigured")
    assert SECRET not in str(made) + str([one.model_dump() for one in shop.audits()])


async def test_other_settings_buy_another_token_and_another_way_needs_none(shop: Any, bank: Bank) -> None:
    made = await connect(shop, bank)
    await service.update(shop.hub, shop.owner, made.id, {"settings": {"scope": "more"}})
    assert bank.sold[-1]["scope"] == "more"
    await service.update(shop.hub, shop.owner, made.id, {"settings": {"headers": {"X-A": "1"}}, "name": "Shop"})
    changes = {"auth_kind": "bearer", "secrets": {"token": bank.valid}}
    changed = await service.update(shop.hub, shop.owner, made.id, changes)
    row = shop.connection(made.id)
    assert (changed.auth_kind, row.next_refresh_at, row.expires_at) == ("bearer", None, None)
    assert {one.field for one in shop.credentials()} == {"token"}


@pytest.mark.parametrize("missing", ["token_url", "client_id"])
async def test_what_is_missing_is_named(shop: Any, bank: Bank, missing: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await connect(shop, bank, **{missing: ""})
    assert set(refused.value.fields) == {f"settings.{missing}"}


async def test_the_token_url_may_prove_itself_by_the_authority_of_the_connection(world: Any, bank: Bank) -> None:
    authority = Authority()
    door = Door(EgressPolicy.parse(["127.0.0.0/8"]))
    shop = replace(world, hub=replace(world.hub, door=door))
    async with tls_receiving(authority, bank.answer) as base:
        addresses = {"base_url": base, "token_url": f"{base}/token"}
        untrusted = await connect(shop, bank, **addresses)
        assert (untrusted.status, bank.sold) == ("error", [])
        trusted = await connect(shop, bank, **addresses, ca=authority.pem)
        assert (trusted.status, len(bank.sold)) == ("connected", 1)
    await door.aclose()


async def test_a_stored_secret_does_not_follow_to_another_address(shop: Any, bank: Bank) -> None:
    made = await connect(shop, bank)
    for name in ("base_url", "token_url"):
        moved = {"settings": {name: bank.receiver.base.replace("127.0.0.1", "localhost")}}
        shop.hub.door.policy = EgressPolicy.parse(["127.0.0.0/8"])
        with pytest.raises(InvalidInput) as refused:
            await service.update(shop.hub, shop.owner, made.id, moved)
        assert (refused.value.code, list(refused.value.fields)) == ("secret_needed", ["secrets.client_secret"])
    kept = {"settings": {"base_url": f"{bank.receiver.base}/v2"}}
    assert (await service.update(shop.hub, shop.owner, made.id, kept)).settings["base_url"].endswith("/v2")
    typed = {**moved, "secrets": {"client_secret": SECRET}}
    assert "localhost" in (await service.update(shop.hub, shop.owner, made.id, typed)).settings["token_url"]


async def test_two_who_change_different_settings_lose_none(shop: Any, bank: Bank) -> None:
    made = await service.create(
        shop.hub, shop.owner, "webhook", settings={"base_url": bank.receiver.base}, auth_kind="none"
    )
    changes: list[dict[str, Any]] = [{"read_seconds": 5}, {"connect_seconds": 4}, {"headers": {"X-A": "1"}}]
    await asyncio.gather(*(service.update(shop.hub, shop.owner, made.id, {"settings": one}) for one in changes))
    (row,) = await service.list_by_organization(shop.hub, shop.owner)
    assert [row.settings[name] for one in changes for name in one] == [5, 4, {"X-A": "1"}]
