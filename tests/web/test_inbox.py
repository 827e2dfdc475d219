"""What the inbox keeps of deliveries: how often they came, why others were rejected, and never more than it must."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
import os
import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from integrations_app.errors import Conflict, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import Throttle
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import endpoints, event_replaying, events, rejections, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Event, Run
from tests.web.delivering import JSON, SECRET, client, endpoint, signed  # noqa: F401 - fixtures among them
from tests.workflows.conftest import engine, hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, until, workflow

DELIVERIES = 5000 if os.environ.get("SOAK") else 150
AT_ONCE = 16


async def listed(hub: Hub, verdict: str = "") -> list[events.EventRow]:
    return list((await events.list_events(hub, ACTOR, verdict=verdict, limit=200)).items)


async def test_a_delivery_that_comes_again_is_counted(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    for delivery in ("a", "a", "b", "a"):
        await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}", delivery))
    assert {row.delivery_id: row.times for row in await listed(hub)} == {"a": 3, "b": 1}
    assert [row.delivery_id for row in await listed(hub, events.DUPLICATE)] == ["a"]


async def test_a_rejected_delivery_is_shown_with_its_reason_and_nothing_of_its_body(
    hub: Hub, client: httpx.AsyncClient, endpoint: str
) -> None:
    body = b'{"note": "CNRY_body_0123456789abcdef"}'
    headers = signed(body, "forged", secret=Secret("another secret"))
    assert (await client.post(f"/api/webhooks/{endpoint}", content=body, headers=headers)).status_code == 401
    (row,) = await listed(hub, rejections.REJECTED)
    assert (row.endpoint_name, row.reason, row.times) == ("Orders", "The signature does not match.", 1)
    detail = await events.get_event(hub, ACTOR, row.id)
    assert detail.body == ""
    assert not any("signature" in name for name in detail.headers)
    with pytest.raises(Conflict) as refusal:
        await events.replay_event(hub, ACTOR, row.id)
    assert refusal.value.code == "event_rejected"


async def test_a_greeting_is_kept_and_starts_nothing_when_replayed(hub: Hub, client: httpx.AsyncClient) -> None:
    made = await endpoints.create_endpoint(hub, ACTOR, "Probe", "probe", SECRET)
    body = b'{"type": "challenge", "id": "c1", "challenge": "x"}'
    assert (await client.post(f"/api/webhooks/{made.row.id}", content=body, headers=signed(body))).status_code == 200
    (row,) = await listed(hub, events.IGNORED)
    for replaying in (
        events.replay_event(hub, ACTOR, row.id),
        event_replaying.replay_to(hub, ACTOR, row.id, "0" * 32),
        event_replaying.list_targets(hub, ACTOR, row.id),
    ):
        with pytest.raises(Conflict) as refusal:
            await replaying
        assert refusal.value.code == "event_ignored"


async def test_many_forgeries_make_few_rows(hub: Hub, endpoint: str) -> None:
    headers = signed(b"{}", "forged", secret=Secret("another secret"))
    begun = hub.clock()
    for minutes, count in ((0, 40), (2, 1)):
        moment = begun + timedelta(minutes=minutes)
        then = replace(hub, clock=partial(moment.replace))
        for _ in range(count):
            with pytest.raises(SignatureInvalid):
                await events.accept(then, endpoint, headers, b"{}")
    rows = await listed(hub, rejections.REJECTED)
    assert [row.times for row in rows] == [40, 1]
    assert await listed(hub, events.ACCEPTED) == []


async def test_who_cannot_sign_fills_nothing_however_long_it_tries(hub: Hub, endpoint: str) -> None:
    begun, minutes = hub.clock(), rejections.MOST_REJECTED + 30
    long = {f"x-filler-{number}" + "n" * 1000: "v" * 1000 for number in range(100)}
    for minute in range(minutes):
        then = replace(hub, clock=partial((begun + timedelta(minutes=minute, seconds=minute)).replace))
        with pytest.raises(SignatureInvalid):
            await events.accept(then, endpoint, {"content-type": JSON} | long, b"x" * 1000)
    statement = select(Event).where(col(Event.organization_id) == ORGANIZATION)
    rows = await hub.database.read(lambda session: list(session.scalars(statement)))
    assert len(rows) <= rejections.MOST_REJECTED
    newest = max(row.received_at for row in rows)
    assert newest == begun + timedelta(minutes=minutes - 1, seconds=minutes - 1)
    assert max(len(str(row.headers)) for row in rows) < 10_000
    assert len({len(row.body) for row in rows}) == 1


async def test_two_processes_that_reject_in_one_minute_share_a_row(hub: Hub, endpoint: str) -> None:
    moment = hub.clock()
    for _ in range(2):
        other = replace(hub, throttle=Throttle(), clock=partial(moment.replace))
        with pytest.raises(SignatureInvalid):
            await events.accept(other, endpoint, {"content-type": JSON}, b"{}")
    assert [row.times for row in await listed(hub, rejections.REJECTED)] == [2]


async def test_the_list_says_how_many_runs_each_started(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    for _ in range(2):
        made = await service.create(
            hub, ACTOR, workflow(step(), trigger={"type": "webhook", "config": {"endpoint": endpoint}})
        )
        await service.publish(hub, ACTOR, made.id)
    await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}", "a"))
    (row,) = await listed(hub)
    assert row.runs == 2
    assert len(await events.replay_event(hub, ACTOR, row.id)) == 2
    assert [one.runs for one in await listed(hub)] == [4]


async def test_deliveries_of_mixed_validity_lose_nothing_and_let_nobody_in(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    made = await service.create(
        hub,
        ACTOR,
        workflow(
            step(inputs={"text": "{{ trigger.id }}"}), trigger={"type": "webhook", "config": {"endpoint": endpoint}}
        ),
    )
    await service.publish(hub, ACTOR, made.id)
    chance, sent = random.Random(7), []  # noqa: S311 - what is sent, the same every time
    for number in range(DELIVERIES):
        kind = chance.choice(("good", "good", "good", "again", "forged", "changed", "unsigned", "no_json"))
        which = chance.randrange(number + 1) if kind == "again" else number
        sent.append((kind, f"d{which}"))
    gate = asyncio.Semaphore(AT_ONCE)

    async def deliver(kind: str, delivery: str) -> tuple[str, str, int]:
        body = b"not json" if kind == "no_json" else f'{{"id": "{delivery}"}}'.encode()
        headers = signed(body, delivery, secret=Secret("another secret") if kind == "forged" else SECRET)
        if kind == "unsigned":
            headers.pop("x-hub-signature-256")
        content = body + b" " if kind == "changed" else body
        async with gate:
            answer = await client.post(f"/api/webhooks/{endpoint}", content=content, headers=headers)
        return kind, delivery, answer.status_code

    answers = await asyncio.gather(*(deliver(*one) for one in sent))
    for kind, _, status in answers:
        expected = {200, 202} if kind in {"good", "again"} else {400} if kind == "no_json" else {401}
        assert status in expected, kind
    genuine = {delivery for kind, delivery, _ in answers if kind in {"good", "again"}}
    assert sum(status == 202 for _, _, status in answers) == len(genuine)

    async def settled() -> bool:
        statement = select(func.count()).where(col(Run.organization_id) == ORGANIZATION, col(Run.status) == "succeeded")
        done = int(await hub.database.read(lambda session: session.execute(statement).scalar_one()))
        return done == len(genuine)

    await until(settled, seconds=300.0)
    assert sorted(vendor.texts) == sorted(genuine)
    statement = select(col(Event.delivery_id)).where(
        col(Event.organization_id) == ORGANIZATION, col(Event.verdict) == events.ACCEPTED
    )
    kept = await hub.database.read(lambda session: list(session.scalars(statement)))
    assert sorted(kept) == sorted(genuine)
