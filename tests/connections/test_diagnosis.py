"""The connection doctor: each fault is named where it lies, with the one next thing to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.connections.diagnosis import Finding, Remedy, Verdict, examine_connection
from integrations_app.errors import Forbidden, NotFound
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.sandbox.serve import free_port
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import Registry
from tests.kit.egress.test_tls import Authority, listening
from tests.providers.webhook.listeners import Authority as PrivateAuthority
from tests.providers.webhook.listeners import mutual

ORDER = ["address", "tls", "clock", "token", "account", "scopes", "rate"]


@pytest.fixture
async def made(world: Any, clock: Any) -> str:
    clock.now = datetime.now(UTC)
    return str((await world.connect()).connection_id)


async def examine(world: Any, connection_id: str) -> dict[str, Finding]:
    found = await examine_connection(world.hub, world.owner, connection_id)
    assert [one.key for one in found] == ORDER
    for one in found:
        assert one.title and one.message and (one.fix or one.verdict in {Verdict.WELL, Verdict.NOT_LOOKED})
    return {one.key: one for one in found}


def problems(found: dict[str, Finding]) -> dict[str, Remedy]:
    return {key: one.remedy for key, one in found.items() if one.verdict in {Verdict.PROBLEM, Verdict.WARNING}}


async def webhook(world: Any, base_url: str, key: str = "") -> str:
    """A webhook connection to a loopback address, which the operator allows."""
    world.hub = replace(world.hub, door=Door(EgressPolicy.parse(["127.0.0.0/8"])))
    settings = {"base_url": base_url}
    kind = {"auth_kind": "api_key", "secrets": {"api_key": Secret(key)}} if key else {"auth_kind": "none"}
    found = await service.create(world.hub, world.owner, "webhook", settings=settings, **kind)
    return str(found.id)


async def test_a_connection_that_works_is_well_in_every_respect(world: Any, made: str) -> None:
    found = await examine(world, made)
    assert problems(found) == {}
    assert "octo-hub" in found["account"].message and "repo" in found["scopes"].message
    assert "calls left" in found["rate"].message
    assert found["tls"].verdict is Verdict.NOT_LOOKED  # the emulation speaks plain http


async def test_revoked_at_the_vendor(world: Any, made: str) -> None:
    world.vendor.control("revoke", vendor="github", account="octo-hub")
    found = await examine(world, made)
    assert problems(found) == {"token": Remedy.RECONNECT}
    assert found["account"].verdict is Verdict.NOT_LOOKED


async def test_a_wrong_secret_of_the_oauth_app(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    world.vendor.settings(github={"expiring_tokens": True})
    made = str((await world.connect()).connection_id)
    world.vendor.control("expire", vendor="github", all=True)
    clock.advance(timedelta(hours=9))
    world.hub = replace(world.hub, registry=Registry([_with_wrong_secret(world.hub.registry.get("github"))]))
    found = await examine(world, made)
    assert problems(found) | {"clock": Remedy.NONE} == {"token": Remedy.APP, "clock": Remedy.NONE}
    assert "OAuth app" in found["token"].message


def _with_wrong_secret(provider: Provider) -> Provider:
    assert provider.sandbox is not None
    return replace(provider, sandbox=replace(provider.sandbox, client_secret="not the secret"))


async def test_a_wrong_typed_secret(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    address = f"{world.vendor.url}/github/api/v3/user"
    made = await webhook(world, address, key="wrong")
    found = await examine(world, made)
    assert problems(found) == {"token": Remedy.SETTINGS}


async def test_a_missing_permission(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    token = world.vendor.token("slack", "T0ACME001", ["chat:write"])
    made = await service.create(world.hub, world.owner, "slack", secrets={"access_token": token}, sandbox=True)
    found = await examine(world, made.id)
    assert problems(found) == {"scopes": Remedy.SETTINGS}
    assert "channels:read" in found["scopes"].message


async def test_unreachable(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    made = await webhook(world, f"http://127.0.0.1:{free_port()}/")
    found = await examine(world, made)
    assert problems(found) == {"address": Remedy.SETTINGS}
    assert found["token"].verdict is Verdict.NOT_LOOKED


async def test_not_allowed_by_the_operator(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    made = await webhook(world, f"http://127.0.0.1:{free_port()}/")
    world.hub = replace(world.hub, door=Door(EgressPolicy.parse()))
    found = await examine(world, made)
    assert problems(found)["address"] is Remedy.SETTINGS
    assert "INTEGRATIONS_EGRESS_ALLOW" in found["address"].fix


async def test_a_private_authority_and_a_client_certificate(world: Any, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    authority = PrivateAuthority()
    with mutual(authority.context(asks_clients=True)) as server:
        one = authority.client("us.test")
        world.hub = replace(world.hub, door=Door(EgressPolicy.parse(["127.0.0.0/8"])))
        settings = {"base_url": server.base, "ca": authority.pem}
        secrets = {"client_certificate": one.certificate, "client_key": one.key}
        made = await service.create(
            world.hub, world.owner, "webhook", settings=settings, secrets=secrets, auth_kind="certificate"
        )
        found = await examine(world, made.id)
    assert problems(found) == {}
    assert found["tls"].verdict is Verdict.WELL and found["token"].verdict is Verdict.WELL


async def test_a_certificate_that_proves_nothing(world: Any, clock: Any, tmp_path: Any) -> None:
    clock.now = datetime.now(UTC)
    async with listening(Authority().issue(tmp_path, "localhost")) as url:
        made = await webhook(world, url.replace("secure.test", "localhost"))
        found = await examine(world, made)
    assert list(problems(found)) == ["tls"]
    assert "certificate" in found["tls"].fix


async def test_the_limit_is_used_up(world: Any, made: str) -> None:
    world.vendor.control("faults", vendor="github", path="/user", status=429, headers={"Retry-After": "300"})
    found = await examine(world, made)
    assert problems(found) == {"rate": Remedy.NONE}
    assert "5 minutes" in found["rate"].message
    assert found["token"].verdict is Verdict.NOT_LOOKED


@pytest.mark.parametrize(("minutes", "verdict"), [(10, Verdict.PROBLEM), (-10, Verdict.PROBLEM), (2, Verdict.WARNING)])
async def test_the_clock_is_wrong(world: Any, clock: Any, made: str, minutes: int, verdict: Verdict) -> None:
    clock.now = datetime.now(UTC) - timedelta(minutes=minutes)
    found = await examine(world, made)
    assert found["clock"].verdict is verdict
    assert ("behind" if minutes > 0 else "ahead of") in found["clock"].message


async def test_only_those_who_manage_connections_of_the_organisation_may_look(
    world: Any, made: str, roles: Any
) -> None:
    for role in ("viewer", "editor"):
        with pytest.raises(Forbidden):
            await examine_connection(world.hub, roles[role], made)
    with pytest.raises(NotFound):
        await examine_connection(world.hub, world.other, made)
