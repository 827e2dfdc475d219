"""Runs of one step with a connection of any provider: made, published, started, and waited for."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from integrations_app.organizations.hub import Hub
from integrations_app.sdk.actions import Action
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.connections.samples import SAMPLES
from tests.connections.vendors import Case
from tests.providers.sample import Sample

DEADLINE = 15.0
RESTING = ("succeeded", "failed", "held", "cancelled")


@asynccontextmanager
async def running_engine(hub: Hub) -> AsyncIterator[EmbeddedEngine]:
    """An engine that executes what is started inside, without jitter; the hub's clock must be the real one."""
    made = EmbeddedEngine(hub, random=lambda: 0.0)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def publish(world: Any, action: str, connection_id: str, inputs: Mapping[str, Any], **step: Any) -> str:
    """Publish a workflow of this one step, keyed `write`; its id."""
    only = {"key": "write", "type": "action", "action": action, "connection": connection_id, "inputs": dict(inputs)}
    trigger = {"type": "manual"}
    definition = {"format": 1, "name": "One step", "trigger": trigger, "steps": [only | step]}
    made = await service.create(world.hub, world.owner, definition)
    await service.publish(world.hub, world.owner, made.id)
    return str(made.id)


async def start(world: Any, workflow_id: str) -> str:
    return str(await service.start_run(world.hub, world.owner, workflow_id))


async def until(world: Any, run_id: str, *statuses: str, seconds: float = DEADLINE) -> RunDetail:
    """The run once it is in one of these statuses."""
    async with asyncio.timeout(seconds):
        while True:
            found: RunDetail = await service.get_run(world.hub, world.owner, run_id)
            if found.row.status in statuses:
                return found
            await asyncio.sleep(0.01)


def told(found: RunDetail) -> tuple[str, str]:
    """Status, and why."""
    return found.row.status, found.row.reason or found.row.error_code


def sampled(case: Case) -> tuple[Action, Sample]:
    """The first action of the provider that writes at once, and how to call it."""
    for action in case.provider.actions:
        sample = SAMPLES.get(f"{case.provider.key}.{action.key}")
        if sample is not None and action.resume is None:
            return action, sample
    raise AssertionError(f"no sample in tests/providers/{case.provider.key}/samples.py: add an action that writes")


def arrivals(case: Case, sample: Sample) -> int:
    """How often the request that takes effect has arrived at the vendor."""
    calls = case.world.vendor.calls(f"/{case.provider.key}/")
    alike = [one for one in calls if one["method"] == sample.method and re.search(sample.path, one["path"])]
    return sum(re.search(sample.asks, str(one["body"])) is not None for one in alike)
