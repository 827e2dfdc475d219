"""The embedded engine resumes what a stop left, wakes in time, and serves everybody in turn."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Workflow
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, until, workflow


async def published(hub: Hub, *steps: dict[str, Any], **changes: Any) -> str:
    made = await service.create(hub, ACTOR, workflow(*steps, **changes))
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def all_ended(hub: Hub, number: int) -> bool:
    page = await service.list_runs(hub, ACTOR, limit=200)
    return len(page.items) == number and all(run.ended_at for run in page.items)


async def test_runs_wait_in_their_rows_until_an_engine_starts(hub: Hub, vendor: Vendor) -> None:
    made = await published(hub, step(inputs={"text": "{{ trigger.n }}"}))
    for number in range(20):
        await service.start_run(hub, ACTOR, made, input={"n": number})
    engine = EmbeddedEngine(hub, workers=1)
    await engine.start()
    await until(lambda: all_ended(hub, 20))
    await engine.stop()
    assert vendor.texts == [str(number) for number in range(20)]


async def test_a_sleeping_run_is_taken_up_by_the_next_engine(hub: Hub, vendor: Vendor) -> None:
    made = await published(hub, {"key": "nap", "type": "delay", "seconds": 0.4}, step())
    first = EmbeddedEngine(hub)
    await first.start()
    run_id = await service.start_run(hub, ACTOR, made)

    async def sleeps() -> bool:
        return (await service.get_run(hub, ACTOR, run_id)).row.status == "waiting"

    await until(sleeps)
    await first.stop()
    assert vendor.arrived == []
    second = EmbeddedEngine(hub)
    await second.start()
    await until(lambda: all_ended(hub, 1))
    await second.stop()
    assert vendor.texts == ["hello"]


async def test_it_wakes_in_time(hub: Hub, engine: EmbeddedEngine) -> None:
    made = await published(hub, {"key": "nap", "type": "delay", "seconds": 0.2})
    run_id = await service.start_run(hub, ACTOR, made)
    await until(lambda: all_ended(hub, 1))
    found = await service.get_run(hub, ACTOR, run_id)
    assert found.row.ended_at is not None
    assert found.steps[0].started_at is not None
    late = found.row.ended_at - found.steps[0].started_at - timedelta(seconds=0.2)
    assert timedelta(0) <= late < timedelta(seconds=0.5)


async def test_a_stop_lets_the_call_under_way_reach_its_checkpoint(hub: Hub, vendor: Vendor) -> None:
    vendor.gate = asyncio.Event()
    made = await published(hub, step("a", "fire"), step("b", "fire", inputs={"text": "second"}))
    engine = EmbeddedEngine(hub)
    await engine.start()
    run_id = await service.start_run(hub, ACTOR, made)
    await asyncio.wait_for(vendor.started.wait(), 10)
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    vendor.gate.set()
    await stopping
    found = await service.get_run(hub, ACTOR, run_id)
    assert (found.row.status, [one.status for one in found.steps]) == ("queued", ["succeeded"])
    again = EmbeddedEngine(hub)
    await again.start()
    await until(lambda: all_ended(hub, 1))
    await again.stop()
    assert vendor.texts == ["hello", "second"]


async def test_one_slow_run_does_not_keep_others_waiting(hub: Hub, vendor: Vendor) -> None:
    slow = await published(hub, {"key": "nap", "type": "delay", "seconds": 60})
    quick = await published(hub, step())
    engine = EmbeddedEngine(hub, workers=1)
    await engine.start()
    sleeping = await service.start_run(hub, ACTOR, slow)
    run_id = await service.start_run(hub, ACTOR, quick)
    found = await service.wait_for_run(hub, ACTOR, run_id, 5)
    assert found.row.status == "succeeded"
    await service.cancel(hub, ACTOR, sleeping)
    assert (await service.get_run(hub, ACTOR, sleeping)).row.status == "cancelled"
    await engine.stop()


async def test_the_same_key_starts_one_run(hub: Hub, engine: EmbeddedEngine) -> None:
    made = await published(hub, step())
    ids = await asyncio.gather(*(service.start_run(hub, ACTOR, made, idempotency_key="k") for _ in range(10)))
    assert len(set(ids)) == 1


async def test_a_schedule_starts_its_workflow_once_per_time(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    made = await published(hub, step(), trigger={"type": "schedule", "config": {"cron": "0 0 1 1 *"}})

    def due(session: Session) -> None:
        row = session.get(Workflow, (ORGANIZATION, made))
        assert row is not None
        assert row.next_run_at is not None
        assert (row.next_run_at.month, row.next_run_at.day) == (1, 1)
        row.next_run_at = hub.clock() - timedelta(days=3)
        session.add(row)

    await hub.database.write(due)
    await service.rename(hub, ACTOR, made, "Wake the scheduler")
    await until(lambda: all_ended(hub, 1))
    detail = await service.get(hub, ACTOR, made)
    assert detail.row.next_run_at is not None
    assert detail.row.next_run_at > hub.clock()
    assert vendor.texts == ["hello"]
    page = await service.list_runs(hub, ACTOR)
    assert [run.trigger_type for run in page.items] == ["schedule"]
