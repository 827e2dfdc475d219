"""The part of the doctor that looks at hooks: deleted, switched off or refused, and registered again by one call."""

# ruff: noqa: F811 - fixtures of another module are imported and then named as arguments

import asyncio
from typing import Any

import pytest

from integrations_app.connections.diagnosis import Finding, Remedy, Verdict
from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import endpoints, hooks, service
from integrations_app.workflows.diagnosis import diagnose
from tests.providers.conftest import sandbox, sandbox_base  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, until
from tests.workflows.test_story import REPOSITORY, House, finished, house, story  # noqa: F401 - fixtures


async def published(house: House) -> str:
    made = await service.create(house.hub, ACTOR, story())
    await service.publish(house.hub, ACTOR, made.id)
    return made.id


async def hook_finding(house: House) -> Finding:
    found = await diagnose(house.hub, ACTOR, house.github)
    assert [one.key for one in found[:-1]] == ["address", "tls", "clock", "token", "account", "scopes", "rate"]
    return found[-1]


def vendor_call(house: House, method: str, hook: dict[str, Any], **body: Any) -> None:
    url = f"{house.sandbox.base}/github/api/v3/repos/{REPOSITORY}/hooks/{hook['id']}"
    headers = {"Authorization": f"Bearer {house.github_token}"}
    answer = house.sandbox.http.request(method, url, headers=headers, json=body or None)
    assert answer.is_success, answer.text


async def test_without_live_workflows_there_is_nothing_to_listen_to(house: House) -> None:
    assert (await hook_finding(house)).verdict is Verdict.WELL


async def test_a_hook_that_works_is_well(house: House) -> None:
    await published(house)
    await house.open_issue("The roof leaks")
    await until(lambda: finished(house, 1))
    found = await hook_finding(house)
    assert (found.verdict, found.title) == (Verdict.WELL, f"Events of {REPOSITORY}")
    assert found.heard_at is not None


@pytest.mark.parametrize("how", ["deleted", "switched off"])
async def test_a_hook_that_is_gone_is_registered_again(house: House, how: str) -> None:
    await published(house)
    [hook] = await asyncio.to_thread(house.hooks)
    method, body = ("DELETE", {}) if how == "deleted" else ("PATCH", {"active": False})
    await asyncio.to_thread(lambda: vendor_call(house, method, hook, **body))
    found = await hook_finding(house)
    assert (found.verdict, found.remedy) == (Verdict.PROBLEM, Remedy.REPAIR_HOOK)
    assert how in found.message
    await hooks.repair(house.hub, ACTOR, found.subject)
    [again] = await asyncio.to_thread(house.hooks)
    assert again["active"] and again["events"] == ["issues"]
    await house.open_issue("Heard again")
    await until(lambda: finished(house, 1))


async def test_deliveries_that_do_not_arrive_are_told(house: House) -> None:
    await published(house)
    [row] = await endpoints.list_endpoints(house.hub, ACTOR)
    [hook] = await asyncio.to_thread(house.hooks)
    config = hook["config"] | {"url": f"{house.sandbox.base}/nowhere", "secret": "another"}
    await asyncio.to_thread(lambda: vendor_call(house, "PATCH", hook, config=config))
    await house.open_issue("Nobody hears")
    url = f"{house.sandbox.base}/github/api/v3/repos/{REPOSITORY}/hooks/{hook['id']}/deliveries"

    async def refused() -> bool:
        answer = await asyncio.to_thread(
            lambda: house.sandbox.http.get(url, headers={"Authorization": f"Bearer {house.github_token}"})
        )
        return bool(answer.json()[0]["status_code"] == 404)

    await until(refused)
    found = await hook_finding(house)
    assert (found.verdict, found.subject) == (Verdict.WARNING, row.id)
    assert "404" in found.message


async def test_what_does_not_work_is_not_asked_about_hooks(house: House) -> None:
    await published(house)
    await asyncio.to_thread(lambda: house.sandbox.post("revoke", vendor="github", all=True))
    assert (await hook_finding(house)).verdict is Verdict.NOT_LOOKED


async def test_only_what_live_workflows_need_is_registered_again(house: House) -> None:
    workflow_id = await published(house)
    [row] = await endpoints.list_endpoints(house.hub, ACTOR)
    viewer = Actor(ACTOR.organization_id, "v", "v@acme.test", "viewer")
    with pytest.raises(Forbidden):
        await hooks.repair(house.hub, viewer, row.id)
    own = await endpoints.create_endpoint(house.hub, ACTOR, "Orders", "hmac_sha256")
    for endpoint_id in (own.row.id, "f" * 32):
        with pytest.raises(NotFound):
            await hooks.repair(house.hub, ACTOR, endpoint_id)
    await service.pause(house.hub, ACTOR, workflow_id)
    await hooks.repair(house.hub, ACTOR, row.id)  # a paused workflow keeps its hook
    await service.unpublish(house.hub, ACTOR, workflow_id)
    with pytest.raises((NotFound, Conflict)):
        await hooks.repair(house.hub, ACTOR, row.id)
