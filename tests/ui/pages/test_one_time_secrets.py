"""What is shown once goes to the browser by an event, and no state keeps it."""

from typing import Any, cast

import pytest
import reflex as rx

from integrations_app.organizations.hub import Hub
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.pages.editor_endpoint_state import EditorEndpointState
from integrations_app.ui.pages.endpoint_opening import SECRET_BOX
from integrations_app.ui.pages.settings_state import LINK_BOX, SettingsState
from integrations_app.workflows import service
from integrations_app.workflows.endpoints import list_endpoints
from tests.workflows.probe import ACTOR, workflow


def handed_over(event: Any, box: str) -> str:
    """The value that an event gives to the box."""
    said = {name._js_expr: str(value._decode()) for name, value in event.args}
    known = {name._js_expr: str(value._decode()) for name, value in hand_over(box, "").args}
    assert (event.handler.fn.__qualname__, said["ref"]) == ("_set_value", known["ref"])
    return said["value"]


def kept(root: rx.State) -> str:
    """All that a reload would send, and all that a snapshot of the tab would hold."""
    found = [root]
    for state in found:
        found.extend(cast("list[rx.State]", state.substates.values()))
    return repr([vars(state) for state in found])


async def events_of(page: rx.State, handler: str, form: dict[str, str]) -> list[Any]:
    """Every event that an asynchronous generator of a handler gives out."""
    return [event async for event in type(page).event_handlers[handler].fn(page, form)]


async def test_the_secret_of_an_endpoint_is_in_no_state(hub: Hub, tab: Any) -> None:
    root = await tab()
    page = cast("EditorEndpointState", await root.get_state(EditorEndpointState))
    saved = await service.create(hub, ACTOR, workflow())
    page.workflow_id = saved.id
    await page._adopt(await service.get(hub, ACTOR, saved.id))
    made = await events_of(page, "create_endpoint", {"name": "Forms", "kind": "bearer"})
    secret = handed_over(made[0], SECRET_BOX)
    assert (len(made), len(secret) > 20, page.secret_of) == (1, True, "Forms")
    assert [row.name for row in await list_endpoints(hub, ACTOR)] == ["Forms"]
    assert "Forms" in kept(root)
    assert secret not in kept(root)


@pytest.mark.parametrize("role", ["editor", "no such role"])
async def test_an_invitation_is_in_no_state(hub: Hub, tab: Any, role: str) -> None:
    root = await tab()
    page = cast("SettingsState", await root.get_state(SettingsState))
    page.can_manage_members = True
    event = await type(page).event_handlers["invite"].fn(page, {"role": role, "email": "new@example.org"})
    link = handed_over(event, LINK_BOX)
    if role == "editor":
        assert link.startswith(f"{hub.settings.public_url}/invitation/")
        assert [line.email for line in page.invitations] == ["new@example.org"]
        assert link.rsplit("/", 1)[-1] not in kept(root)
    else:
        assert (link, page.members_notice != "") == ("", True)
