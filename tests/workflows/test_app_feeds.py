"""Triggers that one GitHub App feeds: once each, only what the connection reads, and never beside a webhook."""

# ruff: noqa: F811 - fixtures of another module are imported and then named as arguments

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from integrations_app.connections import apps
from integrations_app.connections.diagnosis import Remedy, Verdict
from integrations_app.connections.models import Connection, Status
from integrations_app.errors import IntegrationsError
from integrations_app.kit.columns import utc_now
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.organizations.models import Organization
from integrations_app.sdk.triggers import Feed
from integrations_app.workflows import app_feeds, endpoints, hooks, service
from integrations_app.workflows.app_feeds import LASTS, Proof, Wanted
from integrations_app.workflows.repository import Endpoints
from tests.providers.conftest import sandbox, sandbox_base  # noqa: F401 - fixtures
from tests.workflows.test_story import House, house  # noqa: F401 - fixtures
from tests.workflows.town import BETA, OTHER, OWNER, Town

SECRET = "sandbox-github-webhook-secret"


@pytest.fixture
def app_of_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's GitHub App, as the environment names it."""
    for name, value in (
        ("CLIENT_ID", "sandbox-github-client"),
        ("CLIENT_SECRET", "sandbox-github-secret"),
        ("SIGNING_SECRET", SECRET),
    ):
        monkeypatch.setenv(f"INTEGRATIONS_GITHUB_{name}", value)


@pytest.fixture
async def town(app_of_server: None, house: House) -> AsyncIterator[Town]:
    made = Town(house)
    settings = {"github_app": True, "app_webhook_url": made.url}
    await asyncio.to_thread(lambda: house.sandbox.settings(github=settings))
    founded = Organization(id=BETA, name="Beta", created_at=utc_now())
    await house.hub.database.write(lambda session: session.add(founded))
    made.connections = {
        OWNER.organization_id: await made.connect(OWNER, "octo-hub"),
        BETA: await made.connect(OTHER, "mona-lisa"),
    }
    yield made
    await made.settle()


async def test_three_workflows_of_two_organisations_hear_by_one_address(town: Town) -> None:
    await town.install()
    first = await town.publish(OWNER)
    pushes = await town.publish(OWNER, kind="push")
    other = await town.publish(OTHER)
    assert await town.hooks() == []
    await town.open_issue()
    assert (await town.runs(OWNER, first), await town.runs(OWNER, pushes), await town.runs(OTHER, other)) == (1, 0, 1)
    assert (await town.heard(OWNER), await town.heard(OTHER)) == ([("issues", 1)], [("issues", 1)])
    form = {"user": "octo-hub", "act": "Push a commit (branch)", "subject": "develop"}
    page = f"{town.house.sandbox.base}/github/acme/web/happen"
    await asyncio.to_thread(lambda: town.house.sandbox.http.post(page, data=form))
    await town.settle()
    assert (await town.runs(OWNER, first), await town.runs(OWNER, pushes), await town.runs(OTHER)) == (1, 1, 1)
    assert await town.heard(OTHER) == [("issues", 1)]  # nobody there waits for pushes: nothing of them is kept
    found = await town.finding(OWNER)
    assert (found.verdict, found.message, found.fix) == (Verdict.WELL, "Delivered by the GitHub App.", "")
    await service.unpublish(town.hub, OWNER, first)
    await service.delete(town.hub, OWNER, pushes)
    assert [one for one in await endpoints.list_endpoints(town.hub, OWNER) if one.connection_id] == []


async def test_what_a_connection_cannot_read_is_told_to_nobody_there(town: Town) -> None:
    await town.control("github/access", repository="acme/api", user="mona-lisa")
    await town.install()
    await town.publish(OWNER, "acme/api")
    await town.publish(OTHER, "acme/web")
    with pytest.raises(IntegrationsError):
        await town.publish(OTHER, "acme/api")
    everything = await town.publish(OTHER, "acme/*")
    await town.open_issue("acme/api")
    assert (await town.runs(OWNER), await town.runs(OTHER)) == (1, 0)
    assert await town.heard(OTHER) == []
    await town.open_issue("acme/web")
    assert (await town.runs(OTHER, everything), await town.runs(OTHER)) == (1, 2)


async def test_what_was_taken_from_an_account_is_soon_told_to_it_no_more(town: Town) -> None:
    await town.install()
    made = await town.publish(OTHER, "acme/api")
    await town.open_issue("acme/api")
    assert await town.runs(OTHER) == 1
    await town.control("github/access", repository="acme/api", user="mona-lisa")
    assert await town.renew() == 1
    await town.open_issue("acme/api")
    assert await town.heard(OTHER) == [("issues", 1)]
    found = await town.finding(OTHER)
    assert (found.verdict, found.remedy) == (Verdict.PROBLEM, Remedy.REPAIR_HOOK)
    row = (await service.get(town.hub, OTHER, made)).row
    assert row.trigger_error


@pytest.mark.parametrize("how", ["unsigned", "another secret", "another body"])
async def test_a_forged_delivery_starts_nothing(town: Town, how: str) -> None:
    installation = await town.install()
    await town.publish(OWNER)
    repository = {"id": await repository_id(town), "full_name": "acme/web"}
    payload = {"action": "opened", "installation": {"id": installation}, "repository": repository}
    body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json", "X-GitHub-Event": "issues", "X-GitHub-Delivery": "forged"}
    secret = Secret("guessed" if how == "another secret" else SECRET)
    if how != "unsigned":
        headers["X-Hub-Signature-256"] = sign_hmac_sha256(secret, body, "sha256=")
    async with httpx.AsyncClient(trust_env=False) as http:
        forged = await http.post(town.url, content=body + b" " * (how == "another body"), headers=headers)
        assert forged.status_code == 401
        assert (await town.runs(OWNER), await town.heard(OWNER)) == (0, [])
        headers["X-Hub-Signature-256"] = sign_hmac_sha256(Secret(SECRET), body, "sha256=")
        assert (await http.post(town.url, content=body, headers=headers)).json() == {"delivery_id": "forged"}
    assert await town.runs(OWNER) == 1


async def repository_id(town: Town, name: str = "acme/web") -> int:
    url = f"{town.house.sandbox.base}/github/api/v3/repos/{name}"
    headers = {"Authorization": f"Bearer {town.house.github_token}"}
    answer = await asyncio.to_thread(lambda: town.house.sandbox.http.get(url, headers=headers))
    return int(answer.json()["id"])


async def test_a_delivery_that_comes_again_starts_nothing_more(town: Town) -> None:
    await town.install()
    await town.publish(OWNER)
    await town.publish(OTHER)
    await town.open_issue()
    for _ in range(2):
        await town.control("github/redeliver")
        await town.settle()
    assert (await town.runs(OWNER), await town.runs(OTHER)) == (1, 1)
    assert (await town.heard(OWNER), await town.heard(OTHER)) == ([("issues", 3)], [("issues", 3)])


async def test_a_workflow_with_a_webhook_starts_once_when_the_app_tells_too(town: Town) -> None:
    installation = await town.install(events=[], permissions={"repository_hooks": "write"})
    first = await town.publish(OWNER)
    assert await town.hooks() == [["issues"]]
    await town.change(installation, events=["issues", "star"])
    second, star = await town.publish(OWNER), await town.publish(OWNER, kind="star")
    assert await town.hooks() == [["issues", "star"]]  # what listens to a webhook is not moved while it is live
    other = await town.publish(OTHER)
    await town.open_issue()
    assert (await town.runs(OWNER, first), await town.runs(OWNER, second), await town.runs(OTHER, other)) == (1, 1, 1)
    for one in (first, second, star):
        await service.unpublish(town.hub, OWNER, one)
    assert await town.hooks() == []
    await service.publish(town.hub, OWNER, first)
    assert await town.hooks() == []
    await town.open_issue()
    assert await town.runs(OWNER, first) == 2


async def test_an_app_that_was_removed_is_told_of_and_heard_again_after_its_return(town: Town) -> None:
    installation = await town.install()
    await town.publish(OWNER)
    await town.change(installation, act="deleted")
    await town.open_issue()
    assert await town.renew(hours=0) == 1
    found = await town.finding(OWNER)
    assert (found.verdict, found.remedy) == (Verdict.PROBLEM, Remedy.REPAIR_HOOK)
    assert "the GitHub App, which does not reach it any more" in found.message
    with pytest.raises(IntegrationsError):
        await hooks.repair(town.hub, OWNER, found.subject)
    await town.install()
    await hooks.repair(town.hub, OWNER, found.subject)
    assert (await town.finding(OWNER)).verdict is Verdict.WELL
    await town.open_issue()
    assert await town.runs(OWNER) == 1


@pytest.mark.parametrize("change", [{"remove": ["acme/web"]}, {"act": "suspend"}])
async def test_what_an_app_has_lost_is_believed_at_once_and_regained_by_itself(
    town: Town, change: dict[str, Any]
) -> None:
    installation = await town.install()
    await town.publish(OWNER)
    await town.change(installation, **change)
    assert (await town.finding(OWNER)).verdict is Verdict.PROBLEM
    await town.renew(hours=0)
    back = {"add": ["acme/web"]} if "remove" in change else {"act": "unsuspend"}
    await town.change(installation, **back)
    assert await town.renew(hours=0) == 1
    await town.open_issue()
    assert await town.runs(OWNER) == 1


async def test_a_webhook_takes_the_place_of_an_app_that_stops_sending(town: Town) -> None:
    installation = await town.install(permissions={"repository_hooks": "write"})
    made = await town.publish(OWNER)
    await town.change(installation, events=["push"])
    await town.renew()
    assert await town.hooks() == [["issues"]]
    await town.open_issue()
    assert await town.runs(OWNER, made) == 1
    await town.change(installation, events=["issues"])  # it sends again, but the webhook stays
    assert await town.renew(hours=4) == 0
    await town.open_issue()
    assert await town.runs(OWNER, made) == 2


async def test_events_that_the_app_does_not_send_come_by_a_webhook(town: Town) -> None:
    installation = await town.install(events=["issues"], permissions={"repository_hooks": "write"})
    issues = await town.publish(OWNER)
    star = await town.publish(OWNER, kind="star")
    assert await town.hooks() == [["star"]]
    await town.open_issue()
    assert await town.runs(OWNER) == 1
    await town.change(installation, events=["issues", "star"])
    for workflow_id in (issues, star):  # each stays where it listens
        await service.publish(town.hub, OWNER, workflow_id)
    assert await town.hooks() == [["star"]]


@pytest.mark.parametrize("what", ["status", "account", "age"])
async def test_nothing_comes_while_what_was_shown_does_not_hold(town: Town, what: str) -> None:
    await town.install()
    await town.publish(OWNER)
    connection = (Connection, OWNER.organization_id, town.connections[OWNER.organization_id])
    if what == "status":
        await town.alter(*connection, status=Status.NEEDS_REAUTH.value)
    elif what == "account":
        await town.alter(*connection, account_id="4242")
    else:
        await town.alter_feed(OWNER, proved_at=utc_now() - LASTS - timedelta(minutes=1))
        assert (await town.finding(OWNER)).verdict is Verdict.PROBLEM
    await town.open_issue()
    assert (await town.runs(OWNER), await town.heard(OWNER)) == (0, [])
    if what == "age":
        await town.alter_feed(OWNER, next_at=utc_now())
    if what != "status":
        assert await town.renew(hours=0) == 1
        await town.open_issue()
        assert await town.runs(OWNER) == 1


async def test_an_answer_from_before_a_loss_gives_nothing_back(town: Town) -> None:
    await town.install()
    await town.publish(OWNER)
    [row] = [one for one in await endpoints.list_endpoints(town.hub, OWNER) if one.connection_id]

    def write(session: Session) -> tuple[bool, list[str]]:
        shown = app_feeds.find(session, OWNER.organization_id, row.id)
        endpoint = Endpoints(session, OWNER.organization_id).get(row.id)
        assert shown is not None
        asked, proof = shown.fence, Proof(Feed(shown.source, tuple(shown.places)), app_feeds.holder_of(shown))
        app_feeds.silence(session, shown, town.hub.clock())
        return app_feeds.keep(town.hub, session, endpoint, proof, fence=asked), shown.places

    assert await town.hub.database.write(write) == (False, [])


async def test_an_address_that_github_cannot_reach_is_refused_as_for_a_webhook(town: Town) -> None:
    await town.install()
    found = town.hub.registry.trigger("github.issues")[1].hooks
    assert found is not None
    wanted = Wanted(town.connections[OWNER.organization_id], {"repository": "acme/web"}, ("issues",), "op")
    assert await app_feeds.prove(town.hub, OWNER.organization_id, found, wanted) is not None
    unreachable = replace(found, refusal=lambda _url, _bases: "GitHub cannot reach it.")
    assert await app_feeds.prove(town.hub, OWNER.organization_id, unreachable, wanted) is None


async def test_a_token_that_is_no_apps_registers_a_webhook(town: Town) -> None:
    await town.install()
    await town.publish(OWNER, connection=town.house.github)
    assert await town.hooks() == [["issues"]]
    await town.open_issue()
    assert await town.runs(OWNER) == 1


async def test_the_app_of_one_organisation_tells_it_alone_at_an_address_of_its_own(town: Town) -> None:
    secret = Secret("the secret of an own app 0123456789")
    client_secret = Secret("acme-app-secret")
    own = await apps.register_app(
        town.hub, OWNER, "github", client_id="acme-app", client_secret=client_secret, signing_secret=secret
    )
    url = town.url.replace("/events", f"/{own}/events")
    registered = {"client_secret": "acme-app-secret", "signing_secret": secret.reveal("test"), "request_url": url}
    await town.control("apps", vendor="github", client_id="acme-app", **registered)
    connection = await town.connect(OWNER, "octo-hub", own)
    await town.install(client_id="acme-app")
    await town.publish(OWNER, connection=connection)
    with pytest.raises(IntegrationsError):  # the server's app is not installed there
        await town.publish(OTHER)
    await town.open_issue()
    assert (await town.runs(OWNER), await town.heard(OTHER)) == (1, [])
    assert await town.hooks() == []


async def test_a_publish_that_fails_leaves_no_feed(town: Town) -> None:
    await town.install()
    made = await town.draft(OWNER)
    fault = {"method": "GET", "path": "/github/api/v3/user/installations", "status": 502, "count": 1}
    await asyncio.to_thread(lambda: town.house.sandbox.fault(**fault))
    with pytest.raises(IntegrationsError):
        await service.publish(town.hub, OWNER, made)
    assert [one for one in await endpoints.list_endpoints(town.hub, OWNER) if one.connection_id] == []
    await service.publish(town.hub, OWNER, made)
    assert (await town.finding(OWNER)).fix == f"Nothing has come yet. The App's webhook address must be {public(town)}"


def public(town: Town) -> str:
    return f"{town.hub.settings.public_origin}/api/integrations/github/events"
