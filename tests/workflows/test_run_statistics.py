"""Runs are counted by hour and status, of one organisation only; steps by run and status."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.organizations.models import Organization
from integrations_app.workflows.models import Run, StepRun
from integrations_app.workflows.run_statistics import count_by_hour, count_steps

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
OURS, THEIRS = "a" * 32, "b" * 32
Add = Callable[..., str]


@pytest.fixture
def add(database: Database) -> Add:
    """Store a run made so long ago, with steps in these statuses; returns its id."""

    def plant(session: Session) -> None:
        for organization_id in (OURS, THEIRS):
            session.add(Organization(id=organization_id, name=organization_id, created_at=NOW))

    database.write_now(plant)

    def make(
        ago: timedelta, status: str = "succeeded", organization_id: str = OURS, steps: tuple[str, ...] = ()
    ) -> str:
        run_id = new_id()

        def write(session: Session) -> None:
            where: dict[str, Any] = {"organization_id": organization_id}
            session.add(Run(**where, id=run_id, workflow_id="w" * 32, status=status, created_at=NOW - ago))
            session.flush()
            for position, step in enumerate(steps):
                row = StepRun(**where, run_id=run_id, path=f"s{position}", step_key="s", position=position, status=step)
                session.add(row)

        database.write_now(write)
        return run_id

    return make


def test_every_hour_is_there_oldest_first(database: Database) -> None:
    found = database.read_now(lambda session: count_by_hour(session, OURS, NOW))
    assert len(found) == 24
    assert found[0].begins_at == datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert found[-1].begins_at == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert all(one.total == 0 for one in found)


def test_runs_are_counted_in_their_hour_by_status(database: Database, add: Add) -> None:
    add(timedelta(0))
    add(timedelta(minutes=30))  # exactly on the edge: the hour begins with it
    add(timedelta(minutes=30, microseconds=1), "failed")
    add(timedelta(hours=23, minutes=29), "held")
    found = database.read_now(lambda session: count_by_hour(session, OURS, NOW))
    assert found[-1].by_status == {"succeeded": 2}
    assert found[-2].by_status == {"failed": 1}
    assert found[0].by_status == {"held": 1}
    assert sum(one.total for one in found) == 4


def test_older_runs_and_those_of_others_are_not_counted(database: Database, add: Add) -> None:
    add(timedelta(hours=23, minutes=30, microseconds=1))
    add(timedelta(minutes=1), organization_id=THEIRS)
    found = database.read_now(lambda session: count_by_hour(session, OURS, NOW))
    assert sum(one.total for one in found) == 0


def test_fewer_hours_can_be_asked_for(database: Database, add: Add) -> None:
    add(timedelta(hours=2))
    add(timedelta(hours=4))
    found = database.read_now(lambda session: count_by_hour(session, OURS, NOW, 3))
    assert [one.total for one in found] == [1, 0, 0]


def test_steps_are_counted_by_run_and_status(database: Database, add: Add) -> None:
    first = add(timedelta(0), steps=("succeeded", "succeeded", "failed"))
    second = add(timedelta(0), steps=("running",))
    other = add(timedelta(0), organization_id=THEIRS, steps=("running",))
    empty = add(timedelta(0))
    found = database.read_now(lambda session: count_steps(session, OURS, [first, second, other, empty]))
    assert found == {first: {"succeeded": 2, "failed": 1}, second: {"running": 1}}
    assert database.read_now(lambda session: count_steps(session, OURS, [])) == {}
