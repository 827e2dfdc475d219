"""The acts on a row of the workflows page, on a real database."""

from typing import Any, cast

import pytest

from integrations_app.errors import NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.workflow_acts_state import WorkflowActsState
from integrations_app.ui.pages.workflows_state import KINDS
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, step, workflow


async def call(page: WorkflowActsState, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    made = type(page).event_handlers[handler].fn(page, *given)
    return await made if hasattr(made, "__await__") else made


async def test_what_was_asked_about_is_deleted_though_the_dialog_closed_behind_the_press(hub: Hub, tab: Any) -> None:
    made = await service.create(hub, ACTOR, workflow(step("a"), name="Mine"))
    page = cast("WorkflowActsState", await (await tab()).get_state(WorkflowActsState))
    await page._refresh(KINDS)
    await call(page, "ask_delete", made.id)
    assert "lost" in page.leaving.words
    assert await call(page, "delete") is WorkflowActsState.destroy
    await call(page, "keep")
    assert await call(page, "delete") is None
    await call(page, "destroy")
    assert page.lines == []
    with pytest.raises(NotFound):
        await service.get(hub, ACTOR, made.id)
