"""Rows of a condition as events: two quick edits of one person are both kept, and nobody else's is written over."""

from typing import Any

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_condition_state import EditorConditionState
from integrations_app.workflows import service
from integrations_app.workflows.editing.commands import SetPart
from tests.ui.pages.test_canvas_state import send
from tests.ui.pages.test_editor_states import edit
from tests.workflows.probe import ACTOR, step, workflow


def rows(*paths: str) -> list[dict[str, Any]]:
    return [{"left": path, "operator": "holds", "right": "", "join": "and", "group": 0} for path in paths]


async def test_who_is_quicker_than_the_answer_does_not_meet_the_own_edit(hub: Hub, tab: Any) -> None:
    saved = await service.create(hub, ACTOR, workflow(step("a")))
    page = await edit(hub, await tab(), EditorConditionState, saved.id)

    async def when() -> Any:
        return (await service.get(hub, ACTOR, saved.id)).draft["steps"][0].get("when")

    for paths in (("trigger.x",), ("trigger.x", "trigger.y"), ("trigger.z",)):
        await send(page, "set_rows", "a", "@when", rows(*paths), "")
        assert (await when(), page.conflict) == (" and ".join(paths), False)
    await send(page, "set_rows", "a", "@when", rows("trigger.q"), "trigger.z")
    assert await when() == "trigger.q"
    theirs = SetPart(target="a", path=("when",), to=["trigger.theirs"], was=["trigger.q"])
    await service.edit(hub, ACTOR, saved.id, theirs)
    await send(page, "set_rows", "a", "@when", rows("trigger.mine"), "trigger.z")
    assert (await when(), page.conflict) == ("trigger.theirs", True)
