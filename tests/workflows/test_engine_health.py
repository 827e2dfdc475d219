"""What breaks in the engine's background is logged and lived through; what ends it shows in its health."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from integrations_app.errors import ReconnectRequired
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import schedule, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Workflow, WorkflowVersion
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, until, workflow
from tests.workflows.test_execute import has_ended, set_status

Fault = Callable[[str], None]


@pytest.fixture
def break_statement() -> Iterator[Fault]:
    """Make the next statement that contains these words break in a way that nobody foresaw."""
    wanted: list[str] = []

    def refuse(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if wanted and wanted[0] in statement:
            wanted.clear()
            raise ZeroDivisionError

    event.listen(Engine, "before_cursor_execute", refuse)
    yield wanted.append
    event.remove(Engine, "before_cursor_execute", refuse)


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async def found() -> bool:
        return words in caplog.text

    await until(found)


async def scheduled(hub: Hub) -> str:
    made = await service.create(
        hub, ACTOR, workflow(step(), trigger={"type": "schedule", "config": {"cron": "0 0 1 1 *"}})
    )
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def fall_due(hub: Hub, *workflow_ids: str) -> None:
    def write(session: Session) -> None:
        for workflow_id in workflow_ids:
            row = session.get(Workflow, (ORGANIZATION, workflow_id))
            assert row is not None
            row.next_run_at = hub.clock() - timedelta(minutes=1)
            session.add(row)

    await hub.database.write(write)
    await service.rename(hub, ACTOR, workflow_ids[0], "Wake the scheduler")


async def test_the_listener_outlives_a_fault(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, break_statement: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.before = [ReconnectRequired("revoked", "token_revoked")]
    made = await service.create(hub, ACTOR, workflow(step()))
    await service.publish(hub, ACTOR, made.id)
    run_id = await service.start_run(hub, ACTOR, made.id)
    assert (await service.wait_for_run(hub, ACTOR, run_id, 10)).row.status == "held"
    break_statement("SELECT DISTINCT run.held_connection_id")
    await set_status(hub, "needs_reauth")
    await logged(caplog, "a message of the bus could not be followed")
    assert engine.healthy
    await set_status(hub, "connected")
    await until(lambda: has_ended(hub, run_id))


async def test_the_schedule_outlives_a_fault(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    break_statement: Fault,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "TROUBLE_SECONDS", 0.05)
    made = await scheduled(hub)
    break_statement("min(workflow.next_run_at)")
    await fall_due(hub, made)
    await logged(caplog, "the schedule could not be followed")

    async def told() -> bool:
        return vendor.texts == ["hello"]

    await until(told)
    assert engine.healthy


async def test_one_unreadable_workflow_does_not_stop_the_schedule_of_others(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt, good = await scheduled(hub), await scheduled(hub)

    def spoil(session: Session) -> None:
        row = session.get(WorkflowVersion, (ORGANIZATION, spoilt, 1))
        assert row is not None
        row.definition = {"format": 99}
        session.add(row)

    await hub.database.write(spoil)
    await fall_due(hub, spoilt, good)

    async def told() -> bool:
        return vendor.texts == ["hello"]

    await until(told)
    await logged(caplog, f"the workflow {spoilt} could not be started")
    detail = await hub.database.read(lambda session: session.get(Workflow, (ORGANIZATION, spoilt)))
    assert detail is not None
    assert detail.next_run_at is not None
    assert detail.next_run_at > hub.clock()


async def test_health_tells_of_background_that_ended(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    engine = EmbeddedEngine(hub)
    assert not engine.healthy
    await engine.start()
    assert engine.healthy
    with caplog.at_level(logging.CRITICAL):
        await hub.bus.close()
        await logged(caplog, "background work of the engine ended")
    assert not engine.healthy
    await engine.stop()
