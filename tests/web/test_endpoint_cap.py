"""The cap of an endpoint: over it 429 before the body is read, and next to nothing is written."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import httpx
import pytest

from integrations_app.errors import Forbidden, InvalidInput, RateLimited
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import events
from integrations_app.workflows.endpoint_cap import admit
from integrations_app.workflows.endpoint_terms import MOST_PER_MINUTE, Terms
from integrations_app.workflows.endpoints import change_endpoint, list_endpoints
from tests.web.delivering import JSON, client, endpoint, signed  # noqa: F401 - fixtures among them
from tests.workflows.conftest import hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, ORGANIZATION


async def test_over_the_cap_no_body_is_read_and_one_row_tells(
    hub: Hub, client: httpx.AsyncClient, endpoint: str
) -> None:
    await change_endpoint(hub, ACTOR, endpoint, Terms(per_minute=2))
    path, read = f"/api/webhooks/{endpoint}", []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"{}"

    taken = [(await client.post(path, content=b"{}", headers=signed(b"{}", name))).status_code for name in "ab"]
    assert taken == [202, 202]
    for _ in range(20):
        answer = await client.post(path, content=body(), headers={"content-type": JSON})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert read == []
    assert len((await events.list_events(hub, ACTOR)).items) == 2
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters(name="webhook.*")))
    assert [(row.name, row.detail) for row in page.items] == [("webhook.limited", {"count": 1, "per_minute": 2})]
    assert (await list_endpoints(hub, ACTOR))[0].limited_at is not None


async def test_forgeries_use_up_nobodys_minute(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    await change_endpoint(hub, ACTOR, endpoint, Terms(per_minute=2))
    path = f"/api/webhooks/{endpoint}"
    forged = signed(b"{}", "f") | {"content-type": JSON}
    for _ in range(20):
        assert (await client.post(path, content=b"[]", headers=forged)).status_code == 401
        assert (await client.post(path, content=b"x" * 2_000_000, headers=forged)).status_code == 413
    taken = [(await client.post(path, content=b"{}", headers=signed(b"{}", name))).status_code for name in "abc"]
    assert taken == [202, 202, 429]


async def test_it_fills_up_evenly(hub: Hub, endpoint: str) -> None:
    await change_endpoint(hub, ACTOR, endpoint, Terms(per_minute=60))
    found = await events.find_endpoint(hub, endpoint)
    assert found is not None
    begun = hub.clock()
    then = replace(hub, clock=partial(begun.replace))
    for _ in range(60):
        await admit(then, found)
    with pytest.raises(RateLimited) as refusal:
        await admit(then, found)
    assert refusal.value.after == pytest.approx(1.0)
    later = replace(hub, clock=partial((begun + timedelta(seconds=2)).replace))
    for _ in range(2):
        await admit(later, found)
    with pytest.raises(RateLimited):
        await admit(later, found)


async def test_without_a_cap_everything_is_taken(hub: Hub, endpoint: str) -> None:
    found = await events.find_endpoint(hub, endpoint)
    assert found is not None
    for _ in range(500):
        await admit(hub, found)


async def test_a_cap_has_bounds_and_needs_the_right(hub: Hub, endpoint: str) -> None:
    for odd in (-1, MOST_PER_MINUTE + 1):
        with pytest.raises(InvalidInput):
            await change_endpoint(hub, ACTOR, endpoint, Terms(per_minute=odd))
    with pytest.raises(Forbidden):
        await change_endpoint(hub, Actor(ORGANIZATION, "e", "e@acme.test", "editor"), endpoint, Terms(per_minute=1))
