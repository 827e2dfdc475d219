"""The rows of a disconnected connection stay for thirty days, and as long as a workflow names it."""

from datetime import timedelta
from typing import Any

from integrations_app.connections import service
from integrations_app.connections.forgetting import forget_disconnected
from integrations_app.workflows import service as workflows


async def test_a_connection_is_forgotten_thirty_days_after_its_disconnect(world: Any, clock: Any) -> None:
    kept = (await world.connect()).connection_id
    cut = (await world.connect(account="mona-lisa")).connection_id
    await service.disconnect(world.hub, world.owner, cut)
    clock.advance(timedelta(days=30, seconds=-1))
    assert await forget_disconnected(world.hub) == 0
    clock.advance(timedelta(seconds=1))
    assert await forget_disconnected(world.hub) == 1
    assert [row.id for row in world.connections()] == [kept]
    [audit] = world.audits("connection.forgotten")
    assert audit.subject == f"connection:{cut}" and audit.detail["provider"] == "github"


async def test_one_that_was_connected_again_stays(world: Any, clock: Any) -> None:
    made = (await world.connect()).connection_id
    await service.disconnect(world.hub, world.owner, made)
    clock.advance(timedelta(days=29))
    assert (await world.connect()).connection_id == made
    clock.advance(timedelta(days=2))
    assert await forget_disconnected(world.hub) == 0 and world.connection(made).status == "connected"


async def test_one_that_a_workflow_names_stays_to_be_reconnected(world: Any, clock: Any) -> None:
    made = (await world.connect()).connection_id
    inputs = {"repository": "acme/web", "title": "x"}
    step = {"key": "a", "type": "action", "action": "github.create_issue", "connection": made, "inputs": inputs}
    definition = {"format": 1, "name": "W", "trigger": {"type": "manual"}, "steps": [step]}
    draft = await workflows.create(world.hub, world.owner, definition)
    await service.disconnect(world.hub, world.owner, made)
    clock.advance(timedelta(days=31))
    assert await forget_disconnected(world.hub) == 0
    await workflows.delete(world.hub, world.owner, draft.id)
    assert await forget_disconnected(world.hub) == 1
