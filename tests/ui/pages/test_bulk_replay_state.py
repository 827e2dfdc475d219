"""Replaying failed runs from the list: what is chosen is asked about, done once, and told."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from integrations_app.errors import Rejected
from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.bulk_replay_state import BulkReplayState, Progress
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, Vendor, step, workflow

Fail = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def fail(hub: Hub, vendor: Vendor) -> Fail:
    """Make a live workflow fail some times; the runs' ids."""

    async def make(count: int, name: str) -> list[str]:
        made = await service.create(hub, ACTOR, workflow(step("a"), name=name))
        await service.publish(hub, ACTOR, made.id)
        vendor.before = [Rejected("nope", "No.")] * count
        ids = [await service.start_run(hub, ACTOR, made.id) for _ in range(count)]
        for run_id in ids:
            await service.wait_for_run(hub, ACTOR, run_id, 10)
        return ids

    return make


async def call(page: BulkReplayState, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    made = type(page).event_handlers[handler].fn(page, *given)
    return await made if hasattr(made, "__await__") else made


async def looking(root: Any) -> BulkReplayState:
    page = cast("BulkReplayState", await root.get_state(BulkReplayState))
    page.status = "failed"
    await page._read_lines()
    return page


async def test_runs_are_chosen_one_by_one_and_all_at_once(fail: Fail, tab: Any) -> None:
    ids = [*await fail(2, "One"), *await fail(1, "Two")]
    page = await looking(await tab())
    await call(page, "toggle", ids[0])
    assert (page.chosen, page.all_shown) == ([ids[0]], False)
    await call(page, "toggle", ids[0])
    assert page.chosen == []
    await call(page, "toggle_shown")
    assert (set(page.chosen), page.all_shown, page.matching) == (set(ids), True, 3)
    await call(page, "toggle_shown")
    assert page.chosen == []
    page.workflow_id = page.lines[0].workflow_href.rsplit("/", 1)[-1]
    await call(page, "choose_all")
    assert (page.chosen, page.matching) == ([ids[2]], 1)


async def test_the_question_names_how_many_of_which_and_is_done_once(
    hub: Hub, vendor: Vendor, fail: Fail, tab: Any
) -> None:
    ids = [*await fail(2, "One"), *await fail(1, "Two")]
    page = await looking(await tab())
    await call(page, "choose_all")
    page.chosen = [*page.chosen, "0" * 32]
    await call(page, "ask")
    assert (page.question.count, page.question.workflows) == (3, ["One: 2 runs", "Two: 1 run"])
    await call(page, "begin_at", "start")
    await call(page, "choose_version", "latest")
    assert await call(page, "go") is BulkReplayState.replay
    await call(page, "keep")
    assert await call(page, "go") is None
    await call(page, "replay")
    await call(page, "replay")
    assert (page.progress.words, page.progress.done, page.progress.running) == ("3 runs replayed.", 3, False)
    assert (page.question.act, page.chosen) == ("", [])
    runs = (await service.list_runs(hub, ACTOR)).items
    assert sorted(row.replay_of for row in runs if row.replay_of) == sorted(ids)
    await call(page, "dismiss")
    assert page.progress == Progress()


async def test_what_is_refused_is_told_with_its_reason(hub: Hub, fail: Fail, tab: Any) -> None:
    [run_id] = await fail(1, "One")
    page = await looking(await tab())
    await service.pause(hub, ACTOR, page.lines[0].workflow_href.rsplit("/", 1)[-1])
    await call(page, "toggle", run_id)
    await call(page, "ask")
    await call(page, "choose_version", "latest")
    await call(page, "go")
    await call(page, "replay")
    assert page.progress.words == "0 runs replayed. 1 could not be replayed:"
    assert page.progress.reasons == ["1 run: The workflow is paused. Resume it first."]


async def test_without_a_choice_nothing_is_asked(fail: Fail, tab: Any) -> None:
    page = await looking(await tab())
    await call(page, "ask")
    assert page.question.act == ""
    await call(page, "go")
    await call(page, "replay")
    assert page.progress == Progress()
