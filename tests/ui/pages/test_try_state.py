"""The state of a connection's try-out, on a real database."""

from typing import Any, cast

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_trial_state import TrialView
from integrations_app.ui.pages.try_state import TryState
from tests.ui.pages.test_editor_states import in_background
from tests.workflows.probe import CONNECTION


async def test_a_try_begins_in_turn_behind_the_field_that_was_left(hub: Hub, tab: Any) -> None:
    del hub
    page = cast("TryState", await (await tab()).get_state(TryState))
    page.provider_key, page.chosen = "probe", CONNECTION
    assert type(page).event_handlers["send_try"].fn(page) is TryState.call_try
    assert page.try_result == TrialView(CONNECTION, running=True)
    await in_background(page, "call_try")
    assert (page.try_result.running, bool(page.try_result.error)) == (False, True)


async def test_a_try_of_a_connection_that_was_left_meanwhile_does_not_go_out(hub: Hub, tab: Any) -> None:
    del hub
    page = cast("TryState", await (await tab()).get_state(TryState))
    page.provider_key, page.chosen = "probe", CONNECTION
    type(page).event_handlers["send_try"].fn(page)
    page.chosen, page.try_result = "0" * 32, TrialView()
    await in_background(page, "call_try")
    assert page.try_result == TrialView()
