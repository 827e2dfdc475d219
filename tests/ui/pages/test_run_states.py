"""The states of the runs list and the run page, on a real engine and database."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
import reflex as rx

from integrations_app.errors import OutcomeUnknown, Rejected
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.ui.pages import runs_state
from integrations_app.ui.pages.run_state import KINDS, RunState
from integrations_app.ui.pages.runs_state import RunsState
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, workflow

STRANGER = Actor("s" * 32, "v" * 32, "stranger@example.org", "owner")
VIEWER = Actor(ORGANIZATION, "v" * 32, "viewer@example.org", "viewer")

Start = Callable[..., Awaitable[str]]


@pytest.fixture
def start(hub: Hub) -> Start:
    """Run a workflow of these steps until it rests; returns the run's id."""

    async def run(*steps: dict[str, Any], name: str = "Test") -> str:
        saved = await service.create(hub, ACTOR, workflow(*steps, name=name))
        run_id = await service.start_run(hub, ACTOR, saved.id, input={"title": "Broken"}, draft=True)
        await service.wait_for_run(hub, ACTOR, run_id, 10)
        return run_id

    return run


async def show(root: rx.State, run_id: str) -> RunState:
    page = cast("RunState", await root.get_state(RunState))
    page.run_id = run_id
    await page._refresh(KINDS)
    return page


async def call(page: rx.State, handler: str, *given: str) -> Any:
    """Call a handler as an event does."""
    return await type(page).event_handlers[handler].fn(page, *given)


async def test_a_finished_run_shows_its_steps_and_data_only_when_unfolded(start: Start, tab: Any) -> None:
    run_id = await start(step("a", name="Put it"), step("b", inputs={"text": "{{ steps.a.output.id }}"}))
    page = await show(await tab(), run_id)
    assert (page.head.word, page.head.finished, page.head.version) == ("Succeeded", True, "Draft")
    assert [line.name for line in page.steps] == ["Put it", "b"]
    assert {line.kind for line in page.steps} == {"Probe · Put a text"}
    assert (dict(page.values), page.trigger) == ({}, "")
    await call(page, "unfold", "b")
    await call(page, "unfold_trigger")
    assert list(page.values) == ["b"]
    assert '"text": "1"' in page.values["b"].inputs
    assert '"id": "2"' in page.values["b"].output
    assert '"title": "Broken"' in page.trigger


async def test_a_failed_run_is_replayed_from_its_failed_step(start: Start, tab: Any, vendor: Vendor, hub: Hub) -> None:
    vendor.before = [None, Rejected("no_such_room", "There is no such room.")]
    page = await show(await tab(), await start(step("a"), step("b")))
    assert (page.head.word, page.head.failed_path) == ("Failed", "b")
    assert "There is no such room." in page.head.error
    await call(page, "replay", page.head.failed_path)
    newest = (await service.list_runs(hub, ACTOR, limit=1)).items[0]
    again = await show(await tab(), (await service.wait_for_run(hub, ACTOR, newest.id, 10)).row.id)
    assert (again.head.word, again.head.replay_of_href) == ("Succeeded", f"/runs/{page.run_id}")
    assert [line.attempts for line in again.steps] == ["taken over", ""]


@pytest.mark.parametrize(("outcome", "calls"), [("sent", 1), ("not_sent", 2)])
async def test_a_person_resolves_an_unknown_outcome(
    start: Start, tab: Any, vendor: Vendor, hub: Hub, outcome: str, calls: int
) -> None:
    vendor.after = [OutcomeUnknown("The answer was lost.")]
    page = await show(await tab(), await start(step("a", "fire"), step("b")))
    assert (page.head.word, page.head.doubtful_path) == ("Held: outcome unknown", "a")
    await call(page, "resolve", outcome)
    await service.wait_for_run(hub, ACTOR, page.run_id, 10)
    await page._refresh(KINDS)
    assert (page.head.word, page.notice) == ("Succeeded", "")
    assert len(vendor.arrived) == calls + 1


async def test_a_waiting_run_is_cancelled(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow({"key": "nap", "type": "delay", "seconds": 3600}))
    run_id = await service.start_run(hub, ACTOR, saved.id, draft=True)
    page = await show(await tab(), run_id)
    assert not page.head.finished
    await call(page, "cancel")
    await service.wait_for_run(hub, ACTOR, run_id, 10)
    await page._refresh(KINDS)
    assert (page.head.word, page.head.finished) == ("Cancelled", True)


async def test_a_viewer_sees_and_cannot_act_even_when_the_guard_is_passed(start: Start, tab: Any, hub: Hub) -> None:
    run_id = await start(step("a"))
    page = await show(await tab(VIEWER), run_id)
    assert page.head.word == "Succeeded"
    assert await call(page, "replay", "") is None
    assert page.notice == "Your role does not allow this."
    assert len((await service.list_runs(hub, ACTOR)).items) == 1


async def test_a_run_of_another_organization_is_missing(start: Start, tab: Any) -> None:
    run_id = await start(step("a"))
    page = await show(await tab(STRANGER), run_id)
    assert page.missing
    assert (page.head.word, list(page.steps)) == ("", [])
    await call(page, "unfold", "a")
    assert dict(page.values) == {}
    listed = cast("RunsState", await (await tab(STRANGER)).get_state(RunsState))
    await listed._refresh(runs_state.KINDS)
    assert (list(listed.lines), listed.chart.summary) == ([], "No runs in the last 24 hours.")


async def test_the_list_is_filtered_and_counts(start: Start, tab: Any, vendor: Vendor) -> None:
    await start(step("a"), name="Good")
    vendor.before = [Rejected("refused", "No.")]
    await start(step("a"), name="Bad")
    page = cast("RunsState", await (await tab()).get_state(RunsState))
    await page._refresh(runs_state.KINDS)
    assert [(line.workflow_name, line.word) for line in page.lines] == [("Bad", "Failed"), ("Good", "Succeeded")]
    assert page.chart.summary == "2 runs in the last 24 hours: 1 succeeded, 1 failed."
    assert {choice.label for choice in page.workflows} == {"Good", "Bad"}
    await call(page, "choose_status", "failed")
    assert [line.workflow_name for line in page.lines] == ["Bad"]
    good = next(choice.value for choice in page.workflows if choice.label == "Good")
    await call(page, "choose_workflow", good)
    assert list(page.lines) == []
    await call(page, "clear_filters")
    assert len(page.lines) == 2


async def test_older_runs_come_page_by_page_and_stay_when_news_arrive(
    start: Start, tab: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_state, "PAGE_SIZE", 2)
    monkeypatch.setattr(runs_state, "MAX_FRESH", 3)
    ids = [await start(step("a")) for _ in range(5)]
    page = cast("RunsState", await (await tab()).get_state(RunsState))
    await page._refresh(runs_state.KINDS)
    assert ([line.id for line in page.lines], page.older) == (ids[:2:-1], True)
    await call(page, "show_older")
    await call(page, "show_older")
    assert ([line.id for line in page.lines], page.older) == (ids[::-1], False)
    ids.append(await start(step("a")))
    await page._refresh(runs_state.KINDS)
    assert [line.id for line in page.lines] == ids[::-1]
    assert not page.older
