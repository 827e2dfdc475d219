"""Alive, ready, numbers."""

import os

import httpx
import pytest
from starlette.applications import Starlette

from integrations_app.errors import Unavailable
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.web import health
from integrations_app.web.errors import Answers, on_error


async def ask(hub, path, probes=None, peer="127.0.0.1", headers=None):
    app = Answers(Starlette(routes=health.routes(hub, probes or {}), exception_handlers={Exception: on_error}))
    transport = httpx.ASGITransport(app, client=(peer, 1), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        return await client.get(path, headers=headers or {})


async def test_alive_and_ready(hub):
    assert (await ask(hub, "/healthz")).json() == {"status": "ok"}
    ready = await ask(hub, "/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "key": "ok"})


async def test_a_failing_part_is_named(hub):
    async def engine() -> None:
        raise Unavailable("No worker has been seen for a minute.", None, "engine_unavailable")

    answer = await ask(hub, "/readyz", {"engine": engine})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["fields"]) == (
        503,
        "engine_unavailable",
        {"engine": "engine_unavailable"},
    )


async def test_a_sealed_vault_is_alive_but_not_ready(hub, tmp_path):
    key_file = tmp_path / "data" / "keys"
    key_file.write_bytes(os.urandom(32))
    sealed = open_keyring(hub.database, listed=None, key_file=key_file, clock=hub.clock)
    other = Hub(hub.settings, hub.database, sealed, hub.door, hub.registry, hub.bus, hub.clock, hub.new_id)
    assert (await ask(other, "/healthz")).status_code == 200
    answer = await ask(other, "/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "vault_sealed")
    other.passwords.close()


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("203.0.113.9", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
    ],
)
async def test_metrics_are_for_this_machine(hub, peer, headers, status):
    assert (await ask(hub, "/metrics", peer=peer, headers=headers)).status_code == status


async def test_metrics_are_for_programs_with_a_token_too(hub, person):
    from integrations_app.organizations import tokens

    _, token = await tokens.create(hub, (await person("viewer")).actor, name="prometheus")
    right = {"Authorization": f"Bearer {token.reveal('test')}"}
    assert (await ask(hub, "/metrics", peer="203.0.113.9", headers=right)).status_code == 200
    for wrong in ("Bearer x", "Basic x", f"Bearer {tokens.PREFIX}{'0' * 64}"):
        answer = await ask(hub, "/metrics", peer="203.0.113.9", headers={"Authorization": wrong})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
