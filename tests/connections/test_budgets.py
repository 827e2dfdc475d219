"""Shared rate budgets: what one call learns holds for all calls of a connection, in every process, for no other."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.connections import budgets, service
from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected
from integrations_app.connections.models import Connection, RateBucket
from integrations_app.connections.repository import Connections, RateBuckets
from integrations_app.errors import RateLimited
from integrations_app.kit.rate_budget import BucketState
from integrations_app.sdk.context import Account


async def who(connected: Connected) -> Account:
    account: Account = await connected.provider.check(connected.client)
    return account


@pytest.fixture
async def made(world: Any) -> str:
    return str((await world.connect()).connection_id)


def calls(world: Any) -> int:
    return len(world.vendor.calls("/github/api/v3/user"))


async def ask(world: Any, connection_id: str) -> Account:
    return await use(world.hub, world.owner.organization_id, connection_id, who)


async def rows(world: Any, connection_id: str) -> list[RateBucket]:
    await asyncio.gather(*world.hub.background)
    organization_id = world.owner.organization_id
    found: list[RateBucket] = world.hub.database.read_now(
        lambda session: RateBuckets(session, organization_id).list_by_connection(connection_id)
    )
    return found


def restart(world: Any) -> None:
    """Another process: it has learnt nothing by itself."""
    budgets.budgets(world.hub).forget(world.owner.organization_id, world.connections()[0].id)


async def test_a_refusal_keeps_the_next_calls_from_leaving(world: Any, clock: Any, made: str) -> None:
    world.vendor.control("faults", vendor="github", path="/user", status=429, headers={"Retry-After": "30"})
    before = calls(world)
    with pytest.raises(RateLimited) as first:
        await ask(world, made)
    assert first.value.after == 30
    for _ in range(5):
        with pytest.raises(RateLimited):
            await ask(world, made)
    assert calls(world) == before + 1
    clock.advance(timedelta(seconds=31))
    assert (await ask(world, made)).name == "octo-hub"
    assert calls(world) == before + 2


async def test_it_holds_in_another_process_and_for_no_other_connection(world: Any, made: str) -> None:
    other = str((await world.connect(account="mona-lisa")).connection_id)
    world.vendor.control("faults", vendor="github", path="/user", status=429, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited):
        await ask(world, made)
    assert [row.bucket for row in await rows(world, made) if row.blocked_until] == [""]
    before = calls(world)
    restart(world)
    with pytest.raises(RateLimited):
        await ask(world, made)
    assert calls(world) == before
    assert (await ask(world, other)).name == "mona-lisa"


async def test_the_last_call_that_is_left_is_the_last_that_leaves(world: Any, made: str) -> None:
    reset = str(int(world.hub.clock().timestamp()) + 7200)  # a window after the emulation's own
    date = world.hub.clock().strftime("%a, %d %b %Y %H:%M:%S GMT")
    told = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset, "Date": date}
    body = {"id": 1, "login": "octo-hub"}
    world.vendor.control("faults", vendor="github", path="/user", status=200, headers=told, body=body)
    await ask(world, made)
    before = calls(world)
    with pytest.raises(RateLimited) as spent:
        await ask(world, made)
    assert spent.value.after == pytest.approx(7200, abs=2)
    assert calls(world) == before


async def test_a_crowd_is_told_times_one_after_another(world: Any, made: str) -> None:
    world.vendor.control("faults", vendor="github", path="/user", status=403, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited):
        await ask(world, made)
    told = await asyncio.gather(*(ask(world, made) for _ in range(4)), return_exceptions=True)
    waits = [one.after for one in told if isinstance(one, RateLimited) and one.after]
    assert sorted(waits) == pytest.approx([30, 31, 32, 33])


async def test_a_refusal_that_only_the_body_tells_holds_too(world: Any, made: str) -> None:
    said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    world.vendor.control("faults", vendor="github", path="/user", status=403, body=said)
    before = calls(world)
    for _ in range(3):
        with pytest.raises(RateLimited) as refused:
            await ask(world, made)
        assert refused.value.after and refused.value.after >= 60
    assert calls(world) == before + 1


async def test_people_see_what_is_left_and_when_it_goes_on(world: Any, clock: Any, made: str) -> None:
    clock.advance(timedelta(minutes=1))
    await ask(world, made)
    await asyncio.gather(*world.hub.background)
    [shown] = (await service.get(world.hub, world.owner, made)).rate
    assert (shown.most, shown.bucket) == (5000, "core") and shown.remaining and shown.waits_until is None
    world.vendor.control("faults", vendor="github", path="/user", status=429, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited):
        await ask(world, made)
    await asyncio.gather(*world.hub.background)
    view = await service.get(world.hub, world.owner, made)
    assert [one.waits_until for one in view.rate if one.waits_until] == [clock() + timedelta(seconds=30)]
    assert view.as_dict()["rate"][0]["waits_until"] == clock() + timedelta(seconds=30)


async def test_a_cut_connection_keeps_no_budget_and_its_grant_is_ended_all_the_same(world: Any, made: str) -> None:
    world.vendor.control("faults", vendor="github", path="/user", status=429, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited):
        await ask(world, made)
    assert await rows(world, made)
    await service.disconnect(world.hub, world.owner, made)
    assert await rows(world, made) == []
    assert world.audits("connection.revoked")


async def test_limits_and_the_end_of_their_connection_may_meet(world: Any, made: str) -> None:
    organization_id = world.owner.organization_id

    def again(session: Session, number: int) -> str:
        kept = Connections(session, organization_id).get(made).model_dump(exclude={"id", "name", "account_id"})
        copy = Connection(**kept, id=f"{number:032x}", name=f"No. {number}")
        return Connections(session, organization_id).add(copy).id

    def remove(session: Session, connection_id: str) -> None:
        connections = Connections(session, organization_id)
        connections.remove(connections.get(connection_id))

    states = (BucketState("core", 5000, 17, None, None), BucketState("search", 30, 3, None, None))
    for number in range(20):
        copy = await world.hub.database.write(partial(again, number=number))
        told = [budgets._write_down(world.hub, organization_id, copy, states) for _ in range(2)]
        await asyncio.gather(*told, world.hub.database.write(partial(remove, connection_id=copy)))
        assert await rows(world, copy) == []
