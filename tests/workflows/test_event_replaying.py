"""Replaying to one workflow: its live version or its draft, only where such an event would start it."""

import pytest

from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import events, service
from integrations_app.workflows.endpoints import create_endpoint
from integrations_app.workflows.event_replaying import Target, list_targets, replay_to
from integrations_app.workflows.samples import send_test
from tests.workflows.probe import ACTOR, ORGANIZATION, step, workflow


async def listening(hub: Hub, endpoint_id: str, name: str, *, publish: bool = True) -> str:
    trigger = {"type": "webhook", "config": {"endpoint": endpoint_id}}
    saved = await service.create(hub, ACTOR, workflow(step(), trigger=trigger, name=name))
    if publish:
        await service.publish(hub, ACTOR, saved.id)
    return saved.id


async def test_one_of_several_is_started_again(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    one, other = [await listening(hub, made.row.id, name) for name in ("One", "Other")]
    event_id = (await send_test(hub, ACTOR, made.row.id)).event_id
    draft = await listening(hub, made.row.id, "Draft", publish=False)
    await service.create(hub, ACTOR, workflow(step(), name="By hand"))
    targets = set(await list_targets(hub, ACTOR, event_id))
    assert targets == {
        Target(one, "One", draft=False),
        Target(other, "Other", draft=False),
        Target(one, "One", draft=True),
        Target(other, "Other", draft=True),
        Target(draft, "Draft", draft=True),
    }
    for workflow_id, as_draft, version in ((one, False, 1), (one, False, 1), (one, True, None), (draft, True, None)):
        run_id = await replay_to(hub, ACTOR, event_id, workflow_id, draft=as_draft)
        row = (await service.get_run(hub, ACTOR, run_id)).row
        assert (row.workflow_id, row.version) == (workflow_id, version)
    assert len((await events.get_event(hub, ACTOR, event_id)).row.run_ids) == 6
    found = {
        name: [row.id for row in (await events.list_events(hub, ACTOR, workflow_id=name)).items]
        for name in (one, draft, "0" * 32)
    }
    assert found == {one: [event_id], draft: [event_id], "0" * 32: []}


async def test_what_does_not_listen_is_refused(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    event_id = (await send_test(hub, ACTOR, made.row.id)).event_id
    by_hand = (await service.create(hub, ACTOR, workflow(step(), name="By hand"))).id
    paused = await listening(hub, made.row.id, "Paused")
    await service.pause(hub, ACTOR, paused)
    for workflow_id, draft in ((by_hand, False), (by_hand, True), (paused, False)):
        with pytest.raises(Conflict) as refusal:
            await replay_to(hub, ACTOR, event_id, workflow_id, draft=draft)
        assert refusal.value.code == "not_listening"
    with pytest.raises(NotFound):
        await replay_to(hub, ACTOR, event_id, "0" * 32)
    with pytest.raises(NotFound):
        await replay_to(hub, Actor("0" * 32, "o", "o@other.test", "owner"), event_id, paused)
    with pytest.raises(Forbidden):
        await replay_to(hub, Actor(ORGANIZATION, "v", "v@acme.test", "viewer"), event_id, paused)
