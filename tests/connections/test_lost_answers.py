"""Do the action and lose the answer, for every action that writes: no double, or a person is asked.

Walks the registry: an action that writes and has no sample in its provider's samples.py fails here with its name.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, Literal

import pytest
from starlette.applications import Starlette

from integrations_app.kit.columns import utc_now
from integrations_app.sandbox.app import create_app
from integrations_app.sandbox.serve import PREFIX, serving, standalone
from integrations_app.sdk.actions import Action, Effect, Repeat
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.conftest import BACKEND
from tests.connections.census import census
from tests.connections.running import arrivals, publish, running_engine, start, until
from tests.connections.samples import SAMPLES
from tests.connections.vendors import Case, connected_case
from tests.providers.sample import Sample

pytestmark = pytest.mark.any_database  # what was lost is looked for at the vendor

WRITING = [
    pytest.param(provider, action, id=f"{provider.key}.{action.key}")
    for provider in registry()
    if provider.sandbox is not None
    for action in provider.actions
    if action.effect is not Effect.READ and action.resume is None  # those that wait: workflows/test_waiting.py
]
HOW: list[dict[str, Any]] = [{"effect": "lose"}, {"effect": "lose", "status": 502}]
if BACKEND == "postgres":
    HOW = HOW[:1]  # what the vendor answers makes no difference to the database
if os.environ.get("SOAK"):
    HOW += [{"effect": "lose", "status": 500}, {"effect": "lose", "status": 504}]


@pytest.fixture(scope="module")
def sandbox() -> Starlette:
    """The emulated vendors, whose insides can be looked at."""
    return create_app()


@pytest.fixture(scope="module")
def sandbox_url(sandbox: Starlette) -> Iterator[str]:
    with serving(standalone(sandbox)) as port:
        yield f"http://127.0.0.1:{port}{PREFIX}"


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The real time: an engine waits by it."""
    return utc_now


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(world.hub) as made:
        yield made


class Story:
    """One run of one step, whose writing call meets the fault once."""

    def __init__(self, world: Any, case: Case, action: Action, sample: Sample) -> None:
        self.world, self.case, self.action, self.sample = world, case, action, sample
        self.inputs: dict[str, Any] = {}
        self.run_id = ""
        self.before = 0

    async def begin(self, **fault: Any) -> None:
        """Start the run; with `fault` its writing call meets that."""
        self.inputs = await asyncio.to_thread(self.sample.prepared, self.world.vendor)
        name, retry = f"{self.case.provider.key}.{self.action.key}", {"attempts": 4, "delay_seconds": 0.02}
        workflow_id = await publish(self.world, name, self.case.connection_id, self.inputs, retry=retry)
        self.before = arrivals(self.case, self.sample)
        if fault:
            where = {"vendor": self.case.provider.key, **self.sample.where}
            await asyncio.to_thread(lambda: self.world.vendor.control("faults", **where, count=1, **fault))
        self.run_id = await start(self.world, workflow_id)

    @property
    def arrived(self) -> int:
        return arrivals(self.case, self.sample) - self.before

    @property
    def promise(self) -> Repeat:
        row = self.case.row
        settings = self.case.provider.settings.model_validate(row.settings)
        return self.action.repeat_of(self.action.params.model_validate(self.inputs), settings)

    async def until(self, *statuses: str) -> RunDetail:
        return await until(self.world, self.run_id, *statuses)


async def story(world: Any, provider: Provider, action: Action) -> Story:
    name = f"{provider.key}.{action.key}"
    assert name in SAMPLES, f"{name} writes: give it a sample in tests/providers/KEY/samples.py"
    scopes = tuple(provider.oauth.optional_scopes) if provider.oauth else ()
    return Story(world, await connected_case(world, provider.key, scopes), action, SAMPLES[name])


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("fault", HOW, ids=lambda fault: str(fault.get("status", "broken")))
@pytest.mark.parametrize(("provider", "action"), WRITING)
async def test_a_lost_answer_makes_no_double(
    world: Any, sandbox: Starlette, provider: Provider, action: Action, fault: dict[str, Any]
) -> None:
    told = await story(world, provider, action)
    await told.begin(**fault)
    done = "waiting" if action.resume is not None else "succeeded"  # the answer that it waits for is another matter
    found = await told.until(done, "succeeded", "held", "failed")
    outcome = (found.row.status, found.row.reason, told.arrived)
    if told.promise is Repeat.UNKNOWABLE:
        assert outcome == ("held", "outcome_unknown", 1), found.row
    elif told.promise is Repeat.RECONCILABLE:
        assert outcome == (done, "", 1), found.row
    else:  # the vendor makes it safe, or the action itself sees that it is done
        assert outcome in {("succeeded", "", 1), ("succeeded", "", 2)}, found.row
    if told.arrived == 2:
        after = census(sandbox, provider.key)
        assert after == await undisturbed(world, sandbox, provider, action)


async def undisturbed(world: Any, sandbox: Starlette, provider: Provider, action: Action) -> Counter[str]:
    """What the vendor holds after the same story without a fault."""
    world.vendor.control("reset")
    same = await story(world, provider, action)
    await same.begin()
    await same.until("succeeded")
    return census(sandbox, provider.key)


HELD = [one for one in WRITING if one.values[1].repeat is Repeat.UNKNOWABLE]  # type: ignore[union-attr]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("answer", "calls"), [("sent", 1), ("not_sent", 2)])
@pytest.mark.parametrize(("provider", "action"), HELD)
async def test_a_person_who_looked_decides(
    world: Any, provider: Provider, action: Action, answer: Literal["sent", "not_sent"], calls: int
) -> None:
    told = await story(world, provider, action)
    await told.begin(effect="lose")
    held = await told.until("held", "succeeded", "failed")
    assert held.row.status == "held"
    await service.resolve(world.hub, world.owner, told.run_id, "write", answer)
    found = await told.until("succeeded", "failed")
    assert (found.row.status, told.arrived) == ("succeeded", calls)
