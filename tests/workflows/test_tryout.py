"""A request shown before it leaves, and one sent to try a connection: for real, without a workflow."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from integrations_app.errors import Forbidden, InvalidInput, NotFound
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from tests.receiver import Receiver, receiving, reply
from tests.workflows.probe import ACTOR, CONNECTION, make_hub, plant, workflow


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def hub(database: Database, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Hub]:
    made = make_hub(database, tmp_path, registry())
    await made.door.aclose()
    made = replace(made, door=Door(EgressPolicy.parse(allow=("127.0.0.0/8",))))
    plant(made, provider="webhook", settings={"base_url": receiver.base, "honours_idempotency_key": True})
    yield made
    await made.door.aclose()
    await made.bus.close()


async def test_a_preview_sends_nothing_and_a_try_sends_it(hub: Hub, receiver: Receiver) -> None:
    inputs = {"path_or_url": "a", "body": {"n": 1}, "outputs": {"id": "body.id"}}
    shown = await service.preview_action(hub, ACTOR, CONNECTION, "webhook.call", inputs)
    assert (shown.method, shown.url, shown.body) == ("POST", f"{receiver.base}/a", '{"n": 1}')
    assert receiver.requests == []
    receiver.answer = lambda _r: reply(200, b'{"id": 7}', Content_Type="application/json")
    tried = await service.try_action(hub, ACTOR, CONNECTION, "webhook.call", inputs)
    assert tried.ok and tried.output["outputs"] == {"id": 7}
    assert receiver.last.body.decode() == shown.body


async def test_a_failure_is_a_result(hub: Hub, receiver: Receiver) -> None:
    receiver.answer = lambda _r: reply(418)
    tried = await service.try_action(hub, ACTOR, CONNECTION, "webhook.call", {})
    assert (tried.ok, tried.error_code) == (False, "http_418")
    tried = await service.try_action(hub, ACTOR, CONNECTION, "webhook.call", {"headers": {"Host": "x"}})
    assert (tried.ok, tried.error_code, len(receiver.requests)) == (False, "header_invalid", 1)


async def test_a_step_is_rendered_with_the_sample(hub: Hub) -> None:
    step = {
        "key": "call",
        "type": "action",
        "action": "webhook.call",
        "connection": CONNECTION,
        "inputs": {"path_or_url": "x/{{ run.id }}", "body": {"evil": "{{ workflow.name }}"}},
    }
    made = await service.create(hub, ACTOR, workflow(step) | {"name": '"}\n{"'})
    shown = await service.preview_step(hub, ACTOR, made.id, "call")
    assert shown.url.endswith("/x/trial")
    assert shown.body == '{"evil": "\\"}\\n{\\""}'


async def test_what_has_no_preview_and_who_may_not_look(hub: Hub) -> None:
    with pytest.raises(NotFound):
        await service.preview_action(hub, ACTOR, CONNECTION, "github.create_issue", {})
    with pytest.raises(InvalidInput):
        await service.preview_action(hub, ACTOR, CONNECTION, "webhook.call", {"headers": {"Host": "x"}})
    for call in (service.preview_action, service.try_action):
        with pytest.raises(Forbidden):
            await call(hub, replace(ACTOR, role="viewer"), CONNECTION, "webhook.call", {})
        other = replace(ACTOR, organization_id="f" * 32)
        if call is service.preview_action:
            with pytest.raises(NotFound):
                await call(hub, other, CONNECTION, "webhook.call", {})
