"""Tags sort workflows: kept in one spelling, found and filtered by, gone with their workflow, of one organisation."""

import pytest

from integrations_app.errors import Forbidden, InvalidInput, NotFound
from integrations_app.organizations import audit
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from tests.workflows.probe import ACTOR, step, workflow

VIEWER = Actor(ACTOR.organization_id, ACTOR.user_id, "viewer@example.org", "viewer")
STRANGER = Actor("9" * 32, ACTOR.user_id, "other@example.org", "owner")


async def made(hub: Hub, name: str, *tags: str) -> str:
    workflow_id = (await service.create(hub, ACTOR, workflow(step(), name=name))).id
    await service.set_tags(hub, ACTOR, workflow_id, tags)
    return workflow_id


async def names(hub: Hub, **filters: str) -> set[str]:
    return {row.name for row in (await service.list_by_organization(hub, ACTOR, **filters)).items}  # type: ignore[arg-type]


async def test_tags_are_kept_in_one_spelling_and_audited_once(hub: Hub) -> None:
    workflow_id = await made(hub, "A")
    kept = await service.set_tags(hub, ACTOR, workflow_id, ["  Sales ", "on  call", "sales", ""])
    assert kept == ("on call", "sales")
    assert (await service.get(hub, ACTOR, workflow_id)).row.tags == kept
    await service.set_tags(hub, ACTOR, workflow_id, ["sales", "on call"])
    events = hub.database.read_now(
        lambda session: audit.list_events(session, ACTOR.organization_id, audit.Filters(name="workflow.tagged"))
    )
    assert [event.detail for event in events.items] == [{"tags": ["on call", "sales"]}]


async def test_the_list_is_searched_and_filtered(hub: Hub) -> None:
    live = await made(hub, "Leads", "sales")
    await service.publish(hub, ACTOR, live)
    await made(hub, "Builds", "on call", "ops_1")
    paused = await made(hub, "Sales of old")
    await service.publish(hub, ACTOR, paused)
    await service.pause(hub, ACTOR, paused)
    assert await service.list_tags(hub, ACTOR) == ("on call", "ops_1", "sales")
    assert await names(hub, search="sales") == {"Leads", "Sales of old"}
    assert await names(hub, search="PS_") == {"Builds"}
    assert await names(hub, tag="sales") == {"Leads"}
    assert await names(hub, tag="sale") == set()
    assert (await names(hub, state="live"), await names(hub, state="paused")) == ({"Leads"}, {"Sales of old"})
    assert await names(hub, state="draft") == {"Builds"}
    assert await names(hub, state="draft", tag="sales") == set()
    page = await service.list_by_organization(hub, ACTOR, limit=1, search="sales")
    more = await service.list_by_organization(hub, ACTOR, limit=1, search="sales", cursor=page.next_cursor)
    assert {page.items[0].name, more.items[0].name} == {"Leads", "Sales of old"} and not more.next_cursor


async def test_tags_go_with_their_workflow(hub: Hub) -> None:
    await service.delete(hub, ACTOR, await made(hub, "A", "sales"))
    assert await service.list_tags(hub, ACTOR) == ()


@pytest.mark.parametrize("tags", [["x" * 41], ["a,b"], ["a\x00b"], ["\u202ea"], [str(n) for n in range(11)]])
async def test_odd_tags_are_refused(hub: Hub, tags: list[str]) -> None:
    workflow_id = await made(hub, "A", "kept")
    with pytest.raises(InvalidInput):
        await service.set_tags(hub, ACTOR, workflow_id, tags)
    assert await service.list_tags(hub, ACTOR) == ("kept",)


async def test_others_neither_see_nor_set_them(hub: Hub) -> None:
    workflow_id = await made(hub, "A", "sales")
    assert await service.list_tags(hub, VIEWER) == ("sales",)
    with pytest.raises(Forbidden):
        await service.set_tags(hub, VIEWER, workflow_id, [])
    assert await service.list_tags(hub, STRANGER) == ()
    with pytest.raises(NotFound):
        await service.set_tags(hub, STRANGER, workflow_id, [])
