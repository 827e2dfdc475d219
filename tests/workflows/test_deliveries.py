"""A delivery starts its runs once: what failed is repeated by a person, never by the sender's echo."""

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from integrations_app.errors import Rejected
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import endpoints, events, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Run
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, workflow


async def test_a_repeated_delivery_of_a_failed_run_repeats_no_effect(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor
) -> None:
    endpoint = (await endpoints.create_endpoint(hub, ACTOR, "In", "none")).row.id
    trigger = {"type": "webhook", "config": {"endpoint": endpoint}}
    steps = (step("a", "fire"), step("b", "fire", inputs={"text": "second"}))
    made = await service.create(hub, ACTOR, workflow(*steps, trigger=trigger))
    await service.publish(hub, ACTOR, made.id)
    vendor.before = [None, Rejected("nope", "No.")]
    delivery = ({"idempotency-key": "k"}, b"{}")
    first = await events.accept(hub, endpoint, *delivery)
    assert isinstance(first, events.Accepted)
    failed = await service.wait_for_run(hub, ACTOR, first.run_ids[0], 10)
    assert (failed.row.status, vendor.texts) == ("failed", ["hello"])
    long_ago = update(Run).where(col(Run.organization_id) == ORGANIZATION)
    long_ago = long_ago.values(ended_at=hub.clock() - timedelta(days=1))
    await hub.database.write(lambda session: session.execute(long_ago) and None)
    assert await events.accept(hub, endpoint, *delivery) == events.Duplicate("k", first.event_id, same=True)
    assert len((await service.list_runs(hub, ACTOR)).items) == 1
    [again] = await events.replay_event(hub, ACTOR, first.event_id)
    replayed = await service.wait_for_run(hub, ACTOR, again, 10)
    assert (replayed.row.status, vendor.texts) == ("succeeded", ["hello", "hello", "second"])
    assert (failed.row.trigger_type, replayed.row.trigger_type) == ("event", "event")
