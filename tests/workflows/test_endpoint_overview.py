"""The list of endpoints: what came last at each, who stands on it, and nothing of other organisations."""

import pytest

from integrations_app.errors import SignatureInvalid
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import events, service
from integrations_app.workflows.endpoint_overview import Users, list_overview, users_of
from integrations_app.workflows.endpoints import create_endpoint
from tests.workflows.probe import ACTOR, step, workflow


async def listen(hub: Hub, endpoint_id: str, name: str, *, publish: bool = False) -> str:
    trigger = {"type": "webhook", "config": {"endpoint": endpoint_id}}
    saved = await service.create(hub, ACTOR, workflow(step(), trigger=trigger, name=name))
    if publish:
        await service.publish(hub, ACTOR, saved.id)
    return saved.id


async def test_the_newest_delivery_of_each_endpoint_is_told(hub: Hub) -> None:
    orders, quiet = [await create_endpoint(hub, ACTOR, name, "hmac_sha256") for name in ("Orders", "Quiet")]
    assert orders.secret is not None
    headers = {"x-hub-signature-256": sign_hmac_sha256(orders.secret, b"{}", "sha256=")}
    accepted = await events.accept(hub, orders.row.id, headers, b"{}")
    assert isinstance(accepted, events.Accepted)
    first, second = await list_overview(hub, ACTOR)
    assert first.last is not None
    assert (first.row.id, first.last.event_id, first.last.verdict) == (orders.row.id, accepted.event_id, "accepted")
    assert (second.row.id, second.last) == (quiet.row.id, None)
    with pytest.raises(SignatureInvalid):
        await events.accept(hub, orders.row.id, {}, b"{}")
    last = (await list_overview(hub, ACTOR))[0].last
    assert last is not None
    assert (last.verdict, last.reason) == ("rejected", "The signature does not match.")


async def test_live_workflows_and_drafts_are_told_apart(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    live = await listen(hub, made.row.id, "Live", publish=True)
    draft = await listen(hub, made.row.id, "Draft")
    await service.create(hub, ACTOR, workflow(step(), name="By hand"))
    users = await users_of(hub, ACTOR, made.row.id)
    assert users == Users(live=((live, "Live"),), drafts=((draft, "Draft"),))
    assert (await list_overview(hub, ACTOR))[0].users == users
    other = Actor("0" * 32, "o", "o@other.test", "owner")
    assert await list_overview(hub, other) == ()
    assert await users_of(hub, other, made.row.id) == Users()
