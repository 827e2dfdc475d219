"""The life of a connection made with secrets that a person types, for every provider and every way to connect.

A provider with an emulation connects to that; one without is taken to call the address in its settings, where a
receiver on loopback listens. A new folder is lived through without a line here.
"""

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.connections import service
from integrations_app.connections.access import open_access, use
from integrations_app.connections.credentials import open_secrets
from integrations_app.errors import Conflict, ReconnectRequired
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.sdk.auth import TypedSecrets
from integrations_app.sdk.forms import Field, form_fields
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import registry
from tests.connections.vendors import check
from tests.providers.webhook.listeners import Authority
from tests.receiver import Receiver, receiving, reply

pytestmark = pytest.mark.any_database  # walks the vendors, not the storage

WAYS = [
    pytest.param(provider, way, id=f"{provider.key}-{way.kind}") for provider in registry() for way in provider.typed
]


AUTHORITY = Authority()


@pytest.fixture
async def receiver(request: pytest.FixtureRequest) -> AsyncIterator[Receiver]:
    """It wants a client certificate of those who connect with one."""
    way = request.node.callspec.params["way"]
    context = AUTHORITY.context(asks_clients=True) if way.kind == "certificate" else None
    async with receiving(context) as made:
        yield made


@pytest.fixture
async def open_world(world: Any, receiver: Receiver) -> AsyncIterator[Any]:
    """The world, whose operator has allowed the receiver's address."""
    world.hub.clock.advance(datetime.now(UTC) - world.hub.clock())  # TLS goes by the real time
    address, port = receiver.base.partition("://")[2], world.hub.settings.port
    door = Door(EgressPolicy.parse(allow=(address,), own=(f"localhost:{port}", f"127.0.0.1:{port}")))
    yield replace(world, hub=replace(world.hub, door=door))
    await door.aclose()


class Life:
    """One way to connect to one provider."""

    def __init__(self, world: Any, receiver: Receiver, provider: Provider, way: TypedSecrets) -> None:
        self.world, self.receiver, self.provider, self.way = world, receiver, provider, way
        self.secrets = self.fresh_secrets()
        self.connection_id = ""
        token = b'{"access_token": "CNRY_bought_0123456789abcdef", "expires_in": 3600}'
        receiver.answer = lambda _request: reply(200, token, Content_Type="application/json")

    def fresh_secrets(self) -> dict[str, str]:
        if self.way.kind == "certificate":
            one = AUTHORITY.client("us.test")
            return {"client_certificate": one.certificate.strip(), "client_key": one.key.strip()}
        return {name: self._fresh_secret(name) for name in self.way.needed}

    def _fresh_secret(self, name: str) -> str:
        if name == "standard_secret":
            return "whsec_" + base64.b64encode(b"CNRY_standard_0123456789abcdef").decode()
        if self.provider.sandbox is None:
            return f"CNRY_{name}_0123456789abcdef"
        assert name == "access_token", f"say here where the emulation of {self.provider.key} gives its {name}"
        return str(self.world.vendor.token(self.provider.key))

    def _setting(self, field: Field) -> str:
        assert "://" in field.placeholder, f"say here what stands in the setting {field.name} of {self.provider.key}"
        return f"{self.receiver.base}/v1"

    @property
    def settings(self) -> dict[str, str]:
        needed = {one.name: self._setting(one) for one in form_fields(self.provider.settings) if one.required}
        if self.way.kind == "digest":
            needed["username"] = "ada"
        if self.way.kind == "certificate":
            needed["ca"] = AUTHORITY.pem
        if self.way.token is None:
            return needed
        return needed | {"token_url": f"{self.receiver.base}/token", "client_id": "ours"}

    @property
    def row(self) -> Any:
        return self.world.connection(self.connection_id)

    async def create(self) -> Any:
        world = self.world
        made = await service.create(
            world.hub,
            world.owner,
            self.provider.key,
            settings=self.settings,
            secrets=self.secrets,
            auth_kind=self.way.kind,
            sandbox=self.provider.sandbox is not None,
        )
        self.connection_id = made.id
        return made

    def calls(self) -> int:
        return len(self.receiver.requests) + len(self.world.vendor.calls(f"/{self.provider.key}/"))

    async def use(self) -> Any:
        return await use(self.world.hub, self.world.owner.organization_id, self.connection_id, check)

    def stored(self) -> dict[str, str]:
        hub = self.world.hub

        def read(session: Session) -> dict[str, str]:
            return {name: one.reveal("a test compares") for name, one in open_secrets(hub, session, self.row).items()}

        found = dict(hub.database.read_now(read))
        if self.way.token is not None:
            assert found.pop("access_token") == "CNRY_bought_0123456789abcdef"
        return found


@pytest.fixture
def begin(open_world: Any, receiver: Receiver) -> Callable[[Provider, TypedSecrets], Life]:
    return lambda provider, way: Life(open_world, receiver, provider, way)


def test_every_provider_can_be_connected() -> None:
    for provider in registry():
        assert provider.typed or (provider.oauth is not None and provider.sandbox is not None), provider.key


@pytest.mark.parametrize(("provider", "way"), WAYS)
async def test_it_is_connected_tested_paused_and_ended(provider: Provider, way: TypedSecrets, begin: Any) -> None:
    life = begin(provider, way)
    world = life.world
    made = await life.create()
    assert (made.status, made.auth_kind, made.error_code) == ("connected", way.kind, "")
    bought = ["access_token"] if way.token else []
    assert sorted(made.as_dict()["secrets_set"]) == sorted([*life.secrets, *bought])
    assert life.stored() == life.secrets
    shown = str(made.as_dict()) + str([one.model_dump() for one in world.audits()])
    assert not [name for name, value in life.secrets.items() if value in shown]

    result = await service.test(world.hub, world.owner, made.id)
    assert result.ok and result.account_id == made.account_id

    await service.update_status(world.hub, world.owner, made.id, "paused")
    calls = life.calls()
    with pytest.raises(Conflict) as refused:
        await life.use()
    assert (refused.value.code, life.calls()) == ("connection_paused", calls)
    await service.update_status(world.hub, world.owner, made.id, "connected")
    assert (await life.use()).id == made.account_id

    ended = await service.disconnect(world.hub, world.owner, made.id)
    assert (ended.status, world.credentials(), life.row.status) == ("disconnected", [], "disconnected")
    calls = life.calls()
    with pytest.raises(ReconnectRequired):
        await open_access(world.hub, world.owner.organization_id, made.id)
    assert life.calls() == calls


@pytest.mark.parametrize(("provider", "way"), [one for one in WAYS if one.values[1].fields])  # type: ignore[union-attr]
async def test_dead_secrets_need_a_person_once_and_new_ones_mend_it(
    provider: Provider, way: TypedSecrets, begin: Any
) -> None:
    life = begin(provider, way)
    world = life.world
    made = await life.create()
    answer = life.receiver.answer
    if provider.sandbox is None:
        life.receiver.answer = lambda _request: b"HTTP/1.1 401 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    else:
        world.vendor.control("revoke", vendor=provider.key, all=True)
    result = await service.test(world.hub, world.owner, made.id)
    assert (result.ok, result.code, life.row.status) == (False, "needs_reauth", "needs_reauth")
    assert life.stored() == life.secrets
    calls = life.calls()
    with pytest.raises(ReconnectRequired):
        await life.use()
    assert life.calls() == calls and len(world.audits("connection.needs_reauth")) == 1
    life.receiver.answer = answer
    life.secrets = life.fresh_secrets()
    mended = await service.update(world.hub, world.owner, made.id, {"secrets": life.secrets})
    assert mended.status == "connected" and life.stored() == life.secrets
    assert (await life.use()).id == made.account_id
