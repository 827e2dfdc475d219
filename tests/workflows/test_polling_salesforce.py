"""Records of Salesforce over real HTTP: looks are shared, thousands come in pages, and each starts a run once."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from integrations_app.kit.tenancy import across_organizations
from integrations_app.workflows import diagnosis, polling, service
from integrations_app.workflows.models import Event, PollState, Run
from tests.conftest import Clock
from tests.connections.conftest import World, providers, sandbox_url, vendor, world  # noqa: F401 - fixtures

ADA = "ada@acme.sandbox.example"
DATA = "/salesforce/services/data/v62.0"
MANY = 5000 if os.environ.get("SOAK") == "1" else 1000
A_LOOK_LATER = timedelta(seconds=70)


@pytest.fixture
def clock() -> Clock:
    """Begins at the time that it is at the vendor."""
    return Clock(datetime.now(UTC))


@pytest.fixture
async def connection(world: World) -> str:
    return (await world.connect("salesforce", ADA)).connection_id or ""


async def publish(world: World, connection: str, kind: str = "created", name: str = "Watch", **config: Any) -> str:
    trigger = {"type": f"salesforce.record_{kind}", "connection": connection, "config": {"object": "Account"} | config}
    read = {"object": "Account", "id": "{{ trigger.id }}"}
    step = {"key": "a", "type": "action", "action": "salesforce.get_record", "connection": connection, "inputs": read}
    made = await service.create(
        world.hub, world.owner, {"format": 1, "name": name, "trigger": trigger, "steps": [step]}
    )
    await service.publish(world.hub, world.owner, made.id)
    return made.id


def create(world: World, name: str) -> str:
    return str(world.vendor.control("salesforce/records", object="Account", fields={"Name": name})["id"])


def create_many(world: World, count: int) -> None:
    """As an import does: 200 in a call, all with nearly the same stamp."""
    for first in range(0, count, 200):
        records = [
            {"attributes": {"type": "Account"}, "Name": f"N{first + at}"} for at in range(min(200, count - first))
        ]
        answer = call(world, "POST", "/composite/sobjects", json={"records": records})
        assert all(one["success"] for one in answer.json())


def call(world: World, method: str, path: str, **more: Any) -> httpx.Response:
    """What a person or a program of the organisation does."""
    headers = {"Authorization": f"Bearer {world.vendor.token('salesforce', ADA, ['api'])}"}
    answer = world.vendor.http.request(method, f"{world.vendor.url}{DATA}{path}", headers=headers, **more)
    assert answer.is_success, answer.text
    return answer


async def look(world: World, clock: Clock, after: timedelta = A_LOOK_LATER) -> int:
    """Everything that is due, until nothing is; how many looks that were."""
    clock.advance(after)
    looks = 0
    while claims := (await world.hub.database.write(partial(polling.claim_due, world.hub, most=8)))[0]:
        for claim in claims:
            await polling.look(world.hub, claim)
            looks += 1
    return looks


def counted(world: World, model: type[Event | Run]) -> int:
    def read(session: Any) -> int:
        with across_organizations("a test counts"):
            return int(session.scalar(select(func.count()).select_from(model)))

    return world.hub.database.read_now(read)


def started(world: World) -> list[tuple[str, str]]:
    """The workflow and the record's id of every run, in any order."""

    def read(session: Any) -> list[tuple[str, str]]:
        with across_organizations("a test looks"):
            rows = session.execute(select(col(Run.workflow_id), col(Run.trigger_payload)))
            return sorted((row.workflow_id, payload(row.trigger_payload)["id"]) for row in rows)

    return world.hub.database.read_now(read)


def payload(stored: Mapping[str, Any] | None) -> Mapping[str, Any]:
    assert stored is not None
    return stored


def states(world: World) -> list[PollState]:
    def read(session: Any) -> list[PollState]:
        with across_organizations("a test looks"):
            return list(session.scalars(select(PollState)))

    return world.hub.database.read_now(read)


async def test_workflows_that_watch_the_same_share_a_look(world: World, clock: Clock, connection: str) -> None:
    create(world, "There already")
    first = await publish(world, connection, name="One", fields=["Name"])
    second = await publish(world, connection, name="Two", fields=["name"])
    third = await publish(world, connection, "deleted", name="Three")
    before = len(world.vendor.calls("/query"))
    assert await look(world, clock) == 2
    assert len(world.vendor.calls("/query")) == before + 2
    assert started(world) == []
    made = create(world, "New")
    await look(world, clock)
    assert started(world) == sorted([(first, made), (second, made)])
    call(world, "DELETE", f"/sobjects/Account/{made}")
    await look(world, clock)
    assert started(world) == sorted([(first, made), (second, made), (third, made)])
    for workflow_id in (first, second, third):
        await service.delete(world.hub, world.owner, workflow_id)
    assert states(world) == []


async def test_an_import_of_thousands_comes_in_pages_each_record_once(
    world: World, clock: Clock, connection: str
) -> None:
    create_many(world, 300)
    await publish(world, connection, fields=["Name"])
    create_many(world, MANY)
    await look(world, clock)
    assert (counted(world, Event), counted(world, Run)) == (MANY, MANY)
    await look(world, clock)
    assert (counted(world, Event), counted(world, Run)) == (MANY, MANY)
    assert len({record for _, record in started(world)}) == MANY


async def test_a_used_up_limit_is_waited_for_and_shown(world: World, clock: Clock, connection: str) -> None:
    workflow_id = await publish(world, connection)
    made = create(world, "Meanwhile")
    world.vendor.settings(salesforce={"api_limit": 0})
    assert await look(world, clock) == 1
    row = (await service.get(world.hub, world.owner, workflow_id)).row
    assert "used up its calls" in row.trigger_error
    findings = await diagnosis.diagnose(world.hub, world.owner, connection)
    assert any("look failed: The organisation has used up its calls" in one.message for one in findings)
    assert await look(world, clock) == 0  # it was told to wait longer
    world.vendor.settings(salesforce={"api_limit": 15000})
    await look(world, clock, timedelta(minutes=17))
    assert started(world) == [(workflow_id, made)]
    assert (await service.get(world.hub, world.owner, workflow_id)).row.trigger_error == ""


async def test_a_session_that_ends_is_renewed_without_a_word(world: World, clock: Clock, connection: str) -> None:
    workflow_id = await publish(world, connection)
    made = create(world, "Meanwhile")
    world.vendor.control("expire", vendor="salesforce", all=True)
    await look(world, clock)
    assert started(world) == [(workflow_id, made)]


async def test_after_a_reconnect_everything_comes_that_was_missed(world: World, clock: Clock, connection: str) -> None:
    workflow_id = await publish(world, connection)
    world.vendor.control("revoke", vendor="salesforce", all=True)
    made = [create(world, "First")]
    await look(world, clock)
    assert world.connection(connection).status == "needs_reauth"
    calls = len(world.vendor.calls("/salesforce/"))
    made.append(create(world, "Second"))
    await look(world, clock, timedelta(days=1))
    assert len(world.vendor.calls("/salesforce/")) == calls
    await world.connect("salesforce", ADA, connection_id=connection)
    await polling.go_on_connected(world.hub, world.owner.organization_id)
    await look(world, clock, timedelta(0))
    assert started(world) == sorted((workflow_id, one) for one in made)
