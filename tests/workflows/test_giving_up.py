"""A run that cannot be read is not tried for ever; one that an outage keeps away is."""

from typing import Any

import pytest
from sqlalchemy import Engine, event, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.engine import embedded
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Run, WorkflowVersion
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, workflow


async def started(hub: Hub) -> tuple[str, str]:
    made = await service.create(hub, ACTOR, workflow(step()))
    await service.publish(hub, ACTOR, made.id)
    return made.id, await service.start_run(hub, ACTOR, made.id)


@pytest.mark.parametrize("spoilt", [{"format": 99}, {"steps": 7}, None])
async def test_an_unreadable_run_ends_as_failed_with_words(
    hub: Hub, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, spoilt: dict[str, Any] | None
) -> None:
    monkeypatch.setattr(embedded, "TROUBLE_SECONDS", 0.01)
    workflow_id, run_id = await started(hub)

    def spoil(session: Session) -> None:
        row = session.get(WorkflowVersion, (ORGANIZATION, workflow_id, 1))
        assert row is not None
        if spoilt is None:
            session.delete(row)
        else:
            row.definition = spoilt
            session.add(row)

    await hub.database.write(spoil)
    engine = EmbeddedEngine(hub)
    await engine.start()
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    await engine.stop()
    assert (found.row.status, found.row.error_code) == ("failed", "crashed")
    assert "3 tries" in found.row.error_message
    assert found.row.ended_at is not None
    assert vendor.arrived == []


async def test_an_unreadable_run_that_was_to_be_cancelled_is(
    hub: Hub, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TROUBLE_SECONDS", 0.01)
    _, run_id = await started(hub)

    def spoil(session: Session) -> None:
        mine = update(Run).where(col(Run.organization_id) == ORGANIZATION)
        session.execute(mine.values(version=9, status="running", cancel_requested=True))

    await hub.database.write(spoil)
    engine = EmbeddedEngine(hub)
    await engine.start()
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    await engine.stop()
    assert (found.row.status, found.row.error_code) == ("cancelled", "")


async def test_an_outage_of_any_length_gives_nothing_up(
    hub: Hub, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TROUBLE_SECONDS", 0.001)
    _, run_id = await started(hub)
    left = 2 * embedded.MAX_FAULTS

    def away(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        nonlocal left
        if left and statement.startswith("SELECT workflow.paused"):
            left -= 1
            raise OperationalError(statement, {}, Exception("the database is away"))

    event.listen(Engine, "before_cursor_execute", away)
    engine = EmbeddedEngine(hub)
    await engine.start()
    found = await service.wait_for_run(hub, ACTOR, run_id, 10)
    await engine.stop()
    event.remove(Engine, "before_cursor_execute", away)
    assert (found.row.status, left) == ("succeeded", 0)
