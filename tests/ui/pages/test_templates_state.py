"""The gallery: cards that can be searched, a look with choices, and a draft with the connections there are."""

from pathlib import Path
from typing import Any, cast

import pytest

from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import registry
from integrations_app.ui import hub as ui_hub
from integrations_app.ui.pages.templates_state import TemplatesState
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, make_hub, plant


@pytest.fixture
async def hub(database: Any, tmp_path: Path) -> Any:
    """The product's own providers."""
    made = make_hub(database, tmp_path, registry())
    plant(made, provider="github")
    ui_hub.provide(made)
    yield made
    await made.door.aclose()
    await made.bus.close()


async def call(page: TemplatesState, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    made = type(page).event_handlers[handler].fn(page, *given)
    return await made if hasattr(made, "__await__") else made


async def test_cards_are_found_by_words_and_services(hub: Hub, tab: Any) -> None:
    page = cast("TemplatesState", await (await tab()).get_state(TemplatesState))
    await call(page, "load")
    every = len(page.cards)
    await call(page, "find", "  GitHub release ")
    assert [(card.key, card.uses) for card in page.cards] == [("github/announce_releases", "GitHub and Slack")]
    await call(page, "find", "nothing like it")
    assert page.cards == []
    await call(page, "ask", True)
    assert (len(page.cards), page.search) == (every, "")


async def test_a_template_is_looked_at_and_used(hub: Hub, tab: Any) -> None:
    page = cast("TemplatesState", await (await tab()).get_state(TemplatesState))
    await call(page, "load")
    await call(page, "look", "github/label_and_answer_issues")
    [need] = page.shown.needs
    assert need.chosen and "missing_scope" not in page.trouble
    await call(page, "choose", need.key, "")
    assert {line.field for line in page.shown.left} >= {"connection"}
    await call(page, "choose", need.key, need.chosen)
    event = await call(page, "use", page.chosen)
    [row] = (await service.list_by_organization(hub, ACTOR)).items
    assert row.name == "Label and answer new issues" and event is not None
    assert (await service.get(hub, ACTOR, row.id)).draft["trigger"]["connection"] == need.chosen
    await call(page, "look", "github/none")
    assert (page.chosen, page.trouble) == ("", "There is no such template.")
