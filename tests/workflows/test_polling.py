"""Polling: every item starts its workflows once, whatever is late, killed, refused or asked for by two at a time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select, update
from sqlmodel import col

from integrations_app.connections import service as connections
from integrations_app.connections.models import Connection
from integrations_app.errors import IntegrationsError, MissingScope, RateLimited, ReconnectRequired, Unavailable
from integrations_app.kit.db import Database
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.registry import Registry
from integrations_app.sdk.triggers import Found, Item, Poll, Trigger
from integrations_app.workflows import endpoints, events, polling, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import PollState
from tests.workflows.probe import (
    ACTOR,
    CONNECTION,
    DEADLINE,
    ORGANIZATION,
    Vendor,
    make_hub,
    plant,
    probe,
    step,
    until,
    workflow,
)

EVERY = 60.0


class Place(BaseModel):
    """Where to look."""

    room: str = "hall"


@dataclass
class Shelf:
    """The vendor's side: things in the order in which they became visible, read in pages with an overlap of two."""

    things: list[str] = field(default_factory=list)
    page: int = 3
    asked: int = 0
    errors: list[Exception] = field(default_factory=list)

    async def begin(self, _config: Mapping[str, Any], _ctx: ActionContext[Any]) -> Mapping[str, Any]:
        self._refuse()
        return {"at": len(self.things), "floor": len(self.things)}

    async def fetch(self, _config: Mapping[str, Any], cursor: Mapping[str, Any], _ctx: ActionContext[Any]) -> Found:
        self.asked += 1
        self._refuse()
        at, floor = int(cursor["at"]), int(cursor["floor"])
        found = self.things[at : at + self.page]
        more = len(self.things) > at + self.page
        following = at + len(found) if more else max(floor, at + len(found) - 2)
        return Found(tuple(Item(one, {"text": one}) for one in found), {"at": following, "floor": floor}, more)

    def _refuse(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(["there already"])


@pytest.fixture
async def hub(database: Database, tmp_path: Path, vendor: Vendor, shelf: Shelf, clock: Any) -> AsyncIterator[Hub]:
    poll = Poll(shelf.begin, shelf.fetch, lambda config: str(config.get("room", "hall")), EVERY)
    trigger = Trigger("seen", "Seen", "Something is seen.", Place, ("seen",), poll=poll)
    made = make_hub(database, tmp_path, Registry([replace(probe(vendor), triggers=(trigger,), events=None)]))
    made = replace(made, clock=clock)
    plant(made)
    yield made
    await made.door.aclose()
    await made.bus.close()


async def publish(hub: Hub, **changes: Any) -> str:
    trigger = {"type": "probe.seen", "connection": CONNECTION, "config": {"room": "hall"}}
    tells = step(inputs={"text": "{{ trigger.text }}"})
    made = await service.create(hub, ACTOR, workflow(tells, trigger=trigger, **changes))
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def due(hub: Hub) -> list[polling.Claim]:
    """What is due at this moment, claimed."""
    claims, _ = await hub.database.write(partial(polling.claim_due, hub, most=8))
    return claims


async def look(hub: Hub, clock: Any) -> int:
    """Everything that is due, one after another; how many looks that were."""
    clock.advance(timedelta(seconds=EVERY * 1.2))
    claims = await due(hub)
    for claim in claims:
        await polling.look(hub, claim)
    return len(claims)


def state(hub: Hub) -> PollState | None:
    def read(session: Any) -> PollState | None:
        with across_organizations("a test looks"):
            found: PollState | None = session.scalars(select(PollState)).one_or_none()
            return found

    return hub.database.read_now(read)


async def started(hub: Hub) -> list[str]:
    """What runs were started with, in any order."""
    page = await service.list_runs(hub, ACTOR, limit=200)
    texts = [(await service.get_run(hub, ACTOR, one.id)).trigger["text"] for one in page.items]
    return sorted(texts)


async def test_new_things_start_runs_and_those_before_do_not(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things += ["a", "b"]
    await look(hub, clock)
    assert await started(hub) == ["a", "b"]
    shelf.things += ["c"]
    await look(hub, clock)
    await look(hub, clock)
    assert await started(hub) == ["a", "b", "c"]  # the overlap brought two of them again


async def test_nothing_is_asked_before_it_is_due(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    claims, upcoming = await hub.database.write(partial(polling.claim_due, hub, most=8))
    assert claims == [] and upcoming == clock() + timedelta(seconds=EVERY)
    assert shelf.asked == 0


async def test_many_things_come_in_pages_each_kept_with_its_cursor(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things += [f"n{number:02}" for number in range(20)]
    shelf.errors = []
    await look(hub, clock)
    assert await started(hub) == [f"n{number:02}" for number in range(20)]
    assert shelf.asked >= 7


async def test_a_look_that_breaks_off_goes_on_from_the_last_page(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things += ["a", "b", "c", "d"]
    claims, _ = await hub.database.write(partial(polling.claim_due, hub, most=8))
    assert claims == []
    clock.advance(timedelta(seconds=EVERY))
    [claim], _ = await hub.database.write(partial(polling.claim_due, hub, most=8))
    shelf.page = 2

    async def die_after_one_page(*given: Any) -> Found:
        found = await Shelf.fetch(shelf, *given)
        shelf.errors.append(Unavailable("gone"))
        return found

    _, trigger = hub.registry.trigger("probe.seen")
    assert trigger.poll is not None
    dying = replace(trigger, poll=replace(trigger.poll, fetch=die_after_one_page))
    provider = replace(hub.registry.get("probe"), triggers=(dying,))
    await polling.look(replace(hub, registry=Registry([provider])), claim)
    assert await started(hub) == ["a", "b"]
    shelf.errors.clear()
    await look(hub, clock)
    assert await started(hub) == ["a", "b", "c", "d"]


async def test_who_dies_between_the_answer_and_the_commit_loses_nothing(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things += ["a", "b", "c", "d"]
    clock.advance(timedelta(seconds=EVERY))
    [claim] = await due(hub)
    answered, never = asyncio.Event(), asyncio.Event()

    async def answer_and_stop(*given: Any) -> Found:
        found = await Shelf.fetch(shelf, *given)
        answered.set()
        await never.wait()
        return found

    _, trigger = hub.registry.trigger("probe.seen")
    assert trigger.poll is not None
    stopping = replace(trigger, poll=replace(trigger.poll, fetch=answer_and_stop))
    provider = replace(hub.registry.get("probe"), triggers=(stopping,))
    dying = asyncio.create_task(polling.look(replace(hub, registry=Registry([provider])), claim))
    await answered.wait()
    dying.cancel()
    await asyncio.wait([dying])
    assert (await started(hub), await due(hub)) == ([], [])
    clock.advance(polling.CLAIM)
    await look(hub, clock)
    assert await started(hub) == ["a", "b", "c", "d"]


async def test_two_workflows_share_one_look(hub: Hub, shelf: Shelf, clock: Any) -> None:
    first, second = await publish(hub, name="One"), await publish(hub, name="Two")
    shelf.things.append("a")
    assert await look(hub, clock) == 1
    assert await started(hub) == ["a", "a"]
    await service.unpublish(hub, ACTOR, first)
    assert state(hub) is not None
    await service.delete(hub, ACTOR, second)
    assert state(hub) is None
    assert await endpoints.list_endpoints(hub, ACTOR) == ()


async def test_two_processes_look_once_and_a_late_one_changes_nothing(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things.append("a")
    clock.advance(timedelta(seconds=EVERY))
    both = await asyncio.gather(*(hub.database.write(partial(polling.claim_due, hub, most=8)) for _ in range(2)))
    claims = [claim for found, _ in both for claim in found]
    assert len(claims) == 1
    clock.advance(polling.CLAIM)  # it died, or sleeps: another takes over
    [again], _ = await hub.database.write(partial(polling.claim_due, hub, most=8))
    await polling.look(hub, again)
    shelf.things.append("b")
    await polling.look(hub, claims[0])  # and then it wakes up
    assert await started(hub) == ["a"]
    await look(hub, clock)
    assert await started(hub) == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(RateLimited("later", 300.0), 300), (Unavailable("away", None), EVERY), (IntegrationsError("odd"), EVERY)],
)
async def test_what_fails_is_asked_again_later_and_nothing_is_missed(
    hub: Hub, shelf: Shelf, clock: Any, error: Exception, seconds: float
) -> None:
    await publish(hub)
    shelf.things.append("a")
    shelf.errors = [error]
    await look(hub, clock)
    row = state(hub)
    assert row is not None and row.error_code and row.failures == 1
    assert timedelta(seconds=seconds) <= row.next_at - clock() <= timedelta(seconds=seconds * 1.11)
    assert await started(hub) == []
    clock.advance(timedelta(seconds=seconds))
    await look(hub, clock)
    row = state(hub)
    assert row is not None and (row.error_code, row.failures) == ("", 0)
    assert await started(hub) == ["a"]


async def test_the_list_says_why_a_trigger_hears_nothing(hub: Hub, shelf: Shelf, clock: Any) -> None:
    workflow_id = await publish(hub)
    shelf.errors = [IntegrationsError("the hall is locked")]
    with hub.bus.subscribe(organization_topic(ORGANIZATION)) as heard:
        await look(hub, clock)
        await hears_of(heard, workflow_id)
        [row] = (await service.list_by_organization(hub, ACTOR)).items
        assert (row.trigger_error, row.needs_attention) == ("the hall is locked", True)
        await look(hub, clock)
        await hears_of(heard, workflow_id)
    detail = await service.get(hub, ACTOR, workflow_id)
    assert (detail.row.trigger_error, detail.row.needs_attention) == ("", False)


async def hears_of(heard: AsyncIterator[Any], workflow_id: str) -> None:
    """Wait for the news that open pages get of a workflow."""
    async with asyncio.timeout(DEADLINE):
        async for event in heard:
            if event.message == {"kind": "workflow", "id": workflow_id}:
                return


async def test_a_missing_permission_is_shown_at_the_connection(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.errors = [MissingScope(("rooms:read",))]
    await look(hub, clock)
    assert (await connections.get(hub, ACTOR, CONNECTION)).error_code == "missing_scope"


async def test_patience_grows_to_an_hour(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    pauses = []
    for _ in range(9):
        shelf.errors = [IntegrationsError("odd")]
        row = state(hub)
        assert row is not None
        clock.now = row.next_at
        [claim], _ = await hub.database.write(partial(polling.claim_due, hub, most=8))
        await polling.look(hub, claim)
        row = state(hub)
        assert row is not None
        pauses.append((row.next_at - clock()).total_seconds())
    assert pauses[0] < 70 and pauses[3] > 400
    assert max(pauses) <= 3600 * 1.1


async def test_a_dead_grant_needs_a_person_and_afterwards_everything_comes(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things.append("a")
    shelf.errors = [ReconnectRequired("revoked", "revoked")]
    await look(hub, clock)
    asked = shelf.asked
    shelf.things.append("b")
    await look(hub, clock)
    assert shelf.asked == asked  # no call leaves with credentials that are known to be dead
    assert (await connections.get(hub, ACTOR, CONNECTION)).status == "needs_reauth"

    def reconnect(session: Any) -> None:
        mine = (col(Connection.organization_id) == ORGANIZATION, col(Connection.id) == CONNECTION)
        session.execute(update(Connection).where(*mine).values(status="connected", error_code=""))

    await polling.go_on_connected(hub, ORGANIZATION)
    assert await due(hub) == []
    await hub.database.write(reconnect)
    await polling.go_on_connected(hub, ORGANIZATION)
    [claim] = await due(hub)  # without waiting for its time
    await polling.look(hub, claim)
    assert await started(hub) == ["a", "b"]


async def test_a_paused_connection_is_not_asked(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    await connections.update_status(hub, ACTOR, CONNECTION, "paused")
    shelf.things.append("a")
    for _ in range(4):
        await look(hub, clock)
    [row] = (await service.list_by_organization(hub, ACTOR)).items
    assert row.trigger_error == ""  # its connection says so already
    assert (shelf.asked, await started(hub)) == (0, [])
    await connections.update_status(hub, ACTOR, CONNECTION, "connected")
    await look(hub, clock)
    assert await started(hub) == ["a"]


async def test_what_cannot_be_asked_is_not_published(hub: Hub, shelf: Shelf) -> None:
    shelf.errors = [IntegrationsError("no such room")]
    with pytest.raises(IntegrationsError):
        await publish(hub)
    assert state(hub) is None
    [row] = (await service.list_by_organization(hub, ACTOR)).items
    assert row.state == "draft"


async def test_an_item_can_be_replayed(hub: Hub, shelf: Shelf, clock: Any) -> None:
    await publish(hub)
    shelf.things.append("a")
    await look(hub, clock)
    [event] = (await events.list_events(hub, ACTOR)).items
    assert (event.kind, event.delivery_id) == ("seen", "a")
    assert '"a"' in (await events.get_event(hub, ACTOR, event.id)).body
    assert len(await events.replay_event(hub, ACTOR, event.id)) == 1
    assert await started(hub) == ["a", "a"]


async def test_nobody_outside_can_pretend_to_have_found_something(hub: Hub) -> None:
    await publish(hub)
    [row] = await endpoints.list_endpoints(hub, ACTOR)
    with pytest.raises(Unavailable) as refused:
        await events.accept(hub, row.id, {"x-integrations-kind": "seen", "x-integrations-delivery": "x"}, b"{}")
    assert refused.value.code == "endpoint_unconfigured"


async def test_the_engine_looks_by_itself_and_outlives_faults(
    hub: Hub, shelf: Shelf, clock: Any, vendor: Vendor
) -> None:
    engine = EmbeddedEngine(hub, random=lambda: 0.0)
    await engine.start()
    try:
        await publish(hub)
        shelf.things.append("a")
        shelf.errors = [ValueError("a fault of the provider's own")]
        clock.advance(timedelta(seconds=EVERY * 1.2))
        await service.create(hub, ACTOR, workflow(step()))  # a change wakes the search

        async def failed() -> bool:
            row = state(hub)
            return row is not None and row.failures == 1

        await until(failed)
        clock.advance(timedelta(seconds=EVERY * 2))
        await service.create(hub, ACTOR, workflow(step()))

        async def told() -> bool:
            return vendor.texts == ["a"]

        await until(told)
        assert engine.healthy
    finally:
        await engine.stop()


async def test_the_engine_goes_on_at_once_when_a_connection_works_again(
    hub: Hub, shelf: Shelf, clock: Any, vendor: Vendor
) -> None:
    await publish(hub)
    await connections.update_status(hub, ACTOR, CONNECTION, "paused")
    shelf.things.append("a")
    await look(hub, clock)
    engine = EmbeddedEngine(hub, random=lambda: 0.0)
    await engine.start()
    try:
        await connections.update_status(hub, ACTOR, CONNECTION, "connected")

        async def told() -> bool:
            return vendor.texts == ["a"]

        await until(told)
    finally:
        await engine.stop()
