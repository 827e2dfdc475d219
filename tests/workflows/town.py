"""One GitHub App that feeds the workflows of two organisations: who is connected by it, and what happens at GitHub."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from sqlmodel import Session

from integrations_app.connections import oauth
from integrations_app.connections.diagnosis import Finding
from integrations_app.connections.oauth import Ask
from integrations_app.kit.columns import utc_now
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import events, service
from integrations_app.workflows.app_feed_renewal import renew_feeds
from integrations_app.workflows.diagnosis import diagnose
from integrations_app.workflows.endpoints import list_endpoints
from integrations_app.workflows.models import AppFeed
from tests.workflows.probe import ORGANIZATION, until
from tests.workflows.test_story import House

BETA = "b" * 32
OWNER = Actor(ORGANIZATION, "u" * 32, "owner@example.org", "owner", "session-of-acme")
OTHER = Actor(BETA, "v" * 32, "owner@beta.example", "owner", "session-of-beta")
STOP = {"key": "end", "type": "stop", "outcome": "succeeded"}
ALL = ["issues", "push", "star"]


@dataclass
class Town:
    """The house, with connections that were made with the server's GitHub App."""

    house: House
    connections: dict[str, str] = field(default_factory=dict)
    """By the id of the organisation."""
    looks: int = 0

    @property
    def hub(self) -> Hub:
        return self.house.hub

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.hub.settings.port}/api/integrations/github/events"

    async def control(self, what: str, **body: Any) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: self.house.sandbox.post(what, **body))

    async def connect(self, actor: Actor, account: str, selector: str | None = None) -> str:
        """Sign in as somebody and allow the app."""
        url = httpx.URL(await oauth.begin(self.hub, actor, Ask("github", selector)))
        decision = dict(url.params) | {"account": account, "decision": "allow"}
        page = str(url.copy_with(query=None))
        answer = await asyncio.to_thread(lambda: self.house.sandbox.http.post(page, data=decision))
        back = list(httpx.URL(answer.headers["location"]).params.items())
        outcome = await oauth.complete(self.hub, actor, "github", selector, back)
        assert outcome.ok, outcome
        return outcome.connection_id

    async def install(self, account: str = "acme", **given: Any) -> int:
        made = await self.control("github/installations", account=account, **({"events": ALL} | given))
        await self.settle()
        return int(made["id"])

    async def change(self, installation: int, **given: Any) -> None:
        await self.control("github/installations", id=installation, **given)
        await self.settle()

    async def settle(self) -> None:
        """Let every delivery arrive."""
        await self.control("settle")

    async def open_issue(self, repository: str = "acme/web", title: str = "The roof leaks") -> None:
        await self.control("github/issues", repository=repository, title=title)
        await self.settle()

    async def draft(
        self, actor: Actor, repository: str = "acme/web", kind: str = "issues", connection: str = ""
    ) -> str:
        chosen = connection or self.connections[actor.organization_id]
        trigger = {"type": f"github.{kind}", "connection": chosen, "config": {"repository": repository}}
        name = f"{kind} of {repository}"
        definition = {"format": 1, "name": name, "trigger": trigger, "steps": [STOP]}
        return (await service.create(self.hub, actor, definition)).id

    async def publish(
        self, actor: Actor, repository: str = "acme/web", kind: str = "issues", connection: str = ""
    ) -> str:
        made = await self.draft(actor, repository, kind, connection)
        await service.publish(self.hub, actor, made)
        return made

    async def runs(self, actor: Actor, workflow_id: str = "") -> int:
        """How many runs there are, all at their end."""

        async def ended() -> bool:
            return all(run.ended_at for run in (await service.list_runs(self.hub, actor)).items)

        await until(ended)
        return len((await service.list_runs(self.hub, actor, workflow_id=workflow_id)).items)

    async def heard(self, actor: Actor) -> list[tuple[str, int]]:
        """Kind and number of times of every event that an organisation was told, without greetings."""
        page = await events.list_events(self.hub, actor)
        return sorted((one.kind, one.times) for one in page.items if one.verdict == "accepted")

    async def hooks(self, repository: str = "acme/web") -> list[list[str]]:
        """The events of each webhook of a repository."""
        url = f"{self.house.sandbox.base}/github/api/v3/repos/{repository}/hooks"
        headers = {"Authorization": f"Bearer {self.house.github_token}"}
        answer = await asyncio.to_thread(lambda: self.house.sandbox.http.get(url, headers=headers))
        assert answer.is_success, answer.text
        return [sorted(one["events"]) for one in answer.json()]

    async def renew(self, hours: float = 2) -> int:
        """What the renewal does when so much time has passed."""
        later: Callable[[], Any] = lambda: utc_now() + timedelta(hours=hours)  # noqa: E731
        return await renew_feeds(replace(self.hub, clock=later))

    async def finding(self, actor: Actor) -> Finding:
        """What the doctor says of the events of the organisation's connection, who looks not twice in a moment."""
        self.looks += 1
        at = timedelta(seconds=10 * self.looks)
        hub = replace(self.hub, clock=lambda: utc_now() + at)
        return (await diagnose(hub, actor, self.connections[actor.organization_id]))[-1]

    async def alter(self, model: Any, *key: str, **changes: Any) -> None:
        """Change a row behind everybody's back."""

        def write(session: Session) -> None:
            row = session.get(model, key)
            assert row is not None
            for name, value in changes.items():
                setattr(row, name, value)
            session.add(row)

        await self.hub.database.write(write)

    async def alter_feed(self, actor: Actor, **changes: Any) -> None:
        """Change the feed of the organisation's one endpoint."""
        [row] = [one for one in await list_endpoints(self.hub, actor) if one.connection_id]
        await self.alter(AppFeed, actor.organization_id, row.id, **changes)
