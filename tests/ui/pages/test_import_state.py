"""Importing in the browser: looked at first, stored when accepted, refused with the place."""

import json
from typing import Any, cast

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.import_state import MAX_BYTES, ImportState
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, CONNECTION, step, workflow


async def call(page: ImportState, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    made = type(page).event_handlers[handler].fn(page, *given)
    return await made if hasattr(made, "__await__") else made


async def opened(root: Any) -> ImportState:
    page = cast("ImportState", await root.get_state(ImportState))
    await call(page, "ask", True)
    return page


async def test_a_look_a_choice_and_a_yes(hub: Hub, tab: Any) -> None:
    page = await opened(await tab())
    await call(page, "read_pasted", {"text": json.dumps(workflow(step("a", connection="elsewhere")))})
    assert (page.shown.name, [line.title for line in page.shown.lines]) == ("Test", ["Manually", "Put a text."[:-1]])
    [need] = page.shown.needs
    assert (need.label, need.chosen) == ("Probe connection for “elsewhere”", CONNECTION)
    await call(page, "choose", need.key, "")
    assert [line.field for line in page.shown.left] == ["connection"]
    await call(page, "choose", "what nobody asks for", CONNECTION)
    await call(page, "choose", need.key, CONNECTION)
    assert page.shown.left == ()
    assert (await service.list_by_organization(hub, ACTOR)).items == ()
    await call(page, "accept")
    [row] = (await service.list_by_organization(hub, ACTOR)).items
    assert (await service.get(hub, ACTOR, row.id)).draft["steps"][0]["connection"] == CONNECTION
    assert not page.asking and page.shown.name == "" and page._text == ""


async def test_what_is_refused_names_its_places_and_stays_out(hub: Hub, tab: Any) -> None:
    page = await opened(await tab())
    await call(page, "read", json.dumps(workflow(step("a", inputs={"text": "{% if %}"}), format=1)))
    assert [line.place for line in page.faults] == ["steps.0.inputs.text"]
    await call(page, "read", "x" * (MAX_BYTES + 1))
    assert "512 KiB" in page.faults[0].why
    await call(page, "read", json.dumps(workflow(*[step("same") for _ in range(60)])))
    assert len(page.faults) == 21 and "more places" in page.faults[-1].why
    await call(page, "accept")
    assert (await service.list_by_organization(hub, ACTOR)).items == ()
