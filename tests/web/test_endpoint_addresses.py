"""The addresses of an endpoint: others get 403 before the body is read, and next to nothing is written."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from integrations_app.errors import Forbidden, NotFound
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.web.events import routes
from integrations_app.web.routes import layers
from integrations_app.web.sockets import OpenSockets
from integrations_app.workflows import endpoints, events
from integrations_app.workflows.endpoint_terms import Terms
from tests.web.delivering import JSON, endpoint, signed  # noqa: F401 - fixtures among them
from tests.workflows.conftest import hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, ORGANIZATION

INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.1"


def sender(hub: Hub, address: str) -> httpx.AsyncClient:
    """A program at that address."""
    transport = httpx.ASGITransport(Starlette(routes=list(routes(hub))), client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def post(hub: Hub, address: str, endpoint: str, delivery: str = "", **headers: str) -> httpx.Response:
    async with sender(hub, address) as client:
        given = signed(b"{}", delivery) | headers
        return await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=given)


@pytest.fixture
async def fenced(hub: Hub, endpoint: str) -> str:
    """An endpoint for one network, and one delivery a minute."""
    await endpoints.change_endpoint(hub, ACTOR, endpoint, Terms(["203.0.113.0/24"], per_minute=1))
    return endpoint


async def test_others_are_refused_before_anything_is_read_or_counted(hub: Hub, fenced: str) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"{}"

    async with sender(hub, OUTSIDE) as client:
        for _ in range(20):
            answer = await client.post(
                f"/api/webhooks/{fenced}", content=body(), headers={"content-type": JSON, "x-forwarded-for": INSIDE}
            )
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (403, "address_not_allowed")
            assert OUTSIDE not in answer.text
    assert read == []
    assert (await post(hub, INSIDE, fenced, "a")).status_code == 202  # the cap still has its one
    assert (await post(hub, f"::ffff:{INSIDE}", fenced, "a")).status_code == 429

    accepted, rejected = (await events.list_events(hub, ACTOR)).items
    assert (accepted.verdict, rejected.verdict, rejected.times) == ("accepted", "rejected", 1)
    assert rejected.reason == f"The endpoint takes no deliveries from {OUTSIDE}."
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters(name="webhook.rejected")))
    assert [row.detail for row in page.items] == [{"code": "address_not_allowed", "count": 1}]


async def test_a_header_of_the_sender_changes_nothing(hub: Hub, fenced: str) -> None:
    for name in ("x-forwarded-for", "x-real-ip", "forwarded"):
        value = f"for={INSIDE}" if name == "forwarded" else INSIDE
        assert (await post(hub, OUTSIDE, fenced, **{name: value})).status_code == 403
    assert (await post(hub, INSIDE, fenced, **{"x-forwarded-for": OUTSIDE})).status_code == 202


async def test_a_trusted_proxy_says_who_sends(hub: Hub, fenced: str) -> None:
    settings = hub.settings.model_copy(update={"trusted_proxies": ("10.0.0.0/8",)})
    trusting: Hub = replace(hub, settings=settings)
    app: Any = None
    for layer in layers(trusting, routes(trusting), OpenSockets(trusting)):
        app = layer if isinstance(layer, Starlette) else layer(app)
    path = f"/api/webhooks/{fenced}"
    for peer, said, status in (("10.1.2.3", OUTSIDE, 403), (OUTSIDE, INSIDE, 403), ("10.1.2.3", INSIDE, 202)):
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=settings.public_origin) as client:
            headers = signed(b"{}", "a") | {"x-forwarded-for": said}
            assert (await client.post(path, content=b"{}", headers=headers)).status_code == status


async def test_without_a_list_everybody_is_heard_again(hub: Hub, fenced: str) -> None:
    assert (await post(hub, OUTSIDE, fenced)).status_code == 403
    changed = await endpoints.change_endpoint(hub, ACTOR, fenced, Terms([]))
    assert changed.allowed_addresses == ()
    assert (await post(hub, OUTSIDE, fenced)).status_code == 202


async def test_a_list_needs_the_right_and_an_endpoint(hub: Hub, fenced: str) -> None:
    editor = Actor(ORGANIZATION, "e", "e@acme.test", "editor")
    with pytest.raises(Forbidden):
        await endpoints.change_endpoint(hub, editor, fenced, Terms([]))
    with pytest.raises(NotFound):
        await endpoints.change_endpoint(hub, ACTOR, "f" * 32, Terms([]))
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters(name="endpoint.changed")))
    assert [row.detail for row in page.items] == [{"name": "Orders", "allowed_addresses": 1, "per_minute": 1}]
