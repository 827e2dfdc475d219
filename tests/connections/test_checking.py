"""Checks that nobody asks for: often enough to tell the truth, and never where they may hurt."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.connections.checking import IN_TROUBLE, WELL, check_idle


@pytest.fixture
async def made(world: Any) -> str:
    return str((await world.connect()).connection_id)


def calls(world: Any) -> int:
    return len(world.vendor.calls("/github/api/v3/user"))


async def test_a_connection_that_works_is_looked_at_after_hours(world: Any, clock: Any, made: str) -> None:
    before, audits = calls(world), len(world.audits())
    clock.advance(WELL - timedelta(seconds=1))
    assert await check_idle(world.hub) == 0
    clock.advance(timedelta(seconds=1))
    assert await check_idle(world.hub) == 1
    assert await check_idle(world.hub) == 0
    assert calls(world) == before + 1
    row = world.connection(made)
    assert row.last_checked_at == row.check_succeeded_at == clock()
    assert len(world.audits()) == audits  # nothing changed: nothing to write into the chain


async def test_what_is_found_out_is_shown_and_told_once(world: Any, clock: Any, made: str) -> None:
    world.vendor.control("revoke", vendor="github", account="octo-hub")
    clock.advance(WELL)
    assert await check_idle(world.hub) == 1
    assert world.connection(made).status == "needs_reauth"
    assert len(world.audits("connection.needs_reauth")) == 1
    clock.advance(WELL)
    before = calls(world)
    assert await check_idle(world.hub) == 0  # only a person can mend it
    assert calls(world) == before


async def test_trouble_is_looked_at_sooner_and_its_end_is_seen(world: Any, clock: Any, made: str) -> None:
    world.vendor.control("faults", vendor="github", path="/user", status=503, count=1)
    clock.advance(WELL)
    await check_idle(world.hub)
    assert world.connection(made).status == "error"
    clock.advance(IN_TROUBLE)
    assert await check_idle(world.hub) == 1
    assert world.connection(made).status == "connected"
    assert [one.detail["status"] for one in world.audits("connection.tested")] == ["error", "connected"]


async def test_paused_and_disconnected_ones_are_left_alone(world: Any, clock: Any, made: str) -> None:
    await service.update_status(world.hub, world.owner, made, "paused")
    clock.advance(WELL * 2)
    assert await check_idle(world.hub) == 0
    await service.disconnect(world.hub, world.owner, made)
    assert await check_idle(world.hub) == 0


async def test_an_address_of_ones_own_is_not_called_unasked(world: Any, clock: Any) -> None:
    await service.create(
        world.hub, world.owner, "webhook", settings={"base_url": "https://hooks.example.com/x"}, auth_kind="none"
    )
    clock.advance(WELL * 2)
    assert await check_idle(world.hub) == 0
