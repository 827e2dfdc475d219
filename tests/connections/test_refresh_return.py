"""Revoked at the vendor during a run: the card is red at once, the run held, and after a reconnect it goes on there."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from integrations_app.kit.columns import utc_now
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.connections.vendors import Case, connected_case

DEADLINE = 10.0
RED_SECONDS = 2.0
ISSUES = "/github/api/v3/repos/acme/web/issues"
TEXT = "From a run"


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


async def until(condition: Any, seconds: float = DEADLINE) -> None:
    """Wait until the rows say so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the rows are in a database
            await asyncio.sleep(0.01)


def workflow(first: Case, second: Case) -> dict[str, Any]:
    """Open an issue, then tell of it."""
    given: tuple[tuple[str, str, Case, dict[str, str]], ...] = (
        ("open", "github.create_issue", first, {"repository": "acme/web", "title": TEXT}),
        ("tell", "slack.send_message", second, {"channel": "C0GENERAL", "text": TEXT}),
    )
    steps = [
        {"key": key, "type": "action", "action": action, "connection": case.connection_id, "inputs": inputs}
        for key, action, case, inputs in given
    ]
    return {"format": 1, "name": "Return", "trigger": {"type": "manual"}, "steps": steps}


async def begin(world: Any, first: Case, second: Case) -> str:
    made = await service.create(world.hub, world.owner, workflow(first, second))
    await service.publish(world.hub, world.owner, made.id)
    run_id: str = await service.start_run(world.hub, world.owner, made.id)
    return run_id


def posted(world: Any, path: str, status: int) -> int:
    """How many calls that change something went well."""
    return sum(call["method"] == "POST" and call["status"] == status for call in world.vendor.calls(path))


@pytest.mark.usefixtures("engine")
async def test_a_run_is_held_and_goes_on_after_the_reconnect_from_that_step_once(world: Any) -> None:
    first, second = await connected_case(world, "github"), await connected_case(world, "slack")
    world.vendor.control("faults", path=ISSUES, method="POST", effect="delay", delay=0.5, count=1)
    run_id = await begin(world, first, second)

    async def is_held() -> bool:
        return bool((await service.get_run(world.hub, world.owner, run_id)).row.status == "held")

    async def is_red() -> bool:
        return bool(second.row.status == "needs_reauth")

    async def is_done() -> bool:
        return bool((await service.get_run(world.hub, world.owner, run_id)).row.status == "succeeded")

    with world.hub.bus.subscribe("organization", 100) as news:
        world.vendor.control("revoke", vendor="slack", all=True)
        await until(is_held)
        assert await is_red() and (await service.get_run(world.hub, world.owner, run_id)).row.reason == "needs_reauth"
        async with asyncio.timeout(RED_SECONDS):
            async for event in news:
                if event.message == {"kind": "connection", "id": second.connection_id}:
                    break
    assert (posted(world, ISSUES, 201), len(world.audits("connection.needs_reauth"))) == (1, 1)
    await second.connect()
    began = time.monotonic()
    await until(is_done)
    assert time.monotonic() - began < DEADLINE
    assert await service.release_held(world.hub, second.organization_id, second.connection_id) == 0
    assert posted(world, ISSUES, 201) == 1
    messages = world.vendor.http.get(f"{world.vendor.url}/_control/slack/messages").json()["messages"]
    assert sum(message["text"] == TEXT for message in messages) == 1


@pytest.mark.usefixtures("engine")
async def test_a_token_that_ended_during_a_run_does_not_hold_it(world: Any) -> None:
    first, second = await connected_case(world, "github"), await connected_case(world, "slack")
    first.expire()
    second.expire()
    run_id = await begin(world, first, second)

    async def is_done() -> bool:
        return bool((await service.get_run(world.hub, world.owner, run_id)).row.status == "succeeded")

    await until(is_done)
    found = await service.get_run(world.hub, world.owner, run_id)
    assert [step.attempts for step in found.steps] == [1, 1]
    assert (len(first.renewals()), len(second.renewals())) == (1, 1)
    assert posted(world, ISSUES, 201) == 1
