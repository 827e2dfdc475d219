"""The scheduler: once per time, never before, and what was missed as the workflow says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.schedule import MOST, start_due
from tests.workflows.probe import ACTOR, step, workflow

NIGHT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def at(hub: Hub, moment: datetime) -> Hub:
    """The hub at another time."""
    return replace(hub, clock=partial(moment.replace))


async def live(hub: Hub, **config: Any) -> str:
    trigger = {"type": "schedule", "config": {"cron": "0 * * * *", **config}}
    made = await service.create(hub, ACTOR, workflow(step(), trigger=trigger))
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def times(hub: Hub, workflow_id: str) -> list[str]:
    """For which times runs were started, in order."""
    found = await service.list_runs(hub, ACTOR, workflow_id=workflow_id, limit=200)
    details = [await service.get_run(hub, ACTOR, row.id) for row in found.items]
    return sorted(str(one.trigger["scheduled_at"]) for one in details)


def look(hub: Hub, moment: datetime) -> datetime | None:
    then = at(hub, moment)
    return hub.database.write_now(partial(start_due, then))


async def test_a_time_starts_one_run_and_never_before(hub: Hub) -> None:
    made = await live(at(hub, NIGHT + timedelta(minutes=5)))
    assert look(hub, NIGHT + timedelta(minutes=59)) == NIGHT + timedelta(hours=1)
    assert await times(hub, made) == []
    assert look(hub, NIGHT + timedelta(hours=1)) == NIGHT + timedelta(hours=2)
    assert look(hub, NIGHT + timedelta(hours=1, seconds=1)) == NIGHT + timedelta(hours=2)
    assert await times(hub, made) == ["2026-11-23T01:00:00+00:00"]


@pytest.mark.parametrize(
    ("config", "hours"),
    [({}, [1]), ({"missed": "run_once"}, [1]), ({"missed": "skip"}, []), ({"missed": "run_all"}, [1, 2, 3, 4, 5])],
    ids=["unsaid", "run_once", "skip", "run_all"],
)
async def test_what_was_missed_is_made_up_for_as_the_workflow_says(
    hub: Hub, config: dict[str, str], hours: list[int]
) -> None:
    made = await live(at(hub, NIGHT + timedelta(minutes=5)), **config)
    assert look(hub, NIGHT + timedelta(hours=5, minutes=30)) == NIGHT + timedelta(hours=6)
    assert await times(hub, made) == [(NIGHT + timedelta(hours=one)).isoformat() for one in hours]
    look(hub, NIGHT + timedelta(hours=6, seconds=30))
    assert len(await times(hub, made)) == len(hours) + 1  # a start that is a little late is none that was missed


async def test_a_long_absence_is_not_made_up_for_without_end(hub: Hub) -> None:
    made = await live(at(hub, NIGHT + timedelta(minutes=5)), missed="run_all", cron="* * * * *")
    look(hub, NIGHT + timedelta(days=2))
    assert len(await times(hub, made)) == MOST


async def test_an_interval_starts_one_run_each_time_it_has_passed(hub: Hub) -> None:
    made = await live(at(hub, NIGHT + timedelta(minutes=5)), cron="@every 90m", missed="run_all")
    assert look(hub, NIGHT + timedelta(minutes=89)) == NIGHT + timedelta(minutes=90)
    assert look(hub, NIGHT + timedelta(hours=5)) == NIGHT + timedelta(hours=6)
    expected = [NIGHT + timedelta(minutes=one) for one in (90, 180, 270)]
    assert await times(hub, made) == [one.isoformat() for one in expected]


async def test_a_hole_and_a_fold_of_the_clocks_start_what_exists_once(hub: Hub) -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)  # Berlin skips 02:30 on the 29th, and has it twice on 25 October
    spring = await live(at(hub, before), cron="30 2 * * *", timezone="Europe/Berlin")
    assert look(hub, before + timedelta(days=1)) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    assert await times(hub, spring) == []
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    autumn = await live(at(hub, before), cron="30 2 * * *", timezone="Europe/Berlin", missed="run_all")
    look(hub, before + timedelta(days=1))
    assert len(await times(hub, autumn)) == 1


async def test_an_unknown_word_for_what_was_missed_is_a_problem(hub: Hub) -> None:
    trigger = {"type": "schedule", "config": {"cron": "0 * * * *", "missed": "twice"}}
    made = await service.create(hub, ACTOR, workflow(step(), trigger=trigger))
    assert [one.path for one in made.problems] == ["trigger.config.missed"]
