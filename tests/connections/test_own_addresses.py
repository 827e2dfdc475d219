"""Lost answers of calls to an address of one's own (E09, E10): every attempt has the same key, none is made blindly."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import pytest

from integrations_app.connections import service as connections
from integrations_app.kit.columns import utc_now
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.sdk.actions import Effect
from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.views import RunDetail
from tests.connections.running import RESTING, publish, running_engine, start, told, until
from tests.connections.samples import SAMPLES
from tests.receiver import Received, Receiver, receiving, reply

ACTION = "webhook.call"
LOST = [b"", reply(500), reply(502), reply(504)]


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The real time: an engine waits by it."""
    return utc_now


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def open_world(world: Any, receiver: Receiver) -> AsyncIterator[Any]:
    """The world, whose operator has allowed the receiver's address."""
    door = Door(EgressPolicy.parse(allow=(receiver.base.removeprefix("http://"),)))
    yield replace(world, hub=replace(world.hub, door=door))
    await door.aclose()


@pytest.fixture
async def engine(open_world: Any) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(open_world.hub) as made:
        yield made


class Calls:
    """One run of one call to the receiver, which does as it is asked and answers the first with `lost`."""

    def __init__(self, world: Any, receiver: Receiver) -> None:
        self.world, self.receiver = world, receiver
        self.run_id = ""

    async def begin(self, lost: bytes, method: str, settings: dict[str, Any] | None = None, **retry: Any) -> None:
        world, base = self.world, self.receiver.base
        public = {"base_url": base} | (settings or {})
        made = await connections.create(world.hub, world.owner, "webhook", settings=public, auth_kind="none")
        self.receiver.requests.clear()
        ordinary = self.receiver.answer
        self.receiver.answer = lambda request: lost if self.receiver.requests == [request] else ordinary(request)
        inputs = {"method": method, "path_or_url": "/jobs", "body": {"n": 1}}
        patience = {"attempts": 4, "delay_seconds": 0.02} | retry
        self.run_id = await start(world, await publish(world, ACTION, made.id, inputs, retry=patience))

    async def rest(self, *statuses: str) -> RunDetail:
        return await until(self.world, self.run_id, *(statuses or RESTING))

    @property
    def arrived(self) -> list[Received]:
        return self.receiver.requests

    def keys(self) -> set[str]:
        return {request.headers["idempotency-key"] for request in self.arrived}


@pytest.fixture
def calls(open_world: Any, receiver: Receiver) -> Calls:
    return Calls(open_world, receiver)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("lost", LOST, ids=["broken", "500", "502", "504"])
@pytest.mark.parametrize(("answer", "count"), [("sent", 1), ("not_sent", 2)])
async def test_a_call_that_nobody_promised_anything_about_waits_for_a_person(
    calls: Calls, lost: bytes, answer: Literal["sent", "not_sent"], count: int
) -> None:
    await calls.begin(lost, "POST")
    assert told(await calls.rest()) == ("held", "outcome_unknown")
    assert len(calls.arrived) == 1
    await service.resolve(calls.world.hub, calls.world.owner, calls.run_id, "write", answer)
    assert told(await calls.rest("succeeded", "failed")) == ("succeeded", "")
    assert (len(calls.arrived), len(calls.keys())) == (count, 1)
    assert {request.body for request in calls.arrived} == {b'{"n": 1}'}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("lost", LOST[:2], ids=["broken", "500"])
@pytest.mark.parametrize(
    ("method", "settings", "retry"),
    [
        ("PUT", {}, {}),
        ("DELETE", {}, {}),
        ("POST", {"honours_idempotency_key": True}, {}),
        ("POST", {}, {"at_least_once": True}),
    ],
    ids=["put", "delete", "promised", "at-least-once"],
)
async def test_a_call_that_may_be_repeated_is_with_the_same_key(
    calls: Calls, lost: bytes, method: str, settings: dict[str, Any], retry: dict[str, Any]
) -> None:
    await calls.begin(lost, method, settings, **retry)
    assert told(await calls.rest()) == ("succeeded", "")
    assert (len(calls.arrived), len(calls.keys())) == (2, 1)
    assert len({request.raw for request in calls.arrived}) == 1


def test_every_writing_action_has_its_answer_lost_somewhere() -> None:
    """A new one gets a sample, or a test like those above when its vendor has no emulation."""
    writing = {
        f"{provider.key}.{action.key}"
        for provider in registry()
        for action in provider.actions
        if action.effect is not Effect.READ
    }
    missing = writing - set(SAMPLES) - {ACTION}
    assert not missing, f"add to tests/providers/KEY/samples.py how to call {sorted(missing)}"
