"""Retention in the settings: stored at once when nothing goes, after a question when something does."""

from datetime import timedelta
from typing import Any, cast

from sqlmodel import Session

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.retention_state import RetentionState
from integrations_app.workflows.models import Run
from integrations_app.workflows.retention import Retention, delete_old, load_retention
from tests.workflows.probe import ACTOR, ORGANIZATION


async def call(page: RetentionState, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    made = type(page).event_handlers[handler].fn(page, *given)
    return await made if hasattr(made, "__await__") else made


async def opened(root: Any) -> RetentionState:
    page = cast("RetentionState", await root.get_state(RetentionState))
    await call(page, "load")
    return page


async def test_a_choice_is_stored_at_once_while_nothing_goes(hub: Hub, tab: Any) -> None:
    page = await opened(await tab())
    await call(page, "choose_runs", "30")
    await call(page, "ask_save")
    assert (page.asking, page.retention_notice, page.run_days, page.event_days) == (False, "Saved.", "30", "0")
    assert await load_retention(hub, ACTOR) == Retention(30, 0)
    await call(page, "choose_events", "1")
    await call(page, "ask_save")
    assert "none of the choices" in page.retention_notice or page.event_days == "0"
    assert await load_retention(hub, ACTOR) == Retention(30, 0)


async def test_what_would_go_is_counted_before_it_does(hub: Hub, tab: Any) -> None:
    at = hub.clock() - timedelta(days=10)

    def write(session: Session) -> None:
        own: dict[str, Any] = {"organization_id": ORGANIZATION, "workflow_id": "w", "status": "failed"}
        session.add(Run(**own, id=hub.new_id(), created_at=at, ended_at=at))

    await hub.database.write(write)
    page = await opened(await tab())
    await call(page, "choose_runs", "7")
    await call(page, "ask_save")
    assert (page.asking, page.old_runs, page.old_events) == (True, 1, 0)
    await call(page, "keep", False)
    assert (page.asking, page.run_days) == (False, "0")
    await call(page, "choose_runs", "7")
    await call(page, "ask_save")
    await call(page, "save")
    assert (page.asking, page.retention_notice) == (False, "Saved.")
    assert await delete_old(hub) == 1
