"""Addresses of a connection's settings are judged when saved, by the operator's policy (C01, C05, C10, C11)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.errors import InvalidInput
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.sandbox.serve import free_port

pytestmark = pytest.mark.any_database  # judged before anything is stored

REFUSED = {
    "http://x.example:22": "port_denied",
    "http://x.example:25": "port_denied",
    "http://x.example:6379": "port_denied",
    "http://127.0.0.2:8099": "egress_denied",
    "http://[::ffff:127.0.0.1]:8099": "egress_denied",
    "http://LOCALHOST.:8099": "egress_denied",
    "http://10.0.0.5": "egress_denied",
    "http://169.254.169.254/latest": "egress_denied",
    "http://metadata.google.internal": "egress_denied",
    "http://hub.test:3000": "egress_denied",
}


@pytest.fixture
async def strict(world: Any) -> AsyncIterator[Any]:
    """The world of an operator who allows one address beside the public ones, at one port."""
    door = Door(EgressPolicy.parse(allow=(f"127.0.0.1:{world.hub.settings.port}",), own=("hub.test:3000",)))
    yield replace(world, hub=replace(world.hub, door=door))
    await door.aclose()


@pytest.mark.parametrize(("address", "code"), REFUSED.items())
@pytest.mark.parametrize("field", ["base_url", "token_url"])
async def test_refused_when_made_and_when_changed(strict: Any, address: str, code: str, field: str) -> None:
    fine = {"base_url": f"http://127.0.0.1:{strict.hub.settings.port}/v1"}
    with pytest.raises(InvalidInput) as refused:
        await service.create(strict.hub, strict.owner, "webhook", settings={**fine, field: address}, auth_kind="none")
    assert (refused.value.code, list(refused.value.fields)) == (code, [f"settings.{field}"])
    assert await service.list_by_organization(strict.hub, strict.owner) == []
    made = await service.create(strict.hub, strict.owner, "webhook", settings=fine, auth_kind="none")
    with pytest.raises(InvalidInput) as refused:
        await service.update(strict.hub, strict.owner, made.id, {"settings": {field: address}})
    assert refused.value.code == code
    (row,) = await service.list_by_organization(strict.hub, strict.owner)
    assert row.settings["base_url"] == fine["base_url"]


async def test_an_address_that_is_refused_since_does_not_keep_other_settings_from_being_saved(strict: Any) -> None:
    fine = {"base_url": f"http://127.0.0.1:{strict.hub.settings.port}"}
    made = await service.create(strict.hub, strict.owner, "webhook", settings=fine, auth_kind="none")
    hub = replace(strict.hub, door=Door(EgressPolicy.parse()))
    await service.update(hub, strict.owner, made.id, {"settings": {"read_seconds": 5}})
    with pytest.raises(InvalidInput):
        await service.update(hub, strict.owner, made.id, {"settings": {"base_url": f"http://127.0.0.1:{free_port()}"}})
    await hub.door.aclose()
