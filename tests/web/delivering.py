"""An endpoint, a client before its route, and deliveries signed for it."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.organizations.hub import Hub
from integrations_app.web.events import routes
from integrations_app.workflows import endpoints
from tests.workflows.conftest import hub  # noqa: F401 - fixture
from tests.workflows.probe import ACTOR

SECRET = Secret("CNRY_endpoint_0123456789abcdef")
JSON = "application/json"


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=list(routes(hub)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


@pytest.fixture
async def endpoint(hub: Hub) -> str:
    made = await endpoints.create_endpoint(hub, ACTOR, "Orders", "hmac_sha256", SECRET)
    return made.row.id


def signed(body: bytes, delivery: str = "", *, secret: Secret = SECRET, **headers: str) -> dict[str, str]:
    given = {"content-type": JSON, "x-hub-signature-256": sign_hmac_sha256(secret, body, "sha256=")}
    return given | ({"idempotency-key": delivery} if delivery else {}) | headers
