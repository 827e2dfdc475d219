"""The state of the integrations page, on a real database."""

from dataclasses import replace
from typing import Any, cast

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.integrations_rows import keep_outcomes
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


async def test_a_failed_test_is_not_told_any_more_once_the_connection_works_again(hub: Hub, tab: Any) -> None:
    del hub
    page = cast("IntegrationsState", await (await tab()).get_state(IntegrationsState))
    await page._refresh(KINDS)
    (now,) = [card for card in page.cards if card.lines]
    (line,) = now.lines
    assert line.status == "connected"

    def told(status: str, *, ok: bool, testing: bool = False) -> str:
        before = replace(line, status=status, outcome="The token was revoked.", outcome_ok=ok, testing=testing)
        return keep_outcomes([now], [replace(now, lines=[before])])[0].lines[0].outcome

    assert told("needs_reauth", ok=False) == ""
    assert told("pending", ok=False) == ""
    assert told("connected", ok=False) == "The token was revoked."
    assert told("error", ok=True) == "The token was revoked."
    assert told("error", ok=False, testing=True) == "The token was revoked."
