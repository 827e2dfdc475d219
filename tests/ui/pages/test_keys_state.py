"""The keys section on a real database: owners rotate and retire, nobody else sees a key."""

import asyncio
from dataclasses import replace
from typing import Any

import integrations_app.assembly  # noqa: F401 - registers where envelopes are kept
from integrations_app.kit.secret import Secret
from integrations_app.organizations import rotation
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import Role
from integrations_app.organizations.rotation_phases import Phase
from integrations_app.ui.pages.keys_state import KeysState
from tests.workflows.probe import ACTOR

OWNER = replace(ACTOR, role=Role.OWNER.value)


async def call(page: Any, handler: str, *given: Any) -> None:
    """Call a handler as an event does."""
    await type(page).event_handlers[handler].fn(page, *given)


async def open_section(tab: Any) -> Any:
    page: Any = await (await tab(OWNER)).get_state(KeysState)
    page.can_manage_keys = True
    await page._refresh(frozenset())
    return page


async def finish(hub: Hub) -> None:
    """What a serving process does with a rotation that was handed over."""
    open_one = rotation.status(hub).rotations[0]
    await asyncio.to_thread(rotation.take_on, hub, open_one.id, patience=5)


def seal_something(hub: Hub) -> None:
    place = {"record": "r", "kind": "credential", "field": "f", "version": 1}
    hub.database.write_now(
        lambda session: hub.keyring.seal(session, OWNER.organization_id, **place, secret=Secret("x"))  # type: ignore[arg-type]
    )


async def test_an_owner_rotates_and_retires(hub: Hub, tab: Any) -> None:
    seal_something(hub)
    page = await open_section(tab)
    before = {line.id for line in page.keys if line.use == "in use"}
    assert before
    await call(page, "rotate", "data")
    assert (page.rotating, page.keys_notice) == (True, "")
    assert page.doing.startswith("New key made")
    await finish(hub)
    await page._refresh(frozenset())
    assert (page.rotating, page.retirable) == (False, 1)
    assert {line.id for line in page.keys if line.use == "leaving"} == before
    await call(page, "retire")
    await finish(hub)
    await page._refresh(frozenset())
    assert page.retirable == 0
    assert not before & {line.id for line in page.keys}
    assert rotation.status(hub).rotations[0].phase == Phase.RETIRED


async def test_a_refusal_is_shown(hub: Hub, tab: Any) -> None:
    page = await open_section(tab)
    page._stopped = "nowhere"
    await call(page, "go_on")
    assert page.keys_notice == "There is no such rotation."


async def test_below_owner_nothing_is_shown(hub: Hub, tab: Any) -> None:
    seal_something(hub)
    page: Any = await (await tab(replace(ACTOR, role=Role.ADMIN.value))).get_state(KeysState)
    await page._refresh(frozenset())
    assert page.keys == []
    page.can_manage_keys = True
    await call(page, "rotate", "data")
    assert page.keys_notice
    assert rotation.status(hub).rotations == ()
