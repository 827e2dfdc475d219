"""E08 for runs: they sleep by a clock that nobody sets; the wall clock may be set meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations_app.errors import RateLimited, Unavailable
from integrations_app.kit.columns import utc_now
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.workflows.probe import ACTOR, Vendor, step, until, workflow

NAP = 2.0
"""Seconds of a sleep: long enough that a machine which stands still for a moment does not miss it."""


class Wall:
    """A clock that goes on by itself and can be set."""

    def __init__(self) -> None:
        self.off = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.off


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def set_hub(hub: Hub, wall: Wall) -> Hub:
    """The hub of a process whose wall clock is `wall`."""
    return replace(hub, clock=wall)


@pytest.fixture
async def engine(set_hub: Hub) -> AsyncIterator[EmbeddedEngine]:
    made = EmbeddedEngine(set_hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def asleep(set_hub: Hub, engine: EmbeddedEngine) -> Callable[[dict[str, Any]], Awaitable[str]]:
    """Start a workflow and wait until its run sleeps."""

    async def begin(definition: dict[str, Any]) -> str:
        made = await service.create(set_hub, ACTOR, definition)
        await service.publish(set_hub, ACTOR, made.id)
        run_id: str = await service.start_run(set_hub, ACTOR, made.id)

        async def sleeps() -> bool:
            status = (await service.get_run(set_hub, ACTOR, run_id)).row.status
            return status == "waiting" and engine.load == (0, 0)

        await until(sleeps)
        return run_id

    return begin


async def ended(hub: Hub, run_id: str) -> RunDetail:
    async def has_ended() -> RunDetail | None:
        found = await service.get_run(hub, ACTOR, run_id)
        return found if found.row.ended_at is not None else None

    found: RunDetail = await until(has_ended)
    return found


async def test_a_second_delay_is_not_taken_for_the_first(set_hub: Hub, wall: Wall, asleep: Any) -> None:
    naps = [{"key": key, "type": "delay", "seconds": NAP} for key in ("one", "two")]
    run_id = await asleep(workflow(*naps, step("a")))
    wall.off = timedelta(hours=-1)
    found = await ended(set_hub, run_id)
    second = next(one for one in found.steps if one.path == "two")
    assert second.started_at is not None and second.ended_at is not None
    assert second.ended_at - second.started_at >= timedelta(seconds=NAP)


JUMPS = [timedelta(hours=-1), timedelta(minutes=-10), timedelta(minutes=10), timedelta(days=1)]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_delay_lasts_as_long_as_it_was_told(
    set_hub: Hub, wall: Wall, asleep: Any, vendor: Vendor, jump: timedelta
) -> None:
    run_id = await asleep(workflow({"key": "nap", "type": "delay", "seconds": NAP}, step("a")))
    wall.off = jump
    assert (await ended(set_hub, run_id)).row.status == "succeeded"
    assert vendor.texts == ["hello"]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize("error", [Unavailable("away", NAP), RateLimited("slow down", NAP)], ids=["away", "limited"])
async def test_so_does_the_pause_before_another_try(
    set_hub: Hub, wall: Wall, asleep: Any, vendor: Vendor, jump: timedelta, error: Exception
) -> None:
    vendor.before = [error]
    run_id = await asleep(workflow(step("a", "fire")))
    wall.off = jump
    assert (await ended(set_hub, run_id)).row.status == "succeeded"
    assert vendor.texts == ["hello"]


@pytest.mark.parametrize("jump", JUMPS[:2], ids=str)
async def test_and_the_wait_for_an_answer(set_hub: Hub, wall: Wall, asleep: Any, jump: timedelta) -> None:
    run_id = await asleep(workflow(step("a", "ask", inputs={"text": "Shall we?", "count": 1})))
    wall.off = jump
    found = await ended(set_hub, run_id)
    assert (found.row.status, found.steps[0].output["text"]) == ("succeeded", "Shall we?: late")
