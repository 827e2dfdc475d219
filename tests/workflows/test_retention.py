"""Old runs and events go as an organisation wants it, and nothing that is still needed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from integrations_app.errors import Forbidden, InvalidInput
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import endpoints
from integrations_app.workflows.models import Event, PollState, RetentionRow, Run, StepRun
from integrations_app.workflows.retention import (
    AT_ONCE,
    Old,
    Retention,
    count_old,
    delete_old,
    load_retention,
    set_retention,
)
from tests.workflows.probe import ACTOR, ORGANIZATION

EDITOR = replace(ACTOR, role="editor")
OTHER = "00000000000000000000000000000002"


async def planted(hub: Hub, organization_id: str, days: int, status: str = "succeeded", endpoint_id: str = "e") -> str:
    """A run with a step, of an event, that ended so many days ago."""
    run_id, event_id, at = hub.new_id(), hub.new_id(), hub.clock() - timedelta(days=days)

    def write(session: Session) -> None:
        own: dict[str, Any] = {"organization_id": organization_id}
        session.add(
            Event(
                **own,
                id=event_id,
                endpoint_id=endpoint_id,
                delivery_id=event_id,
                digest="",
                verdict="accepted",
                body=b"",
                received_at=at,
            )
        )
        run = Run(**own, id=run_id, workflow_id="w", status=status, created_at=at, event_id=event_id)
        run.ended_at = at if status in {"succeeded", "failed", "cancelled"} else None
        session.add(run)
        session.flush()
        session.add(StepRun(**own, run_id=run_id, path="a", step_key="a", position=0))

    await hub.database.write(write)
    return run_id


async def left(hub: Hub, organization_id: str = ORGANIZATION) -> tuple[set[str], int, int]:
    """Ids of runs, how many steps, how many events."""

    def read(session: Session) -> tuple[set[str], int, int]:
        runs = set(session.scalars(select(Run.id).where(col(Run.organization_id) == organization_id)))
        steps = session.scalars(select(StepRun).where(col(StepRun.organization_id) == organization_id)).all()
        events = session.scalars(select(Event).where(col(Event.organization_id) == organization_id)).all()
        return runs, len(steps), len(events)

    return await hub.database.read(read)


async def test_everything_is_kept_until_somebody_says_otherwise(hub: Hub) -> None:
    await planted(hub, ORGANIZATION, 4000)
    assert await load_retention(hub, ACTOR) == Retention(0, 0)
    assert await delete_old(hub) == 0
    assert (await left(hub))[1:] == (1, 1)


async def test_what_is_finished_and_old_goes_with_its_steps(hub: Hub) -> None:
    old = [await planted(hub, ORGANIZATION, 31, status) for status in ("succeeded", "failed", "cancelled")]
    kept = [await planted(hub, ORGANIZATION, days) for days in (29, 0)]
    kept += [await planted(hub, ORGANIZATION, 400, status) for status in ("held", "waiting", "running", "queued")]
    theirs = await planted(hub, OTHER, 400)
    assert await count_old(hub, ACTOR, Retention(30, 30)) == Old(3, 3)
    await set_retention(hub, ACTOR, Retention(30, 30))
    assert await load_retention(hub, ACTOR) == Retention(30, 30)
    assert await delete_old(hub) == 6
    runs, steps, events = await left(hub)
    assert (runs, steps, events) == (set(kept), len(kept), len(kept)) and not runs & set(old)
    assert (await left(hub, OTHER))[0] == {theirs}
    assert await delete_old(hub) == 0
    applied = Filters(name="retention.applied")
    found = await hub.database.read(lambda session: list_events(session, ORGANIZATION, applied))
    assert [one.detail for one in found.items] == [{"runs": 3, "events": 3}]


async def test_events_may_go_sooner_than_their_runs(hub: Hub) -> None:
    run_id = await planted(hub, ORGANIZATION, 10)
    await set_retention(hub, ACTOR, Retention(30, 7))
    assert await delete_old(hub) == 1
    runs, _, events = await left(hub)
    assert (runs, events) == ({run_id}, 0)

    def read(session: Session) -> str | None:
        return session.get_one(Run, (ORGANIZATION, run_id)).event_id

    assert await hub.database.read(read) is None


async def test_what_a_poll_that_stands_still_brought_stays_known(hub: Hub) -> None:
    endpoint_id = (await endpoints.create_endpoint(hub, ACTOR, "Polled", "bearer")).row.id
    await planted(hub, ORGANIZATION, 10, endpoint_id=endpoint_id)
    await set_retention(hub, ACTOR, Retention(0, 7))

    def polled(days: int) -> None:
        def write(session: Session) -> None:
            where: dict[str, Any] = {"organization_id": ORGANIZATION, "endpoint_id": endpoint_id}
            fresh = PollState(**where, trigger_type="probe.record", next_at=hub.clock())
            row = session.get(PollState, (ORGANIZATION, endpoint_id)) or fresh
            row.polled_at = hub.clock() - timedelta(days=days)
            session.add(row)

        hub.database.write_now(write)

    polled(8)
    assert await delete_old(hub) == 0
    polled(0)
    assert await delete_old(hub) == 1


async def test_more_than_one_batch_goes(hub: Hub) -> None:
    def write(session: Session) -> None:
        at = hub.clock() - timedelta(days=400)
        own: dict[str, Any] = {"organization_id": ORGANIZATION, "workflow_id": "w", "status": "failed"}
        many = range(2 * AT_ONCE + 1)
        session.add_all([Run(**own, id=hub.new_id(), created_at=at, ended_at=at) for _ in many])

    await hub.database.write(write)
    await set_retention(hub, ACTOR, Retention(365, 0))
    assert await delete_old(hub) == 2 * AT_ONCE + 1
    assert (await left(hub))[0] == set()


@pytest.mark.parametrize("wanted", [Retention(1, 0), Retention(0, -1), Retention(31, 30)])
async def test_days_that_are_no_choice_are_refused(hub: Hub, wanted: Retention) -> None:
    with pytest.raises(InvalidInput):
        await set_retention(hub, ACTOR, wanted)

    def read(session: Session) -> object:
        return session.get(RetentionRow, ORGANIZATION)

    assert await hub.database.read(read) is None


async def test_editors_decide_nothing_here(hub: Hub) -> None:
    kept = Retention()
    for act in (load_retention(hub, EDITOR), set_retention(hub, EDITOR, kept), count_old(hub, EDITOR, kept)):
        with pytest.raises(Forbidden):
            await act
