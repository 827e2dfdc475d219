"""GitHub to Slack over real HTTP: publish registers the hook, an issue arrives signed, the channel hears of it."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from integrations_app.connections import service as connections
from integrations_app.errors import IntegrationsError
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.organizations.models import Organization
from integrations_app.sandbox.serve import free_port
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings
from integrations_app.web.events import routes
from integrations_app.workflows import endpoints, events, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.providers.conftest import Sandbox, sandbox, sandbox_base  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, ORGANIZATION, until

REPOSITORY = "acme/web"


@dataclass
class House:
    """The product on a port, its vendors on another, and one connection to each."""

    hub: Hub
    sandbox: Sandbox
    github: str
    slack: str
    github_token: str

    async def open_issue(self, title: str) -> None:
        url = f"{self.sandbox.base}/github/api/v3/repos/{REPOSITORY}/issues"
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                url, json={"title": title}, headers={"Authorization": f"Bearer {self.github_token}"}
            )
        assert answer.status_code == 201, answer.text

    def hooks(self) -> list[dict[str, Any]]:
        url = f"{self.sandbox.base}/github/api/v3/repos/{REPOSITORY}/hooks"
        answer = self.sandbox.http.get(url, headers={"Authorization": f"Bearer {self.github_token}"})
        assert answer.is_success, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def posted(self) -> list[str]:
        return [str(entry["body"]) for entry in self.sandbox.requests("/slack/api/chat.postMessage")]


@pytest.fixture
async def house(
    database: Database,
    tmp_path: Path,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    monkeypatch.setenv("INTEGRATIONS_GITHUB_URL", f"{sandbox.base}/github")
    monkeypatch.setenv("INTEGRATIONS_GITHUB_API_URL", f"{sandbox.base}/github/api/v3")
    monkeypatch.setenv("INTEGRATIONS_SLACK_URL", f"{sandbox.base}/slack")
    port = free_port()
    keyring = open_keyring(database, listed=None, key_file=tmp_path / "keys", clock=utc_now)
    hub = Hub(
        settings=Settings(data_dir=tmp_path, port=port, sandbox=False),
        database=database,
        keyring=keyring,
        door=Door(EgressPolicy.parse()),
        registry=registry(),
        bus=LocalBus(),
        clock=utc_now,
        new_id=new_id,
    )
    founded = Organization(id=ORGANIZATION, name="Acme", created_at=utc_now())
    await database.write(lambda session: session.add(founded))
    app = Starlette(routes=list(routes(hub)))
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    engine = EmbeddedEngine(hub, random=lambda: 0.0)
    await engine.start()
    accounts = {"github": ("octo-hub", ["repo"]), "slack": ("", None)}
    tokens = {key: await asyncio.to_thread(sandbox.token, key, *given) for key, given in accounts.items()}
    made = {
        key: await connections.create(hub, ACTOR, key, name=f"acme-{key}", secrets={"access_token": tokens[key]})
        for key in ("github", "slack")
    }
    assert {one.status for one in made.values()} == {"connected"}
    yield House(hub, sandbox, made["github"].id, made["slack"].id, tokens["github"])
    await engine.stop()
    server.stop()
    await serving
    await hub.door.aclose()
    await hub.bus.close()


def story(**changes: Any) -> dict[str, Any]:
    """The definition of the contract, connections by name."""
    return {
        "format": 1,
        "name": "Tell the channel about new issues",
        "trigger": {
            "type": "github.issues",
            "connection": "acme-github",
            "config": {"repository": REPOSITORY, "actions": ["opened"]},
        },
        "steps": [
            {
                "key": "tell",
                "type": "action",
                "action": "slack.send_message",
                "connection": "acme-slack",
                "inputs": {
                    "channel": "C0TRIAGE",
                    "text": "New issue {{ trigger.issue.title }} by {{ trigger.issue.user.login | default: 'someone' }}",  # noqa: E501
                },
                "when": "trigger.issue.state == 'open'",
            }
        ],
    } | changes


async def finished(house: House, number: int) -> bool:
    page = await service.list_runs(house.hub, ACTOR)
    return len(page.items) >= number and all(run.ended_at for run in page.items)


async def test_an_issue_is_told_to_the_channel_once(house: House) -> None:
    made = await service.create(house.hub, ACTOR, story())
    assert [problem for problem in made.problems if problem.severity == "error"] == []
    await service.publish(house.hub, ACTOR, made.id)
    assert len(await asyncio.to_thread(house.hooks)) == 1
    await house.open_issue("The roof leaks")
    await until(lambda: finished(house, 1))
    run = (await service.list_runs(house.hub, ACTOR)).items[0]
    assert (run.status, run.error_message) == ("succeeded", "")
    told = await asyncio.to_thread(house.posted)
    assert len(told) == 1
    assert "The roof leaks" in told[0]
    kinds = [(event.kind, event.verdict) for event in (await events.list_events(house.hub, ACTOR)).items]
    assert sorted(kinds) == [("issues", "accepted"), ("ping", "ignored")]


async def test_two_workflows_share_a_hook_and_the_last_one_removes_it(house: House) -> None:
    first = await service.create(house.hub, ACTOR, story())
    push = {"type": "github.push", "connection": "acme-github", "config": {"repository": REPOSITORY}}
    second = await service.create(house.hub, ACTOR, story(trigger=push))
    await service.publish(house.hub, ACTOR, first.id)
    await service.publish(house.hub, ACTOR, second.id)
    hooks = await asyncio.to_thread(house.hooks)
    assert [sorted(hook["events"]) for hook in hooks] == [["issues", "push"]]
    await service.unpublish(house.hub, ACTOR, first.id)
    assert len(await asyncio.to_thread(house.hooks)) == 1
    await service.delete(house.hub, ACTOR, second.id)
    assert await asyncio.to_thread(house.hooks) == []
    assert await endpoints.list_endpoints(house.hub, ACTOR) == ()


async def test_a_hook_that_cannot_be_made_leaves_the_workflow_unpublished(house: House) -> None:
    made = await service.create(house.hub, ACTOR, story())
    fault = {"method": "POST", "path": f"/github/api/v3/repos/{REPOSITORY}/hooks", "status": 403, "count": 1}
    await asyncio.to_thread(lambda: house.sandbox.fault(**fault, body='{"message": "Resource not accessible"}'))
    with pytest.raises(IntegrationsError):
        await service.publish(house.hub, ACTOR, made.id)
    detail = await service.get(house.hub, ACTOR, made.id)
    assert (detail.row.state, detail.live) == ("draft", None)
    await service.publish(house.hub, ACTOR, made.id)
    assert len(await asyncio.to_thread(house.hooks)) == 1


async def test_a_lost_answer_of_slack_posts_once(house: House) -> None:
    made = await service.create(house.hub, ACTOR, story())
    await service.publish(house.hub, ACTOR, made.id)
    await asyncio.to_thread(lambda: house.sandbox.fault(path="/slack/api/chat.postMessage", effect="lose"))
    await house.open_issue("Only once")
    await until(lambda: finished(house, 1))
    run = (await service.list_runs(house.hub, ACTOR)).items[0]
    assert run.status == "succeeded"
    assert len(await asyncio.to_thread(house.posted)) == 1
