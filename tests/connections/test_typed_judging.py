"""Settings and secrets that do not go together are refused when they are saved, by field."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.errors import InvalidInput
from integrations_app.kit.egress import Door, EgressPolicy
from tests.receiver import Receiver, receiving, reply


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def shop(world: Any, receiver: Receiver) -> AsyncIterator[Any]:
    """The world, whose operator has allowed loopback addresses."""
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
