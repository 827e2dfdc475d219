"""Senders that wait: answered by the workflow, by its end, or after a while, from whichever process it runs in."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col
from starlette.applications import Starlette

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.kit.bus import LocalBus, PostgresBus
from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.web.events import routes
from integrations_app.web.reading import Waiting
from integrations_app.workflows import answers, endpoints, events, service
from integrations_app.workflows.checkpoints import Definitions, RunState, load
from integrations_app.workflows.endpoint_terms import Terms
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Event
from integrations_app.workflows.replies import Reply
from integrations_app.workflows.steps import operation_id
from tests.web.delivering import client, endpoint, signed  # noqa: F401 - fixtures among them
from tests.web.test_events import ended, listening
from tests.workflows.conftest import engine, hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, ORGANIZATION, Vendor, step, until, workflow

BODY = b'{"order": {"id": "A-1"}}'
LONG = 20


def answering(**parts: Any) -> dict[str, Any]:
    given = {"key": "answer", "type": "respond_to_webhook", "body": {"id": "{{ trigger.order.id }}"}}
    return given | parts


async def post(client: httpx.AsyncClient, endpoint: str, delivery: str = "d1", body: bytes = BODY) -> httpx.Response:
    return await client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body, delivery))


async def output(hub: Hub, key: str = "answer") -> Any:
    """What the step of the newest run gave."""
    run = (await service.list_runs(hub, ACTOR)).items[0]
    await until(lambda: _has_ended(hub, run.id))
    detail = await service.get_run(hub, ACTOR, run.id)
    return next(one.output for one in detail.steps if one.path == key)


async def _has_ended(hub: Hub, run_id: str) -> bool:
    return (await service.get_run(hub, ACTOR, run_id)).row.ended_at is not None


@pytest.fixture
async def waiting(hub: Hub, endpoint: str) -> str:
    """An endpoint whose senders wait."""
    await endpoints.change_endpoint(hub, ACTOR, endpoint, Terms(answer_seconds=LONG))
    return endpoint


async def test_the_workflow_answers_while_it_goes_on(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    vendor.gate = asyncio.Event()
    headers = {"X-Order": "{{ trigger.order.id }}"}
    await listening(hub, waiting, answering(status=201, headers=headers), step("b"))
    answer = await post(client, waiting)
    assert (answer.status_code, answer.json(), answer.headers["x-order"]) == (201, {"id": "A-1"}, "A-1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["cache-control"] == "no-store"
    assert vendor.texts == []
    vendor.gate.set()
    assert await output(hub) == {"answered": True, "status": 201}


async def test_the_same_delivery_gets_the_same_answer(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    await listening(hub, waiting, answering(status=418, body="short and stout"))
    first = await post(client, waiting)
    again = await post(client, waiting)
    assert [(one.status_code, one.text) for one in (first, again)] == [(418, "short and stout")] * 2
    other = await post(client, waiting, body=b'{"order": {"id": "B-2"}}')
    assert (other.status_code, other.json()["status"]) == (200, "duplicate")  # it says something else
    assert len((await service.list_runs(hub, ACTOR)).items) == 1
    await endpoints.change_endpoint(hub, ACTOR, waiting, Terms(answer_seconds=0))
    assert (await post(client, waiting)).json()["status"] == "duplicate"


async def test_a_run_that_says_nothing_is_told_by_its_status(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    await listening(hub, waiting, step())
    answer = await post(client, waiting)
    run = (await service.list_runs(hub, ACTOR)).items[0]
    assert (answer.status_code, answer.json()) == (200, {"run_id": run.id, "status": "succeeded"})
    assert (await post(client, waiting)).json() == answer.json()


async def test_a_run_that_fails_is_told_without_why(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    vendor.before = [Rejected("secret_code", "CNRY_detail_0123456789abcdef")]
    await listening(hub, waiting, step(), answering())
    answer = await post(client, waiting)
    run = (await service.list_runs(hub, ACTOR)).items[0]
    error = {"code": "run_failed", "message": "The workflow failed.", "request_id": ""}
    assert (answer.status_code, answer.json()) == (502, {"error": error, "run_id": run.id})
    assert (await post(client, waiting)).content == answer.content


async def test_a_retry_waits_for_the_answer_with_the_first(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    vendor.gate = asyncio.Event()
    await listening(hub, waiting, step(), answering(status=201))
    first = asyncio.create_task(post(client, waiting))
    await until(lambda: ended_or_begun(hub, 1))
    again = asyncio.create_task(post(client, waiting))
    await until(lambda: _came(hub, 2))
    other = await post(client, waiting, body=b'{"order": {"id": "B-2"}}')
    assert (other.status_code, other.json()["status"]) == (200, "duplicate")
    vendor.gate.set()
    assert [(one.status_code, one.json()) for one in (await first, await again)] == [(201, {"id": "A-1"})] * 2
    assert len((await service.list_runs(hub, ACTOR)).items) == 1


async def test_a_retry_waits_no_longer_than_the_first(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    await endpoints.change_endpoint(hub, ACTOR, waiting, Terms(answer_seconds=1))
    vendor.gate = asyncio.Event()
    await listening(hub, waiting, step(), answering())
    first = asyncio.create_task(post(client, waiting))
    await until(lambda: ended_or_begun(hub, 1))
    assert (await post(client, waiting)).json() == {"status": "duplicate", "delivery_id": "d1"}
    assert (await first).status_code == 202


async def _came(hub: Hub, times: int) -> bool:
    return (await events.list_events(hub, ACTOR)).items[0].times == times


async def test_nobody_waits_longer_than_was_set(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    await endpoints.change_endpoint(hub, ACTOR, waiting, Terms(answer_seconds=1))
    vendor.gate = asyncio.Event()
    await listening(hub, waiting, step(), answering())
    answer = await post(client, waiting)
    run = (await service.list_runs(hub, ACTOR)).items[0]
    assert (answer.status_code, answer.json()) == (202, {"delivery_id": "d1", "run_id": run.id})
    assert (await post(client, waiting)).json() == {"status": "duplicate", "delivery_id": "d1"}
    vendor.gate.set()
    assert await output(hub) == {"answered": False, "status": 200, "reason": answers.TOO_LATE}
    assert (await post(client, waiting)).json() == {"status": "duplicate", "delivery_id": "d1"}


async def test_a_run_that_waits_for_a_person_lets_the_sender_go(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, client: httpx.AsyncClient, waiting: str
) -> None:
    await listening(hub, waiting, step(connection="c" * 32, kind="fire"), answering())
    vendor.after = [TimeoutError()]
    answer = await post(client, waiting)
    run = (await service.list_runs(hub, ACTOR)).items[0]
    assert (run.status, answer.status_code, answer.json()["run_id"]) == ("held", 202, run.id)
    assert (await post(client, waiting)).json()["status"] == "duplicate"


async def test_of_several_workflows_the_first_answer_wins(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    for name in ("one", "two", "three"):
        await listening(hub, waiting, answering(body=name, key="answer"))
    answer = await post(client, waiting)
    await until(lambda: ended(hub, 3))
    said = []
    for run in (await service.list_runs(hub, ACTOR)).items:
        (only,) = (await service.get_run(hub, ACTOR, run.id)).steps
        said.append((only.output["answered"], only.output.get("reason"), only.inputs["body"]))
    assert [one for one in said if one[0]] == [(True, None, answer.text)]
    assert [one[1] for one in said if not one[0]] == [answers.ANSWERED] * 2
    assert (await post(client, waiting)).text == answer.text


async def test_nobody_hears_a_second_answer(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    await listening(hub, waiting, answering(body="first"), answering(key="late", body="second"))
    assert (await post(client, waiting)).text == "first"
    assert (await output(hub, "late"))["reason"] == answers.ANSWERED


async def test_replays_and_runs_by_hand_answer_nobody(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    workflow_id = await listening(hub, waiting, answering(body="{{ run.id }}"))
    answer = await post(client, waiting)
    event = (await events.list_events(hub, ACTOR)).items[0]
    run = (await service.list_runs(hub, ACTOR)).items[0]
    for begin in (
        lambda: service.replay(hub, ACTOR, run.id),
        lambda: events.replay_event(hub, ACTOR, event.id),
        lambda: service.start_run(hub, ACTOR, workflow_id),
    ):
        await begin()
        assert await output(hub) == {"answered": False, "status": 200, "reason": answers.NO_SENDER}
    assert (await post(client, waiting)).text == answer.text


async def test_an_endpoint_that_answers_at_once_waits_for_nothing(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, endpoint: str
) -> None:
    await listening(hub, endpoint, answering())
    assert (await post(client, endpoint)).status_code == 202
    assert (await output(hub))["reason"] == answers.NOT_ASKED


async def test_without_a_listener_there_is_nothing_to_wait_for(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    for _ in range(2):
        answer = await post(client, waiting)
    assert answer.json() == {"status": "duplicate", "delivery_id": "d1"}


async def test_beyond_the_bound_nobody_is_made_to_wait(
    hub: Hub, engine: EmbeddedEngine, vendor: Vendor, waiting: str
) -> None:
    await listening(hub, waiting, step(), answering())
    app, vendor.gate = Starlette(routes=list(routes(hub, waiting=Waiting(16)))), asyncio.Event()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        held = [asyncio.create_task(post(client, waiting, name)) for name in ("a", "b")]
        await until(lambda: ended_or_begun(hub, 2))
        beyond = await post(client, waiting, "c")
        assert (beyond.status_code, beyond.json()) == (202, {"delivery_id": "c"})
        vendor.gate.set()
        assert [(await one).status_code for one in held] == [200, 200]
        assert (await post(client, waiting, "d")).json() == {"id": "A-1"}  # they have left again


def test_one_endpoint_and_one_organisation_leave_places_to_the_others() -> None:
    places = Waiting(16)
    with places.place("o", "a") as place:
        assert (place.taken, place.take(), place.take()) == (False, True, True)
        at_one = [places.enter("o", name) for name in ("a", "a", "b", "b", "c")]
        assert at_one == [True, False, True, True, False]
        assert [places.enter("p", name) for name in ("d", "d", "d")] == [True, True, False]
    assert [places.enter("o", name) for name in ("c", "c")] == [True, False]
    assert [places.enter(f"q{number}", f"q{number}") for number in range(11)] == [True] * 10 + [False]


async def test_only_who_has_proved_itself_takes_a_place(hub: Hub, waiting: str) -> None:
    asked = []

    class Watched(Waiting):
        def enter(self, organization_id: str, endpoint_id: str) -> bool:
            asked.append((organization_id, endpoint_id))
            return super().enter(organization_id, endpoint_id)

    app = Starlette(routes=list(routes(hub, waiting=Watched())))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        path = f"/api/webhooks/{waiting}"
        assert (await client.post(path, content=BODY, headers=signed(b"{}", "d1"))).status_code == 401
        assert (await post(client, waiting, body=b"not json")).status_code == 400
        assert asked == []
        assert (await post(client, waiting)).status_code == 202
        assert asked == [(ORGANIZATION, waiting)]


async def test_who_waits_keeps_no_body(hub: Hub, waiting: str) -> None:
    """Nobody executes the runs: the senders wait until they give up."""
    size, count = 900_000, 4
    await listening(hub, waiting, answering())
    app = Starlette(routes=list(routes(hub)))

    async def deliver(client: httpx.AsyncClient, name: str) -> None:
        bodies = [b'{"text": "%s"}' % (b"x" * size)]
        headers = signed(bodies[0], name)

        async def sent() -> AsyncIterator[bytes]:
            yield bodies.pop()

        await client.post(f"/api/webhooks/{waiting}", content=sent(), headers=headers)

    async def is_gone() -> bool:
        return tracemalloc.get_traced_memory()[0] - before < size

    tracemalloc.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            before, _ = tracemalloc.get_traced_memory()
            held = [asyncio.create_task(deliver(client, f"d{number}")) for number in range(count)]
            await until(lambda: ended_or_begun(hub, count))
            await until(is_gone)
            assert not any(one.done() for one in held)
            for one in held:
                one.cancel()
            await asyncio.wait(held)
    finally:
        tracemalloc.stop()


async def ended_or_begun(hub: Hub, number: int) -> bool:
    return len((await service.list_runs(hub, ACTOR)).items) == number


async def test_the_answer_is_sealed_and_given_once_through_a_crash(hub: Hub, waiting: str) -> None:
    await listening(hub, waiting, answering())
    run, late = [await waited_for(hub, waiting, name) for name in ("d1", "d2")]
    reply, mine = Reply(200, {}, "CNRY_answer_0123456789abcdef"), operation_id(run.id, "answer")
    assert [await answers.give(hub, run, mine, reply) for _ in range(2)] == ["", ""]
    assert await answers.give(hub, run, operation_id(run.id, "another"), reply) == answers.ANSWERED
    stored = await hub.database.read(lambda session: session.get_one(Event, (ORGANIZATION, run.answers)))
    assert stored.answer is not None
    assert b"CNRY" not in stored.answer
    assert (await answers.wait(hub, ORGANIZATION, stored.id, (), 0)).reply == reply
    later = replace(hub, clock=partial((hub.clock() + timedelta(seconds=LONG + 1)).replace))
    assert await answers.give(later, late, operation_id(late.id, "answer"), reply) == answers.TOO_LATE


async def waited_for(hub: Hub, endpoint: str, delivery: str) -> RunState:
    """The run of a delivery whose sender waits; nobody executes it."""
    found = await events.accept(hub, endpoint, signed(BODY, delivery), BODY, waits=lambda: True)
    assert isinstance(found, events.Accepted)
    run = await hub.database.read(lambda session: load(session, found.run_ids[0], Definitions()))
    assert run is not None
    return run


async def test_the_run_may_be_executed_by_another_process(
    hub: Hub, database: Database, vendor: Vendor, waiting: str
) -> None:
    """One process holds the request, the other executes: only the database and the bus between them."""
    await listening(hub, waiting, answering())
    shared, address = LocalBus(), database.url.render_as_string(hide_password=False)
    here, there = (shared, shared) if database.is_sqlite else (PostgresBus(address), PostgresBus(address))
    await here.start()
    await there.start()
    second = Database(address)
    serving, executing = replace(hub, bus=here), replace(hub, bus=there, database=second)
    worker = EmbeddedEngine(executing, random=lambda: 0.0)
    app = Starlette(routes=list(routes(serving)))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            held = asyncio.create_task(post(client, waiting))
            await until(lambda: ended_or_begun(hub, 1))
            await worker.start()
            answer = await held
        assert (answer.status_code, answer.json()) == (200, {"id": "A-1"})
    finally:
        await worker.stop()
        second.close()
        await here.close()
        await there.close()


async def test_a_page_is_refused_when_it_is_published_and_when_it_runs(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await listening(hub, waiting, answering(headers={"Content-Type": "text/html"}, body="<script>"))
    assert list(refusal.value.fields) == ["steps.0.headers"]
    typed = answering(headers={"Content-Type": "{{ trigger.type }}"}, body="<script>")
    await listening(hub, waiting, typed)
    answer = await post(client, waiting, body=b'{"type": "text/html"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "run_failed")
    run = (await service.list_runs(hub, ACTOR)).items[0]
    assert run.error_code == "content_type_refused"


async def test_a_bound_on_the_time_to_wait(hub: Hub, endpoint: str) -> None:
    for odd in (-1, 26):
        with pytest.raises(InvalidInput):
            await endpoints.change_endpoint(hub, ACTOR, endpoint, Terms(answer_seconds=odd))


async def test_an_answer_that_cannot_be_read_makes_nobody_send_again(
    hub: Hub, engine: EmbeddedEngine, client: httpx.AsyncClient, waiting: str
) -> None:
    await listening(hub, waiting, answering())
    assert (await post(client, waiting)).status_code == 200
    damage = update(Event).where(col(Event.organization_id) == ORGANIZATION).values(answer=b"damaged")
    await hub.database.write(lambda session: session.execute(damage) and None)
    again = await post(client, waiting)
    assert (again.status_code, again.json()) == (200, {"status": "duplicate", "delivery_id": "d1"})


async def test_only_an_endpoint_that_waits_is_no_reason_to_warn(hub: Hub, endpoint: str) -> None:
    async def warnings(trigger: dict[str, Any]) -> list[str]:
        made = await service.create(hub, ACTOR, workflow(answering(), trigger=trigger))
        return [one.code for one in made.problems]

    webhook = {"type": "webhook", "config": {"endpoint": endpoint}}
    assert await warnings({"type": "manual"}) == ["nobody_waits"]
    assert await warnings(webhook) == ["nobody_waits"]
    await endpoints.change_endpoint(hub, ACTOR, endpoint, Terms(answer_seconds=5))
    assert await warnings(webhook) == []
