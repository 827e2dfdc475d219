"""Pins: sample data of a draft that tests and variables use, sealed, and gone with its workflow."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.errors import InvalidInput, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import PinnedSample
from integrations_app.workflows.pins import EXAMPLE, LAST_RUN, MAX_PIN_BYTES, NOTHING, PINNED
from tests.workflows.probe import ACTOR, CONNECTION, Vendor

TWO_STEPS: dict[str, Any] = {
    "format": 1,
    "name": "Pinned",
    "steps": [
        {"key": "one", "type": "action", "action": "probe.put", "connection": CONNECTION, "inputs": {"text": "first"}},
        {
            "key": "two",
            "type": "action",
            "action": "probe.put",
            "connection": CONNECTION,
            "inputs": {"text": "{{ trigger.who }}: {{ steps.one.output.text }}"},
        },
    ],
}


async def made(hub: Hub) -> str:
    return (await service.create(hub, ACTOR, TWO_STEPS)).id


async def test_a_test_uses_what_is_pinned_and_nothing_else_does(hub: Hub, vendor: Vendor) -> None:
    workflow = await made(hub)
    await service.pin(hub, ACTOR, workflow, "trigger", {"who": "Ada"})
    await service.pin(hub, ACTOR, workflow, "one", {"id": "9", "text": "pinned"})
    assert (await service.try_step(hub, ACTOR, workflow, "two")).ok
    assert vendor.texts == ["Ada: pinned"]
    rows = await service.load_variables(hub, ACTOR, workflow, "two")
    assert {row.path: row.sample for row in rows}["steps.one.output.text"] == "pinned"
    detail = await service.get(hub, ACTOR, workflow)
    assert "pinned" not in str(detail.draft)


async def test_the_sample_is_the_pin_else_of_the_last_run_else_the_example(hub: Hub, engine: EmbeddedEngine) -> None:
    workflow = await made(hub)
    assert (await service.load_sample(hub, ACTOR, workflow, "one")).source == NOTHING
    run = await service.start_run(hub, ACTOR, workflow, input={"who": "Eve"}, draft=True)
    await service.wait_for_run(hub, ACTOR, run, 10)
    found = await service.load_sample(hub, ACTOR, workflow, "one")
    assert (found.source, found.value["text"]) == (LAST_RUN, "first")
    await service.pin(hub, ACTOR, workflow, "one", {"text": "mine"})
    await service.pin(hub, ACTOR, workflow, "one", {"text": "newer"})
    found = await service.load_sample(hub, ACTOR, workflow, "one")
    assert (found.source, found.value, found.pinned) == (PINNED, {"text": "newer"}, ("one",))
    await service.unpin(hub, ACTOR, workflow, "one")
    await service.unpin(hub, ACTOR, workflow, "one")
    assert (await service.load_sample(hub, ACTOR, workflow, "one")).source == LAST_RUN
    await service.pin_run(hub, ACTOR, run)
    found = await service.load_sample(hub, ACTOR, workflow, "trigger")
    assert (found.value, found.pinned) == ({"who": "Eve"}, ("one", "trigger", "two"))
    assert EXAMPLE != PINNED


async def test_a_pin_is_sealed_of_one_organisation_and_gone_with_its_workflow(hub: Hub) -> None:
    workflow = await made(hub)
    await service.pin(hub, ACTOR, workflow, "one", {"text": "very plain words"})

    def stored(session: Session) -> list[bytes]:
        mine = col(PinnedSample.organization_id) == ACTOR.organization_id
        return [row.value for row in session.scalars(select(PinnedSample).where(mine))]

    (value,) = await hub.database.read(stored)
    assert b"plain words" not in value
    stranger = Actor("x" * 32, "u" * 32, "stranger@example.org", "owner")
    for act in (service.load_sample(hub, stranger, workflow, "one"), service.unpin(hub, stranger, workflow, "one")):
        with pytest.raises(NotFound):
            await act
    await service.delete(hub, ACTOR, workflow)
    assert await hub.database.read(stored) == []


@pytest.mark.parametrize(
    ("key", "value"), [("trigger", [1]), ("one", "x" * MAX_PIN_BYTES)], ids=["no object", "too large"]
)
async def test_what_cannot_be_pinned_is_refused(hub: Hub, key: str, value: Any) -> None:
    workflow = await made(hub)
    with pytest.raises(InvalidInput):
        await service.pin(hub, ACTOR, workflow, key, value)
    with pytest.raises(NotFound):
        await service.pin(hub, ACTOR, workflow, "other", {})
