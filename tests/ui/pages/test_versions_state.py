"""The dialog of the versions: which two are compared, and what becomes of it when one of them is chosen anew."""

from typing import Any

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_versions_state import EditorVersionsState
from integrations_app.workflows import service
from tests.ui.pages.test_editor_states import call, edit
from tests.workflows.probe import ACTOR, step, workflow


async def _three(hub: Hub) -> str:
    """A workflow whose versions 1, 2 and 3 say so, and whose draft says 4."""
    saved = await service.create(hub, ACTOR, workflow(step("a", inputs={"text": "1"})))
    for number in (2, 3, 4):
        await service.publish(hub, ACTOR, saved.id)
        changed = workflow(step("a", inputs={"text": str(number)}))
        saved = await service.save_draft(hub, ACTOR, saved.id, changed, saved.draft_version)
    return saved.id


def _shown(page: EditorVersionsState) -> tuple[int, str, list[tuple[str, str]]]:
    return page.compared, page.between, [(part.before, part.after) for one in page.changes for part in one.parts]


async def test_a_version_is_compared_with_the_draft_or_with_another(hub: Hub, tab: Any) -> None:
    page = await edit(hub, await tab(), EditorVersionsState, await _three(hub))
    await call(page, "list_versions", True)
    assert ([one.number for one in page.versions], page.against) == ([3, 2, 1], 0)
    await call(page, "compare", 2)
    assert _shown(page) == (2, "From version 2 to the draft", [("2", "4")])
    await call(page, "choose_against", "1")
    assert _shown(page) == (2, "From version 1 to version 2", [("1", "2")])
    await call(page, "compare", 3)
    assert _shown(page) == (3, "From version 1 to version 3", [("1", "3")])
    await call(page, "choose_against", "3")
    assert page.compared == 0
    await call(page, "compare", 1)
    assert _shown(page) == (1, "From version 1 to version 3", [("1", "3")])
    await call(page, "compare", 1)
    assert page.compared == 0


async def test_what_is_no_version_of_the_list_is_the_draft(hub: Hub, tab: Any) -> None:
    page = await edit(hub, await tab(), EditorVersionsState, await _three(hub))
    await call(page, "list_versions", True)
    for chosen in ("9", "draft", "-1", "²", ""):
        await call(page, "choose_against", chosen)
        assert page.against == 0
    await call(page, "compare", 9)
    assert (page.compared, page.version_note) == (0, "There is no such version.")
