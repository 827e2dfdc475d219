"""Runs and rate limits: they wait as told, no attempt is counted, nothing is lost, and nobody else is delayed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.kit.columns import utc_now
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.connections.samples import SAMPLES
from tests.connections.vendors import Case, connected_case

DEADLINE = 10.0
BODY = {"message": "You have exceeded a secondary rate limit."}


class Now:
    """The real time: an engine waits by it."""

    def __call__(self) -> datetime:
        return utc_now()


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    made = EmbeddedEngine(world.hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


async def run(case: Case, action: str) -> str:
    """Start one step with that connection."""
    world = case.world
    inputs = await asyncio.to_thread(SAMPLES[action].prepared, world.vendor)
    step = {"key": "write", "type": "action", "action": action, "connection": case.connection_id, "inputs": inputs}
    definition = {"format": 1, "name": "Wait", "trigger": {"type": "manual"}, "steps": [step]}
    made = await service.create(world.hub, world.owner, definition)
    await service.publish(world.hub, world.owner, made.id)
    run_id: str = await service.start_run(world.hub, world.owner, made.id)
    return run_id


async def until(world: Any, run_id: str, *statuses: str) -> RunDetail:
    async with asyncio.timeout(DEADLINE):
        while True:
            found: RunDetail = await service.get_run(world.hub, world.owner, run_id)
            if found.row.status in statuses:
                return found
            await asyncio.sleep(0.01)


def waits(found: RunDetail) -> float:
    """Seconds from now on until the run goes on."""
    assert found.row.wake_at is not None
    return (found.row.wake_at - utc_now()).total_seconds()


def in_seconds(seconds: int) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("action", "status", "headers", "low", "high"),
    [
        ("github.create_issue", 429, {"Retry-After": "7"}, 5, 8),
        ("github.create_issue", 403, {"Retry-After": "7"}, 5, 8),
        ("github.create_issue", 429, {"Retry-After": "in 90"}, 85, 91),
        ("github.create_issue", 429, {"Retry-After": "99999999"}, 3590, 3602),
        ("github.create_issue", 403, {}, 55, 62),
        ("github.create_issue", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "in 120"}, 110, 122),
        ("slack.send_message", 429, {"Retry-After": "30"}, 27, 32),
        ("salesforce.create_record", 403, {"Sforce-Limit-Info": "api-usage=15000/15000"}, 890, 902),
    ],
)
@pytest.mark.usefixtures("engine")
async def test_a_run_waits_as_told_and_another_connection_is_not_delayed(
    world: Any, action: str, status: int, headers: dict[str, str], low: float, high: float
) -> None:
    key = action.partition(".")[0]
    first = await connected_case(world, key)
    second = await connected_case(world, "github", account="mona-lisa")
    given = dict(headers)
    if given.get("Retry-After") == "in 90":
        given["Retry-After"] = in_seconds(90)
    if given.get("X-RateLimit-Reset") == "in 120":
        given["X-RateLimit-Reset"] = str(int(datetime.now(UTC).timestamp()) + 120)
    body: Any = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}] if key == "salesforce" else BODY
    sample = SAMPLES[action]
    where = {"vendor": key, "method": sample.method, "path": sample.path}
    world.vendor.control("faults", **where, count=1, status=status, headers=given, body=body)
    found = await until(world, await run(first, action), "waiting", "succeeded", "failed", "held")
    assert found.row.status == "waiting", found.row
    assert low <= waits(found) <= high
    assert [step.attempts for step in found.steps] == [0]
    other = await until(world, await run(second, "github.create_pr_comment"), "succeeded", "failed", "waiting")
    assert other.row.status == "succeeded"
    # Another run of the limited connection waits too, without a call; it takes a time of its own.
    calls = first.calls()
    same = await until(world, await run(first, action), "waiting", "succeeded", "failed", "held")
    assert same.row.status == "waiting" and waits(same) >= low - 1
    assert first.calls() == calls


@pytest.mark.usefixtures("engine")
async def test_a_crowd_that_waits_goes_on_by_itself_and_nothing_is_lost(world: Any) -> None:
    case = await connected_case(world, "github")
    sample = SAMPLES["github.create_issue"]
    before = len([one for one in world.vendor.calls("/issues") if one["status"] == 201])
    where = {"vendor": "github", "method": sample.method, "path": sample.path}
    world.vendor.control("faults", **where, count=1, status=429, headers={"Retry-After": "1"}, body=BODY)
    runs = [await run(case, "github.create_issue") for _ in range(4)]
    done = [await until(world, run_id, "succeeded", "failed", "held") for run_id in runs]
    assert [one.row.status for one in done] == ["succeeded"] * 4
    after = len([one for one in world.vendor.calls("/issues") if one["status"] == 201])
    assert after - before == 4
