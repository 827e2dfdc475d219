"""The whole web stack over a hub beside the sandbox, and people who call it with their tokens."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations import tokens
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.conftest import Clock, Person, quick_passwords
from tests.connections.conftest import Vendor, sandbox_url, vendor  # noqa: F401 - fixtures

API = "/api/v1"
RANDOM_ID = "0123456789abcdef" * 2


@pytest.fixture
async def hub(database: Database, keyring: Keyring, tmp_path: Path, clock: Clock, vendor: Vendor) -> AsyncIterator[Hub]:
    port = urlsplit(vendor.url).port
    own = (f"localhost:{port}", f"127.0.0.1:{port}")
    made = Hub(
        settings=Settings(data_dir=tmp_path, port=port, public_url=f"http://localhost:{port}", sandbox=True),
        database=database,
        keyring=keyring,
        door=Door(EgressPolicy.parse(own=own)),
        registry=registry(),
        bus=LocalBus(),
        clock=clock,
        new_id=new_id,
        passwords=quick_passwords(),
    )
    yield made
    for task in tuple(made.background):
        await task
    await made.door.aclose()
    await made.bus.close()
    made.passwords.close()


@pytest.fixture
async def engine(hub: Hub) -> AsyncIterator[EmbeddedEngine]:
    """Executes runs while the test asks for it."""
    made = EmbeddedEngine(hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


@dataclass(frozen=True)
class Caller:
    """Somebody's program."""

    client: httpx.AsyncClient
    token: str
    person: Person

    async def __call__(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | given.pop("headers", {})
        return await self.client.request(method, f"{API}{path}", headers=headers, **given)

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of something that is there."""
        answer = await self("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 201, **query: Any) -> Any:
        answer = await self("POST", path, json=body, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, **given: Any) -> tuple[int, str]:
        """Status and code of a refusal, after a look at its shape."""
        answer = await self(method, path, **given)
        error = answer.json()["error"]
        assert set(error) <= {"code", "message", "request_id", "fields"}
        assert error["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, str(error["code"])


Call = Callable[..., Awaitable[Caller]]


@pytest.fixture
def caller(hub: Hub, client: httpx.AsyncClient, person: Callable[..., Awaitable[Person]]) -> Call:
    """Make a person with a role, and a token of theirs."""

    async def make(role: str = "owner", organization: str = "Acme") -> Caller:
        made = await person(role, organization)
        _, token = await tokens.create(hub, made.actor, name="test")
        return Caller(client, token.reveal("test"), made)

    return make


def definition(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A workflow that is started by hand and ends by itself."""
    given = list(steps) or [{"key": "end", "type": "stop", "message": "{{ trigger.word | default: 'done' }}"}]
    return {"format": 1, "name": "By hand", "trigger": {"type": "manual"}, "steps": given, **changes}


async def published(caller: Caller, *steps: dict[str, Any]) -> str:
    """The id of a live workflow."""
    made = await caller.post("/workflows", definition(*steps))
    await caller.post(f"/workflows/{made['id']}/publish", status=200)
    return str(made["id"])
