"""A workflow that listens to a whole organisation of GitHub: one hook for all its repositories, by the scope for it."""

# ruff: noqa: F811 - fixtures of another module are imported and then named as arguments

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from integrations_app.connections import service as connections
from integrations_app.connections.diagnosis import Remedy, Verdict
from integrations_app.errors import IntegrationsError
from integrations_app.workflows import hooks, service
from integrations_app.workflows.consent import consent_of
from integrations_app.workflows.diagnosis import diagnose
from tests.providers.conftest import sandbox, sandbox_base  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, until
from tests.workflows.test_story import House, finished, house, story  # noqa: F401 - fixtures

STOP = {"key": "end", "type": "stop", "outcome": "succeeded"}


@dataclass
class Owner:
    """A connection of an owner of acme, beside the house's that may not manage acme's webhooks."""

    house: House
    connection: str
    token: str

    def call(self, method: str, path: str) -> Any:
        url, headers = f"{self.house.sandbox.base}/github/api/v3{path}", {"Authorization": f"Bearer {self.token}"}
        answer = self.house.sandbox.http.request(method, url, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def open_issues(self, *repositories: str) -> None:
        for repository in repositories:
            self.house.sandbox.post("github/issues", repository=repository, title="The roof leaks")

    async def hooks(self, place: str = "/orgs/acme") -> list[list[str]]:
        """The events of each hook that hangs there."""
        return [sorted(one["events"]) for one in await asyncio.to_thread(self.call, "GET", f"{place}/hooks")]

    async def publish(self, repository: str, kind: str = "issues", connection: str = "acme-owner") -> str:
        trigger = {"type": f"github.{kind}", "connection": connection, "config": {"repository": repository}}
        made = await service.create(
            self.house.hub, ACTOR, story(name=f"{kind} of {repository}", trigger=trigger, steps=[STOP])
        )
        await service.publish(self.house.hub, ACTOR, made.id)
        return made.id


@pytest.fixture
async def owner(house: House) -> Owner:
    scopes = ["repo", "admin:org_hook"]
    token = await asyncio.to_thread(house.sandbox.token, "github", "octo-hub", scopes)
    secrets = {"access_token": token}
    made = await connections.create(house.hub, ACTOR, "github", name="acme-owner", secrets=secrets)
    return Owner(house, made.id, token)


async def test_every_repository_of_the_owner_starts_it_once(owner: Owner) -> None:
    whole = await owner.publish("acme/*")
    one = await owner.publish("acme/web")
    assert (await owner.hooks(), await owner.hooks("/repos/acme/web")) == ([["issues"]], [["issues"]])
    await asyncio.to_thread(owner.open_issues, "octo-hub/notes", "acme/web", "acme/api")
    await until(lambda: finished(owner.house, 3))
    await asyncio.to_thread(owner.house.sandbox.post, "settle")
    runs = (await service.list_runs(owner.house.hub, ACTOR)).items
    assert Counter(run.workflow_id for run in runs) == {whole: 2, one: 1}
    await service.unpublish(owner.house.hub, ACTOR, whole)
    assert (await owner.hooks(), await owner.hooks("/repos/acme/web")) == ([], [["issues"]])


async def test_workflows_share_the_hook_and_the_last_one_removes_it(owner: Owner) -> None:
    first, second = await owner.publish("acme/*"), await owner.publish(" ACME/* ", "push")
    assert await owner.hooks() == [["issues", "push"]]
    await service.unpublish(owner.house.hub, ACTOR, first)
    assert len(await owner.hooks()) == 1
    await service.delete(owner.house.hub, ACTOR, second)
    assert await owner.hooks() == []


async def test_the_scope_that_is_missing_is_named(owner: Owner) -> None:
    house = owner.house
    trigger = {"type": "github.issues", "connection": "acme-github", "config": {"repository": "acme/*"}}
    made = await service.create(house.hub, ACTOR, story(trigger=trigger, steps=[STOP]))
    [problem] = [one for one in made.problems if one.code == "missing_scope"]
    assert problem.message == "acme-github needs the permission admin:org_hook for this trigger."
    with pytest.raises(IntegrationsError):
        await service.publish(house.hub, ACTOR, made.id)
    assert (await consent_of(house.hub, ACTOR, house.github)).missing == ("admin:org_hook",)
    assert await owner.hooks() == []


async def test_one_repository_needs_no_scope_more(owner: Owner) -> None:
    await owner.publish("acme/api", connection="acme-github")
    assert (await consent_of(owner.house.hub, ACTOR, owner.house.github)).missing == ()


async def test_a_hook_that_was_deleted_is_found_and_registered_again(owner: Owner) -> None:
    await owner.publish("acme/*")
    [hook] = await asyncio.to_thread(owner.call, "GET", "/orgs/acme/hooks")
    await asyncio.to_thread(owner.call, "DELETE", f"/orgs/acme/hooks/{hook['id']}")
    found = (await diagnose(owner.house.hub, ACTOR, owner.connection))[-1]
    assert (found.title, found.verdict) == ("Events of acme/*", Verdict.PROBLEM)
    assert (found.remedy, "deleted" in found.message) == (Remedy.REPAIR_HOOK, True)
    await hooks.repair(owner.house.hub, ACTOR, found.subject)
    assert await owner.hooks() == [["issues"]]
    await asyncio.to_thread(owner.open_issues, "acme/api")
    await until(lambda: finished(owner.house, 1))
