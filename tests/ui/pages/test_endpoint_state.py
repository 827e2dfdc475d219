"""The acts on the endpoint that a draft names: what stops is named, and a secret is in no state."""

from typing import Any, cast

from integrations_app.organizations.hub import Hub
from integrations_app.ui.pages.editor_endpoint_state import EditorEndpointState
from integrations_app.ui.pages.endpoint_opening import SECRET_BOX, UNSIGNED_REFUSED
from integrations_app.workflows import service
from integrations_app.workflows.endpoints import create_endpoint, list_endpoints
from tests.workflows.probe import ACTOR, step, workflow


async def edit(hub: Hub, root: Any, name: str, *, publish: bool = False) -> EditorEndpointState:
    """The editor of a new workflow that listens on the organisation's first endpoint."""
    endpoint = (await list_endpoints(hub, ACTOR))[0]
    trigger = {"type": "webhook", "config": {"endpoint": endpoint.id}}
    saved = await service.create(hub, ACTOR, workflow(step("a"), trigger=trigger, name=name))
    if publish:
        await service.publish(hub, ACTOR, saved.id, saved.draft_version)
    page = cast("EditorEndpointState", await root.get_state(EditorEndpointState))
    page.workflow_id = saved.id
    await page._adopt(await service.get(hub, ACTOR, saved.id))
    return page


async def call(page: EditorEndpointState, handler: str, *given: str) -> Any:
    """Call a handler as an event does."""
    return await type(page).event_handlers[handler].fn(page, *given)


async def open_(page: EditorEndpointState, **form: str) -> list[Any]:
    """Send the form of a new endpoint; returns the events that come of it."""
    return [event async for event in type(page).event_handlers["create_endpoint"].fn(page, form)]


async def delete(page: EditorEndpointState) -> list[Any]:
    """Press the button of the question; returns the events that come of it."""
    return [event async for event in type(page).event_handlers["delete"].fn(page)]


async def test_rotating_names_who_stops_and_hands_over_the_new_secret(hub: Hub, tab: Any) -> None:
    former = (await create_endpoint(hub, ACTOR, "Forms", "bearer")).secret
    page = await edit(hub, await tab(), "Live one", publish=True)
    await call(page, "ask_about", "rotate")
    assert (page.asked, page.asked_name, list(page.asked_listeners)) == ("rotate", "Forms", ["Live one"])
    event = await call(page, "rotate")
    given = {name._js_expr: str(value._decode()) for name, value in event.args}
    assert given["ref"].endswith(SECRET_BOX.replace("-", "_"))
    assert former is not None
    assert given["value"] not in ("", former.reveal("compared by a test"))
    assert (page.asked, page.endpoint_ok) == ("", True)
    assert given["value"] not in repr(vars(page))


async def test_an_endpoint_is_deleted_when_nothing_live_listens(hub: Hub, tab: Any) -> None:
    await create_endpoint(hub, ACTOR, "Forms", "bearer")
    other = await edit(hub, await tab(), "Live one", publish=True)
    page = await edit(hub, await tab(), "Draft")
    await call(page, "ask_about", "delete")
    assert (list(page.asked_listeners), list(page.asked_drafts)) == (["Live one"], [])
    assert await delete(page) == []
    assert (page.endpoint_ok, "Unpublish them first" in page.endpoint_notice) == (False, True)
    await service.unpublish(hub, ACTOR, other.workflow_id)
    await call(page, "ask_about", "delete")
    assert (list(page.asked_listeners), list(page.asked_drafts)) == ([], ["Live one"])
    await delete(page)
    assert await list_endpoints(hub, ACTOR) == ()
    assert (page.asked, page.endpoint_notice, page.panel.endpoint_url) == ("", "Deleted “Forms”.", "")
    assert "endpoint" not in (page._document()["trigger"].get("config") or {})
    assert page.opened_in == page.workflow_id
    await call(page, "ask_about", "delete")
    assert page.asked == ""


async def test_the_ways_name_every_sender_whose_signature_is_known(hub: Hub, tab: Any) -> None:
    page = cast("EditorEndpointState", await (await tab()).get_state(EditorEndpointState))
    type(page).event_handlers["ask_endpoint"].fn(page, True)
    assert [way.value for way in page.ways][-2:] == ["probe", "none"]


async def test_nothing_unsigned_is_taken_unless_somebody_says_so(hub: Hub, tab: Any) -> None:
    await create_endpoint(hub, ACTOR, "Forms", "bearer")
    page = await edit(hub, await tab(), "Draft")
    assert await open_(page, name="Open", kind="none") == []
    assert (page.opening_error, len(await list_endpoints(hub, ACTOR))) == (UNSIGNED_REFUSED, 1)
    await open_(page, name="Open", kind="none", unsigned="on")
    assert page.opening_error == ""
    assert [one.kind for one in await list_endpoints(hub, ACTOR)] == ["bearer", "none"]
