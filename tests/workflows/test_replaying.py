"""Many failed runs are replayed together: each from where it failed, once per act, and what refuses stops no other."""

from typing import Any

import pytest

from integrations_app.errors import Forbidden, InvalidInput, Rejected
from integrations_app.organizations import audit
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.replaying import BATCH, MOST
from tests.workflows.probe import ACTOR, Vendor, step, workflow

VIEWER = Actor(ACTOR.organization_id, ACTOR.user_id, "viewer@example.org", "viewer")
STRANGER = Actor("9" * 32, ACTOR.user_id, "other@example.org", "owner")
BROKEN = Rejected("nope", "No.")
TWO = (step("a"), step("b", inputs={"text": "{{ steps.a.output.text }} {{ trigger.n }}"}))


async def live(hub: Hub, *steps: dict[str, Any], name: str = "Test") -> str:
    made = await service.create(hub, ACTOR, workflow(*steps, name=name))
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def run(hub: Hub, workflow_id: str, number: int = 0) -> str:
    run_id = await service.start_run(hub, ACTOR, workflow_id, input={"n": number})
    await service.wait_for_run(hub, ACTOR, run_id, 10)
    return run_id


async def failed(hub: Hub, vendor: Vendor, workflow_id: str, count: int) -> list[str]:
    """Runs whose second call was refused."""
    vendor.before = [None, BROKEN] * count
    return [await run(hub, workflow_id, number) for number in range(count)]


async def test_each_goes_on_from_the_step_that_failed(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    ids = await failed(hub, vendor, await live(hub, *TWO), 3)
    found = await service.find_failed(hub, ACTOR)
    assert (found.count, [one[0] for one in found.runs], found.runs[0][2]) == (3, ids[::-1], "Test")
    vendor.arrived.clear()
    done = await service.replay_failed(hub, ACTOR, ids, act="click")
    assert (list(done.started), done.refused) == (ids, {})
    for former, new in done.started.items():
        again = await service.wait_for_run(hub, ACTOR, new, 10)
        assert (again.row.status, again.row.replay_of, again.row.trigger_type) == ("succeeded", former, "manual")
    assert sorted(vendor.texts) == ["hello 0", "hello 1", "hello 2"]


async def test_one_act_starts_nothing_twice(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    ids = await failed(hub, vendor, await live(hub, *TWO), 2)
    first = await service.replay_failed(hub, ACTOR, [*ids, *ids], act="click")
    assert await service.replay_failed(hub, ACTOR, ids, act="click", begin="start") == first
    other = await service.replay_failed(hub, ACTOR, ids, act="another")
    assert not set(other.started.values()) & set(first.started.values())
    for run_id in (*first.started.values(), *other.started.values()):
        await service.wait_for_run(hub, ACTOR, run_id, 10)
    events = hub.database.read_now(
        lambda session: audit.list_events(session, ACTOR.organization_id, audit.Filters(name="run.replayed"))
    )
    assert sorted(str(event.detail["together"]) for event in events.items) == ["another"] * 2 + ["click"] * 2


async def test_from_the_start_everything_is_done_again(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    ids = await failed(hub, vendor, await live(hub, *TWO), 1)
    vendor.arrived.clear()
    done = await service.replay_failed(hub, ACTOR, ids, act="click", begin="start")
    await service.wait_for_run(hub, ACTOR, done.started[ids[0]], 10)
    assert vendor.texts == ["hello", "hello 0"]


async def test_on_the_latest_version_what_does_not_fit_is_refused_alone(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    one, two, gone = [await live(hub, *TWO, name=name) for name in ("One", "Two", "Gone")]
    ids = [(await failed(hub, vendor, workflow_id, 1))[0] for workflow_id in (one, two, gone)]
    good = await run(hub, one)
    saved = await service.save_draft(hub, ACTOR, two, workflow(step("a")), 1)
    await service.publish(hub, ACTOR, two, saved.draft_version)
    await service.delete(hub, ACTOR, gone)
    paused = await failed(hub, vendor, await live(hub, *TWO, name="Paused"), 1)
    await service.pause(hub, ACTOR, (await service.get_run(hub, ACTOR, paused[0])).row.workflow_id)
    asked = [*ids, good, "0" * 32, *paused]
    done = await service.replay_failed(hub, ACTOR, asked, act="click", version="latest")
    assert list(done.started) == [ids[0]]
    assert {key: one.code for key, one in done.refused.items()} == {
        ids[1]: "invalid_input",
        ids[2]: "not_found",
        good: "not_failed",
        "0" * 32: "not_found",
        paused[0]: "workflow_paused",
    }
    again = await service.wait_for_run(hub, ACTOR, done.started[ids[0]], 10)
    assert again.row.status == "succeeded"
    total = (await service.list_runs(hub, ACTOR, limit=200)).items
    assert len(total) == len(ids) + 1 + len(paused) + 1


async def test_more_than_a_batch(hub: Hub, vendor: Vendor, engine: EmbeddedEngine) -> None:
    workflow_id = await live(hub, step("a"))
    vendor.before = [BROKEN] * (BATCH + 1)
    ids = [await run(hub, workflow_id) for _ in range(BATCH + 1)]
    done = await service.replay_failed(hub, ACTOR, ids, act="click")
    assert len(done.started) == BATCH + 1
    for run_id in done.started.values():
        await service.wait_for_run(hub, ACTOR, run_id, 10)
    with pytest.raises(InvalidInput):
        await service.replay_failed(hub, ACTOR, [str(number) for number in range(MOST + 1)], act="click")


async def test_others_replay_nothing(hub: Hub, engine: EmbeddedEngine, vendor: Vendor) -> None:
    ids = await failed(hub, vendor, await live(hub, *TWO), 1)
    with pytest.raises(Forbidden):
        await service.replay_failed(hub, VIEWER, ids, act="click")
    done = await service.replay_failed(hub, STRANGER, ids, act="click")
    assert [one.code for one in done.refused.values()] == ["not_found"] and not done.started
    assert (await service.find_failed(hub, STRANGER)).count == 0


async def test_a_run_that_was_stopped_goes_on_at_its_stop_and_does_nothing_again(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    end = {"key": "end", "type": "stop", "outcome": "failed", "message": "Not today"}
    run_id = await run(hub, await live(hub, step("a"), end))
    vendor.arrived.clear()
    done = await service.replay_failed(hub, ACTOR, [run_id], act="click")
    again = await service.wait_for_run(hub, ACTOR, done.started[run_id], 10)
    assert (again.row.status, vendor.texts) == ("failed", [])
