"""Every workflow moved to another connection: drafts, live versions, and held runs that go on from their step."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from integrations_app.connections import service as connections
from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.connections.test_refresh_return import ISSUES, TEXT, Now, begin, posted, until
from tests.connections.vendors import Case, connected_case


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    made = EmbeddedEngine(world.hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


async def second_workspace(world: Any, of: Case) -> str:
    """Another account at the same vendor, by a pasted token."""
    token = world.vendor.token("slack", "T0ACME001", ["chat:write"])
    made = await connections.create(world.hub, world.owner, "slack", secrets={"access_token": token}, sandbox=True)
    assert made.status == "connected" and made.id != of.connection_id
    return str(made.id)


@pytest.mark.usefixtures("engine")
async def test_held_runs_go_on_with_the_other_connection(world: Any) -> None:
    first, second = await connected_case(world, "github"), await connected_case(world, "slack")
    world.vendor.control("revoke", vendor="slack", all=True)
    run_id = await begin(world, first, second)

    async def status() -> str:
        return str((await service.get_run(world.hub, world.owner, run_id)).row.status)

    async def is_held() -> bool:
        return await status() == "held"

    async def is_done() -> bool:
        return await status() == "succeeded"

    await until(is_held)
    new = await second_workspace(world, second)
    done = await service.replace_connection(world.hub, world.owner, second.connection_id, new)
    assert (len(done.drafts), len(done.published), done.released, done.left, dict(done.refused)) == (1, 1, 1, 0, {})
    await until(is_done)
    assert posted(world, ISSUES, 201) == 1
    messages = world.vendor.http.get(f"{world.vendor.url}/_control/slack/messages").json()["messages"]
    assert sum(message["text"] == TEXT for message in messages) == 1
    [workflow] = (await service.list_by_organization(world.hub, world.owner)).items
    shown = await service.get(world.hub, world.owner, workflow.id)
    assert shown.live and [step["connection"] for step in shown.live["steps"]] == [first.connection_id, new]
    assert [step["connection"] for step in shown.draft["steps"]] == [first.connection_id, new]
    again = await service.replace_connection(world.hub, world.owner, second.connection_id, new)
    assert (again.drafts, again.published, again.released) == ((), (), 0)
    assert [audit.detail["released"] for audit in world.audits("connection.replaced")] == [1, 0]


async def test_only_a_living_connection_of_the_same_service_takes_over(world: Any) -> None:
    first, second = await connected_case(world, "github"), await connected_case(world, "slack")
    hub, old = world.hub, second.connection_id
    for other in (first.connection_id, old):
        with pytest.raises(Conflict, match="same service"):
            await service.replace_connection(hub, world.owner, old, other)
    new = await second_workspace(world, second)
    await connections.disconnect(hub, world.owner, new)
    with pytest.raises(Conflict, match="not connected"):
        await service.replace_connection(hub, world.owner, old, new)
    with pytest.raises(NotFound):
        await service.replace_connection(hub, world.other, old, new)
    with pytest.raises(Forbidden):
        await service.replace_connection(hub, replace(world.owner, role="viewer"), old, new)
