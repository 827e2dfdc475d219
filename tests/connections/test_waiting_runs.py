"""Runs and rate limits: they wait as told, no attempt is counted, nothing is lost, and nobody else is delayed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.kit.columns import utc_now
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.connections.running import publish, running_engine, start, until
from tests.connections.samples import SAMPLES
from tests.connections.vendors import Case, connected_case

BODY = {"message": "You have exceeded a secondary rate limit."}


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The real time: an engine waits by it."""
    return utc_now


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(world.hub) as made:
        yield made


async def run(case: Case, action: str) -> str:
    """Start one step with that connection."""
    world = case.world
    inputs = await asyncio.to_thread(SAMPLES[action].prepared, world.vendor)
    return await start(world, await publish(world, action, case.connection_id, inputs))


def waits(found: RunDetail) -> float:
    """Seconds from now on until the run goes on."""
    assert found.row.wake_at is not None
    return (found.row.wake_at - utc_now()).total_seconds()


async def idle(engine: EmbeddedEngine) -> None:
    """Wait until no run holds a worker or stands in line for one: those that sleep do neither."""
    async with asyncio.timeout(1.0):
        while engine.load != (0, 0):  # noqa: ASYNC110 - a worker that is done says so in no event
            await asyncio.sleep(0.01)


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
        ("github.create_issue", 429, {"Retry-After": "-1"}, 55, 62),
        ("github.create_issue", 429, {"Retry-After": "abc"}, 55, 62),
        ("github.create_issue", 403, {}, 55, 62),
        ("github.create_issue", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "in 120"}, 110, 122),
        ("slack.send_message", 429, {"Retry-After": "30"}, 27, 32),
        ("salesforce.create_record", 403, {"Sforce-Limit-Info": "api-usage=15000/15000"}, 890, 902),
    ],
)
async def test_a_run_waits_as_told_and_another_connection_is_not_delayed(
    world: Any, engine: EmbeddedEngine, action: str, status: int, headers: dict[str, str], low: float, high: float
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
    where = {"vendor": key, **sample.where}
    world.vendor.control("faults", **where, count=1, status=status, headers=given, body=body)
    found = await until(world, await run(first, action), "waiting", "succeeded", "failed", "held")
    assert found.row.status == "waiting", found.row
    assert low <= waits(found) <= high
    assert [step.attempts for step in found.steps] == [0]
    await idle(engine)
    other = await until(world, await run(second, "github.create_pr_comment"), "succeeded", "failed", "waiting")
    assert other.row.status == "succeeded"
    # Another run of the limited connection waits too, without a call; it takes a time of its own.
    calls = first.calls()
    same = await until(world, await run(first, action), "waiting", "succeeded", "failed", "held")
    assert same.row.status == "waiting" and waits(same) >= low - 1
    assert first.calls() == calls


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("header", ["-1", "abc", ""])
async def test_a_limit_that_tells_no_time_costs_no_attempt(world: Any, header: str) -> None:
    case = await connected_case(world, "slack")
    sample = SAMPLES["slack.send_message"]
    headers = {"Retry-After": header} if header else {}
    where = {"vendor": "slack", **sample.where}
    world.vendor.control("faults", **where, count=1, status=429, headers=headers, body={"ok": False})
    found = await until(world, await run(case, "slack.send_message"), "succeeded", "failed", "held")
    assert found.row.status == "succeeded"
    assert [step.attempts for step in found.steps] == [1]
    texts = world.vendor.http.get(f"{world.vendor.url}/_control/slack/messages").json()["messages"]
    assert sum(one["text"] == sample.prepared(world.vendor)["text"] for one in texts) == 1


@pytest.mark.usefixtures("engine")
async def test_a_crowd_that_waits_goes_on_by_itself_and_nothing_is_lost(world: Any) -> None:
    case = await connected_case(world, "github")
    sample = SAMPLES["github.create_issue"]
    before = len([one for one in world.vendor.calls("/issues") if one["status"] == 201])
    where = {"vendor": "github", **sample.where}
    world.vendor.control("faults", **where, count=1, status=429, headers={"Retry-After": "1"}, body=BODY)
    runs = [await run(case, "github.create_issue") for _ in range(4)]
    done = [await until(world, run_id, "succeeded", "failed", "held") for run_id in runs]
    assert [one.row.status for one in done] == ["succeeded"] * 4
    after = len([one for one in world.vendor.calls("/issues") if one["status"] == 201])
    assert after - before == 4
