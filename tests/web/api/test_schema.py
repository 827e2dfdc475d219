"""Generated calls against the description: nothing undocumented comes back, and nothing breaks."""

import asyncio
import os
from typing import Any

import httpx
import pytest
import schemathesis
from granian.constants import Interfaces
from granian.server.embed import Server
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok
from starlette.types import ASGIApp

from integrations_app.sandbox.serve import free_port
from integrations_app.web.api.app import CALLS, describe
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.web.api.conftest import API, Caller, definition, published

pytestmark = pytest.mark.any_database  # compares answers with their description

EXAMPLES = 200 if os.environ.get("SOAK") else 6
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
async def things(caller: Any, client: Any, vendor: Any) -> tuple[Caller, dict[str, str]]:
    """An owner's token, and one thing of each kind by the name of its id."""
    ada = await caller("owner")
    secrets = {"access_token": vendor.token("github", "octo-hub")}
    connection = await ada.post("/connections", {"provider": "github", "secrets": secrets})
    endpoint = await ada.post("/endpoints", {"name": "in", "kind": "none", "confirm_unsigned": True})
    await client.post(f"/api/webhooks/{endpoint['id']}", json={"a": 1})
    workflow = await published(ada)
    await ada.post("/workflows", definition(name="Draft"))
    run = await ada.post(f"/workflows/{workflow}/runs", {}, 202)
    return ada, {
        "connection_id": connection["id"],
        "endpoint_id": endpoint["id"],
        "event_id": (await ada.get("/events"))["items"][0]["id"],
        "workflow_id": workflow,
        "run_id": run["run_id"],
        "key": "github",
    }


async def test_generated_calls_get_what_is_described(
    product: ASGIApp, things: tuple[Caller, dict[str, str]], engine: EmbeddedEngine
) -> None:
    ada, ids = things
    port = free_port()
    server = Server(
        product, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False
    )
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=10)) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
    await asyncio.to_thread(call_everything, f"http://127.0.0.1:{port}{API}", ada.token, ids)
    assert engine.healthy
    server.stop()
    await serving


def call_everything(url: str, token: str, ids: dict[str, str]) -> None:
    """Every call with random and with real ids, as described and not; those that end things come last."""
    schema = schemathesis.openapi.from_dict(describe())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len(CALLS)
    for operation in sorted(operations, key=lambda one: one.method.upper() == "DELETE"):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for known in ({}, ids):
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    call_it(strategy, url, token, known)
                except Exception as error:
                    error.add_note(f"{operation.method} {operation.path} {mode} {known and 'real ids'}")
                    raise


def call_it(strategy: Any, url: str, token: str, known: dict[str, str]) -> None:
    """Some generated cases of one call."""

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=strategy)
    def hold(case: Any) -> None:
        for name in case.path_parameters:
            if name in known:
                case.path_parameters[name] = known[name]
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)

    hold()
