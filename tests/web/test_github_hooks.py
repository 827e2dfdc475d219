"""Every kind of hook that GitHub has, of a repository, an organisation or an App, comes in by one verified path."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from integrations_app.organizations.hub import Hub
from integrations_app.settings import Settings
from integrations_app.web.events import routes
from integrations_app.workflows import events, service
from tests.web.test_bad_deliveries import SECRET, client, github, hub, opened  # noqa: F401 - fixtures among them
from tests.workflows.probe import ACTOR, workflow

STOP = {"key": "end", "type": "stop", "outcome": "succeeded"}
SENT: dict[str, dict[str, Any]] = {
    "repository": {"repository": {"full_name": "acme/web"}},
    "organization": {"repository": {"full_name": "acme/web"}, "organization": {"login": "acme"}},
    "integration": {"repository": {"full_name": "acme/web"}, "installation": {"id": 7}},
}


@pytest.mark.parametrize("kind", SENT)
async def test_a_hook_pointed_at_an_endpoint_starts_its_workflow_once(
    hub: Hub, client: httpx.AsyncClient, kind: str
) -> None:
    path = await opened(hub, "github")
    config = {"endpoint": path.rpartition("/")[2]}
    made = await service.create(hub, ACTOR, workflow(STOP, trigger={"type": "webhook", "config": config}))
    await service.publish(hub, ACTOR, made.id)
    body = json.dumps({"action": "opened", **SENT[kind]}).encode()
    headers = github(body) | {"x-github-hook-installation-target-type": kind}
    forged = {**headers, "x-hub-signature-256": "sha256=" + "0" * 64}
    assert (await client.post(path, content=body, headers=forged)).status_code == 401
    answers = [(await client.post(path, content=body, headers=headers)).status_code for _ in range(2)]
    assert answers == [202, 200]
    assert len((await service.list_runs(hub, ACTOR)).items) == 1
    (row,) = (await events.list_events(hub, ACTOR, verdict="accepted")).items
    assert (row.kind, row.times) == ("issues", 2)


async def test_what_an_app_sends_for_no_account_is_answered_as_unused_and_shown_nowhere(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTEGRATIONS_GITHUB_SIGNING_SECRET", SECRET.reveal("test"))
    server = replace(hub, settings=Settings(data_dir=hub.settings.data_dir, port=3999))
    path, body = "/api/integrations/github/events", json.dumps({"action": "opened", **SENT["integration"]}).encode()
    headers = github(body) | {"x-github-hook-installation-target-type": "integration"}
    transport = httpx.ASGITransport(Starlette(routes=list(routes(server))))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as app:
        answers = [await app.post(path, content=body, headers=headers) for _ in range(2)]
        forged = await app.post(path, content=body + b" ", headers=headers)
        ping = await app.post(path, content=body, headers=headers | {"x-github-event": "ping"})
    told = (202, {"delivery_id": "9f1c", "status": "unused"})
    assert [(answer.status_code, answer.json()) for answer in answers] == [told, told]
    assert (forged.status_code, ping.json()) == (401, {"delivery_id": "9f1c"})
    assert (await events.list_events(server, ACTOR)).items == ()
    assert (await service.list_runs(server, ACTOR)).items == ()
