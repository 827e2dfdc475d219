"""The state of the integrations page, on a real database."""

from typing import Any, cast

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.integrations_state import KINDS, IntegrationsState
from tests.workflows.probe import CONNECTION


async def test_a_question_about_a_connection_that_is_gone_is_not_opened(hub: Hub, tab: Any) -> None:
    del hub
    page = cast("IntegrationsState", await (await tab()).get_state(IntegrationsState))
    await page._refresh(KINDS)
    handlers = type(page).event_handlers
    handlers["ask_rename"].fn(page, CONNECTION)
    await handlers["ask_disconnect"].fn(page, CONNECTION)
    assert (page.renaming_id, page.leaving_id) == (CONNECTION, CONNECTION)
    gone = "0" * 32
    handlers["ask_rename"].fn(page, gone)
    await handlers["ask_disconnect"].fn(page, gone)
    assert (page.renaming_id, page.leaving_id, page.renaming_name) == ("", "", "")
