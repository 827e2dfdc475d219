"""Whose address counts: the peer's, or the one a trusted proxy names, and nobody else's word."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from integrations_app.organizations.hub import Hub
from integrations_app.web.cookies import client_address
from integrations_app.web.routes import layers
from integrations_app.web.sockets import OpenSockets

pytestmark = pytest.mark.any_database  # headers only
PROXY, OUTER, BROWSER = "10.1.2.3", "10.9.9.9", "203.0.113.7"


async def _said(request: Request) -> PlainTextResponse:
    return PlainTextResponse(client_address(request))


async def seen(hub: Hub, peer: str, trusted: tuple[str, ...], *forwarded: str) -> str:
    """Which address the product sees when `peer` sends these X-Forwarded-For headers."""
    trusting = replace(hub, settings=hub.settings.model_copy(update={"trusted_proxies": trusted}))
    app: Any = None
    for layer in layers(trusting, [Route("/api/said", _said)], OpenSockets(trusting)):
        app = layer if isinstance(layer, Starlette) else layer(app)
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    headers = [("X-Forwarded-For", one) for one in forwarded]
    async with httpx.AsyncClient(transport=transport, base_url=hub.settings.public_origin) as client:
        answer = await client.get("/api/said", headers=headers)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("peer", "trusted", "forwarded", "expected"),
    [
        (BROWSER, (), [], BROWSER),
        (BROWSER, (), ["198.51.100.1"], BROWSER),
        (BROWSER, ("10.0.0.0/8",), ["198.51.100.1"], BROWSER),
        (PROXY, (), [BROWSER], PROXY),
        (PROXY, ("10.1.2.3/32",), [BROWSER], BROWSER),
        (PROXY, ("10.0.0.0/8",), [f"198.51.100.1, {BROWSER}, {OUTER}"], BROWSER),
        (PROXY, ("10.0.0.0/8",), ["198.51.100.1", BROWSER], BROWSER),
        (PROXY, ("10.1.2.3/32",), [f"{BROWSER}, {OUTER}"], OUTER),
        (PROXY, ("10.0.0.0/8",), [], PROXY),
        ("fd00::1", ("fd00::/8",), ["2001:db8::9"], "2001:db8::9"),
    ],
)
async def test_only_a_trusted_proxy_is_believed_and_the_nearest_stranger_counts(
    hub: Hub, peer: str, trusted: tuple[str, ...], forwarded: list[str], expected: str
) -> None:
    assert await seen(hub, peer, trusted, *forwarded) == expected
