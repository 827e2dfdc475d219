"""E03 in runs, for every provider: dead credentials hold what needs them, once and without calls, until a reconnect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.kit.columns import utc_now
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.connections.running import RESTING, arrivals, publish, running_engine, sampled, start, told, until
from tests.connections.samples import DEAD
from tests.connections.vendors import RENEWABLE, Case, connected_case

HELD = ("held", "needs_reauth")
TELL = 2.0
"""Seconds after which an open page shows it at the latest."""


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The real time: an engine waits by it."""
    return utc_now


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(world.hub) as made:
        yield made


class Runs:
    """Runs of one writing action of a provider, each with inputs of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.action, self.sample = sampled(case)
        self.name = f"{case.provider.key}.{self.action.key}"
        self.workflows: list[str] = []

    async def prepare(self, count: int) -> None:
        """Publish so many workflows while the vendor still answers."""
        world = self.case.world
        for _ in range(count):
            inputs = await asyncio.to_thread(self.sample.prepared, world.vendor)
            self.workflows.append(await publish(world, self.name, self.case.connection_id, inputs))

    async def begin(self) -> str:
        return await start(self.case.world, self.workflows.pop())

    async def rest(self, run_id: str) -> tuple[str, str]:
        return told(await until(self.case.world, run_id, *RESTING))


async def prepared(world: Any, key: str, count: int) -> tuple[Case, Runs]:
    case = await connected_case(world, key)
    runs = Runs(case)
    await runs.prepare(count)
    return case, runs


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("key", RENEWABLE)
async def test_a_step_that_meets_a_revocation_holds_all_runs_until_the_reconnect(world: Any, key: str) -> None:
    case, runs = await prepared(world, key, 4)
    world.vendor.control("revoke", vendor=key, all=True)
    with world.hub.bus.subscribe("organization", 100) as news:
        first = await runs.begin()
        assert await runs.rest(first) == HELD
        async with asyncio.timeout(TELL):
            async for event in news:
                if event.message == {"kind": "connection", "id": case.connection_id}:
                    break
    assert case.row.status == "needs_reauth" and case.secrets()
    calls = case.calls()
    others = [await runs.begin() for _ in range(3)]
    assert [await runs.rest(run_id) for run_id in others] == [HELD] * 3
    assert case.calls() == calls
    assert len(world.audits("connection.needs_reauth")) == 1
    await case.connect()
    tried = arrivals(case, runs.sample)
    ends = [told(await until(world, run_id, "succeeded", "failed")) for run_id in (first, *others)]
    assert ends == [("succeeded", "")] * 4
    assert arrivals(case, runs.sample) == tried + 4
    assert case.row.status == "connected"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("key", RENEWABLE)
async def test_after_a_check_that_met_it_no_step_calls(world: Any, key: str) -> None:
    case, runs = await prepared(world, key, 1)
    world.vendor.control("revoke", vendor=key, all=True)
    result = await service.test(world.hub, world.owner, case.connection_id)
    assert (result.ok, result.code, case.row.status) == (False, "needs_reauth", "needs_reauth")
    calls = case.calls()
    run_id = await runs.begin()
    assert await runs.rest(run_id) == HELD
    assert case.calls() == calls and len(world.audits("connection.needs_reauth")) == 1
    await case.connect()
    assert told(await until(world, run_id, "succeeded", "failed")) == ("succeeded", "")


def test_every_provider_says_how_it_refuses() -> None:
    missing = [key for key in RENEWABLE if not DEAD.get(key)]
    assert not missing, f"say in DEAD in their samples.py how these answer when credentials are dead: {missing}"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("key", "code"), [(key, code) for key, codes in DEAD.items() for code in codes])
async def test_the_first_certain_answer_decides(world: Any, key: str, code: str) -> None:
    case, runs = await prepared(world, key, 2)
    before, curable = case.calls(), code in case.provider.expired_codes
    where = {"vendor": key, **runs.sample.where}
    world.vendor.control("faults", **where, count=0, **DEAD[key][code])
    run_id = await runs.begin()
    assert await runs.rest(run_id) == HELD
    refused = [one for one in world.vendor.calls(f"/{key}/") if one["fault"]]
    assert (len(refused), len(case.renewals())) == ((2, 1) if curable else (1, 0))
    assert case.row.status == "needs_reauth" and case.secrets()
    [audit] = world.audits("connection.needs_reauth")
    assert audit.detail["provider_code"] == code
    calls = case.calls()
    assert calls > before
    assert await runs.rest(await runs.begin()) == HELD
    assert case.calls() == calls
