"""A live workflow has its hook and nobody else has one, in whatever order people publish and take back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from integrations_app.errors import Conflict
from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.registry import Registry
from integrations_app.sdk.triggers import HookRequest, Hooks, Trigger
from integrations_app.workflows import endpoints, service
from tests.workflows.probe import ACTOR, CONNECTION, Vendor, make_hub, plant, probe, step, workflow


class Place(BaseModel):
    """Where to listen."""

    room: str = "hall"


@dataclass
class Registered:
    """The vendor's side: one hook per room, whose call waits at a gate when there is one."""

    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, request: HookRequest, _context: ActionContext[Any]) -> str:
        await self._pass()
        self.kinds[request.config["room"]] = request.events
        return f"hook-{request.config['room']}"

    async def remove(self, _hook_id: str, config: Mapping[str, Any], _context: ActionContext[Any]) -> None:
        await self._pass()
        self.kinds.pop(config["room"], None)

    def close_gate(self) -> asyncio.Event:
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        return self.gate

    async def _pass(self) -> None:
        gate, self.gate = self.gate, None
        self.asked.set()
        if gate is not None:
            await gate.wait()


@pytest.fixture
def registered() -> Registered:
    return Registered()


@pytest.fixture
async def hub(database: Database, tmp_path: Path, vendor: Vendor, registered: Registered) -> AsyncIterator[Hub]:
    hooks = Hooks(registered.create, registered.remove, lambda config: str(config["room"]))
    triggers = tuple(Trigger(key, key, key, Place, (key,), hooks=hooks) for key in ("said", "sung"))
    made = make_hub(database, tmp_path, Registry([replace(probe(vendor), triggers=triggers)]))
    plant(made)
    yield made
    await made.door.aclose()
    await made.bus.close()


async def draft(hub: Hub, kind: str = "said") -> str:
    trigger = {"type": f"probe.{kind}", "connection": CONNECTION, "config": {"room": "hall"}}
    return (await service.create(hub, ACTOR, workflow(step(), trigger=trigger))).id


async def listening(hub: Hub) -> int:
    return len(await endpoints.list_endpoints(hub, ACTOR))


async def settle() -> None:
    """Let everything that can go on do so."""
    await asyncio.sleep(0.2)


async def test_a_publish_that_fails_after_the_vendor_agreed_takes_the_hook_back(
    hub: Hub, registered: Registered
) -> None:
    made, gate = await draft(hub), registered.close_gate()
    publishing = asyncio.create_task(service.publish(hub, ACTOR, made))
    await asyncio.wait_for(registered.asked.wait(), 10)
    await service.save_draft(hub, ACTOR, made, workflow(), 1)
    gate.set()
    with pytest.raises(Conflict) as refused:
        await publishing
    assert refused.value.code == "stale_version"
    assert (registered.kinds, await listening(hub)) == ({}, 0)


async def test_a_publish_that_fails_leaves_the_hook_that_others_listen_to(hub: Hub, registered: Registered) -> None:
    other, made = await draft(hub), await draft(hub)
    await service.publish(hub, ACTOR, other)
    gate = registered.close_gate()
    publishing = asyncio.create_task(service.publish(hub, ACTOR, made))
    await asyncio.wait_for(registered.asked.wait(), 10)
    await service.save_draft(hub, ACTOR, made, workflow(), 1)
    gate.set()
    with pytest.raises(Conflict):
        await publishing
    assert (registered.kinds, await listening(hub)) == ({"hall": ("said",)}, 1)


async def test_a_publish_that_is_broken_off_leaves_no_hook(hub: Hub, registered: Registered) -> None:
    made = await draft(hub)
    gate = registered.close_gate()
    publishing = asyncio.create_task(service.publish(hub, ACTOR, made))
    await asyncio.wait_for(registered.asked.wait(), 10)
    publishing.cancel()
    gate.set()
    await asyncio.gather(publishing, return_exceptions=True)
    assert registered.kinds == {}
    await service.publish(hub, ACTOR, made)
    assert (registered.kinds, await listening(hub)) == ({"hall": ("said",)}, 1)


async def test_publishing_while_the_last_listener_leaves_keeps_a_hook(hub: Hub, registered: Registered) -> None:
    leaves, comes = await draft(hub), await draft(hub)
    await service.publish(hub, ACTOR, leaves)
    gate = registered.close_gate()
    publishing = asyncio.create_task(service.publish(hub, ACTOR, comes))
    await asyncio.wait_for(registered.asked.wait(), 10)
    leaving = asyncio.create_task(service.unpublish(hub, ACTOR, leaves))
    await settle()
    gate.set()
    await asyncio.gather(publishing, leaving)
    assert (registered.kinds, await listening(hub)) == ({"hall": ("said",)}, 1)


async def test_the_last_listener_leaving_while_another_publishes_keeps_a_hook(hub: Hub, registered: Registered) -> None:
    leaves, comes = await draft(hub), await draft(hub)
    await service.publish(hub, ACTOR, leaves)
    gate = registered.close_gate()
    leaving = asyncio.create_task(service.unpublish(hub, ACTOR, leaves))
    await asyncio.wait_for(registered.asked.wait(), 10)
    publishing = asyncio.create_task(service.publish(hub, ACTOR, comes))
    await settle()
    gate.set()
    await asyncio.gather(publishing, leaving)
    assert (registered.kinds, await listening(hub)) == ({"hall": ("said",)}, 1)
    await service.unpublish(hub, ACTOR, comes)
    assert (registered.kinds, await listening(hub)) == ({}, 0)


@pytest.mark.parametrize("kinds", [("said", "sung"), ("sung", "said")])
async def test_two_first_publishes_at_once_register_what_both_listen_to(
    hub: Hub, registered: Registered, kinds: tuple[str, str]
) -> None:
    first, second = await draft(hub, kinds[0]), await draft(hub, kinds[1])
    gate = registered.close_gate()
    publishing = asyncio.create_task(service.publish(hub, ACTOR, first))
    await asyncio.wait_for(registered.asked.wait(), 10)
    following = asyncio.create_task(service.publish(hub, ACTOR, second))
    await settle()
    gate.set()
    await asyncio.gather(publishing, following)
    assert (registered.kinds, await listening(hub)) == ({"hall": ("said", "sung")}, 1)


async def test_a_workflow_published_twice_at_once_with_other_hooks_keeps_one(hub: Hub, registered: Registered) -> None:
    made = await draft(hub)
    await service.publish(hub, ACTOR, made)
    trigger = {"type": "probe.said", "connection": CONNECTION, "config": {"room": "garden"}}
    await service.save_draft(hub, ACTOR, made, workflow(step(), trigger=trigger), 1)
    await asyncio.gather(*(service.publish(hub, ACTOR, made) for _ in range(3)))
    assert (registered.kinds, await listening(hub)) == ({"garden": ("said",)}, 1)
