"""What an App feeds when things change under it: other apps, pauses, losses, and faults of one organisation."""

# ruff: noqa: F811 - fixtures of another module are imported and then named as arguments

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from integrations_app.connections import apps, health
from integrations_app.connections import service as connections
from integrations_app.connections.diagnosis import Verdict
from integrations_app.connections.models import Connection, Status
from integrations_app.errors import CredentialUnreadable, Unavailable
from integrations_app.kit.columns import utc_now
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import app_feed_renewal, app_feeds, deliveries, endpoints, hooks, sealing, service
from integrations_app.workflows.app_feeds import LASTS
from integrations_app.workflows.models import AppFeed, Subscription
from integrations_app.workflows.repository import Endpoints
from tests.providers.conftest import sandbox, sandbox_base  # noqa: F401 - fixtures
from tests.workflows.test_app_feeds import SECRET, app_of_server, town  # noqa: F401 - fixtures
from tests.workflows.test_story import house  # noqa: F401 - a fixture
from tests.workflows.town import BETA, OTHER, OWNER, Town

INSTALLATIONS = {"method": "GET", "path": "/github/api/v3/user/installations"}
PAST = timedelta(minutes=1) + LASTS
WHO = pytest.mark.parametrize("actor", [OWNER, OTHER])


async def shown(town: Town, actor: Actor = OWNER) -> AppFeed:
    """What the App feeds the organisation's one endpoint with."""
    [row] = [one for one in await endpoints.list_endpoints(town.hub, actor) if one.connection_id]

    def read(session: Session) -> AppFeed | None:
        return Endpoints(session, actor.organization_id).feed(row.id)

    found = await town.hub.database.read(read)
    assert found is not None
    return found


async def trouble(town: Town, workflow_id: str, actor: Actor = OWNER) -> str:
    """Why the list of workflows says that one hears nothing."""
    [row] = [one for one in (await service.list_by_organization(town.hub, actor)).items if one.id == workflow_id]
    assert row.trigger_error == (await service.get(town.hub, actor, workflow_id)).row.trigger_error
    return row.trigger_error


async def fails(town: Town, **fault: Any) -> None:
    await asyncio.to_thread(lambda: town.house.sandbox.fault(**INSTALLATIONS, **fault))


async def pause(town: Town, actor: Actor = OWNER) -> None:
    await connections.update_status(town.hub, actor, town.connections[actor.organization_id], Status.PAUSED.value)


async def tell(town: Town, kind: str, payload: dict[str, Any], delivery_id: str) -> int:
    """Deliver an event of the server's App; the status of the answer."""
    body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json", "X-GitHub-Event": kind, "X-GitHub-Delivery": delivery_id}
    headers["X-Hub-Signature-256"] = sign_hmac_sha256(Secret(SECRET), body, "sha256=")
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(town.url, content=body, headers=headers)).status_code


async def own_app(town: Town, secret: Secret | None) -> str:
    """Register an app of the organisation's own, a GitHub App when it has a webhook secret."""
    client_secret = Secret("acme-app-secret")
    own = await apps.register_app(
        town.hub, OWNER, "github", client_id="acme-app", client_secret=client_secret, signing_secret=secret
    )
    url = town.url.replace("/events", f"/{own}/events")
    of_app = {"signing_secret": secret.reveal("test"), "request_url": url} if secret else {}
    named = {"vendor": "github", "client_id": "acme-app", "client_secret": "acme-app-secret"}
    await town.control("apps", **named, **of_app)
    return own


async def test_what_was_shown_to_another_app_is_shown_anew_and_heard_again(town: Town) -> None:
    await town.install()
    made = await town.publish(OWNER)
    connection = await town.connect(OWNER, "octo-hub", await own_app(town, Secret("the secret of an own app 012345")))
    assert connection == town.connections[OWNER.organization_id]
    await town.open_issue()
    assert await town.heard(OWNER) == []  # the server's App tells of what was shown to it, not to this connection
    found = await town.finding(OWNER)
    assert (found.verdict, "another account or app" in found.message) == (Verdict.PROBLEM, True)
    await town.alter_feed(OWNER, next_at=utc_now() + timedelta(hours=1))
    assert await town.renew(hours=0) == 1
    assert (await town.finding(OWNER)).verdict is Verdict.PROBLEM  # it is installed nowhere
    assert await trouble(town, made)
    assert await town.renew(hours=0) == 0  # and is not asked in every turn
    await town.install(client_id="acme-app")
    assert await town.renew() == 1
    assert (await town.finding(OWNER)).verdict is Verdict.WELL
    await town.open_issue()
    assert (await town.runs(OWNER, made), await trouble(town, made)) == (1, "")


async def test_a_webhook_takes_the_place_of_an_app_that_was_changed_for_an_oauth_app(town: Town) -> None:
    await town.install()
    made = await town.publish(OWNER)
    await town.renew(hours=0)
    await asyncio.to_thread(lambda: town.house.sandbox.settings(github={"github_app": False}))
    connection = await town.connect(OWNER, "octo-hub", await own_app(town, None))
    assert connection == town.connections[OWNER.organization_id]
    assert (await town.finding(OWNER)).verdict is Verdict.PROBLEM
    assert await town.renew(hours=0) == 1
    await town.settle()  # GitHub greets a new webhook, and the doctor looks at its newest delivery
    assert (await town.hooks(), (await town.finding(OWNER)).verdict) == ([["issues"]], Verdict.WELL)
    await town.open_issue()
    assert await town.runs(OWNER, made) == 1


@WHO
async def test_the_fault_of_one_organisation_keeps_no_other_from_hearing(
    town: Town, monkeypatch: pytest.MonkeyPatch, actor: Actor
) -> None:
    await town.install()
    await town.publish(OWNER)
    await town.publish(OTHER)
    seal = sealing.seal_body

    def broken(hub: Any, session: Session, organization_id: str, event_id: str, body: bytes) -> Any:
        if organization_id == actor.organization_id:
            raise CredentialUnreadable("The stored data key cannot be opened.")
        return seal(hub, session, organization_id, event_id, body)

    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "seal_body", broken)
        await town.open_issue()
        assert [await town.runs(one) for one in (OWNER, OTHER)] == [int(one is not actor) for one in (OWNER, OTHER)]
    for _ in range(2):
        await town.control("github/redeliver")
        await town.settle()
    assert [await town.runs(one) for one in (OWNER, OTHER)] == [1, 1]


@WHO
async def test_a_trigger_that_is_gone_keeps_no_other_from_hearing(town: Town, actor: Actor) -> None:
    await town.install()
    first = await town.publish(actor)
    second = await town.publish(actor)
    await town.publish(OTHER if actor is OWNER else OWNER)
    await town.alter(Subscription, actor.organization_id, first, trigger_type="github.gone")
    await town.open_issue()
    assert (await town.runs(actor, first), await town.runs(actor, second)) == (0, 1)
    assert await town.runs(OTHER if actor is OWNER else OWNER) == 1


@WHO
async def test_a_revocation_reaches_everybody_though_one_fails(
    town: Town, monkeypatch: pytest.MonkeyPatch, actor: Actor
) -> None:
    town.connections[BETA] = await town.connect(OTHER, "octo-hub")
    note = health.note_failure

    async def broken(hub: Any, organization_id: str, *rest: Any, **named: Any) -> bool:
        if organization_id == actor.organization_id:
            raise Unavailable("The database cannot be used right now.")
        return await note(hub, organization_id, *rest, **named)

    def read(session: Session) -> tuple[str, list[str]]:
        rows = [session.get(Connection, key) for key in town.connections.items()]
        found = [row for row in rows if row is not None]
        return found[0].account_id, [row.status for row in found]

    account = (await town.hub.database.read(read))[0]
    revocation = {"action": "revoked", "sender": {"id": int(account)}}
    with monkeypatch.context() as patch:
        patch.setattr(health, "note_failure", broken)
        assert await tell(town, "github_app_authorization", revocation, "r1") == 503
    stays = ["connected" if one is actor else "needs_reauth" for one in (OWNER, OTHER)]
    assert (await town.hub.database.read(read))[1] == stays
    assert await tell(town, "github_app_authorization", revocation, "r1") == 202
    assert (await town.hub.database.read(read))[1] == ["needs_reauth", "needs_reauth"]


async def test_a_paused_connection_hears_on_after_a_day(town: Town) -> None:
    await town.install()
    made = await town.publish(OTHER, "acme/api")
    await pause(town, OTHER)
    before = utc_now() - timedelta(hours=23)
    await town.alter_feed(OTHER, proved_at=before, next_at=before)
    assert await town.renew(hours=0) == 1
    assert (await shown(town, OTHER)).proved_at > before + timedelta(hours=22)
    await town.open_issue("acme/api")
    assert (await town.heard(OTHER), await trouble(town, made, OTHER)) == ([("issues", 1)], "")
    await town.control("github/access", repository="acme/api", user="mona-lisa")
    assert await town.renew() == 1  # what was taken from it is told to it no more, paused or not
    await town.open_issue("acme/api")
    assert await town.heard(OTHER) == [("issues", 1)]
    assert await trouble(town, made, OTHER)
    assert (await town.finding(OTHER)).verdict is Verdict.PROBLEM


async def test_nothing_is_published_with_a_paused_connection(town: Town) -> None:
    await town.install()
    made = await town.draft(OWNER)
    await pause(town)
    with pytest.raises(Exception, match="is paused"):
        await service.publish(town.hub, OWNER, made)


async def test_what_is_past_its_life_is_told_of_whether_or_not_anybody_could_ask(town: Town) -> None:
    await town.install()
    made = await town.publish(OWNER)
    await town.renew(hours=0)
    await fails(town, status=502, count=9)
    await town.alter_feed(OWNER, next_at=utc_now())
    assert await town.renew(hours=0) == 1
    assert (await trouble(town, made), (await town.finding(OWNER)).verdict) == ("", Verdict.WELL)
    await town.alter_feed(OWNER, proved_at=utc_now() - PAST)
    assert await trouble(town, made) == app_feeds.PAST
    assert await town.renew(hours=0.2) == 1
    why, found = await trouble(town, made), await town.finding(OWNER)
    assert why not in ("", app_feeds.PAST)
    assert (found.verdict, why in found.message) == (Verdict.PROBLEM, True)
    await asyncio.to_thread(lambda: town.house.sandbox.http.delete(f"{town.house.sandbox.base}/_control/faults"))
    assert await town.renew(hours=0.4) == 1
    assert (await trouble(town, made), (await town.finding(OWNER)).verdict) == ("", Verdict.WELL)


async def test_the_connection_tells_why_nothing_comes_until_what_was_shown_is_past(town: Town) -> None:
    await town.install()
    made = await town.publish(OWNER)
    key = (OWNER.organization_id, town.connections[OWNER.organization_id])
    await town.alter(Connection, *key, status=Status.NEEDS_REAUTH.value)
    await town.alter_feed(OWNER, places=[], next_at=utc_now())
    assert await town.renew(hours=0) == 1
    assert ((await shown(town)).error_code, await trouble(town, made)) == ("needs_reauth", "")
    await town.alter_feed(OWNER, proved_at=utc_now() - PAST)
    assert await trouble(town, made)
    await town.alter(Connection, *key, status=Status.CONNECTED.value)
    assert await town.renew(hours=0.2) == 1  # not only after an hour
    assert (await trouble(town, made), (await town.finding(OWNER)).verdict) == ("", Verdict.WELL)


Prove = Callable[..., Awaitable[app_feeds.Proof | None]]


def afterwards(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Awaitable[None]]) -> None:
    """Let something happen right after the vendor's next answer."""
    prove, left = app_feeds.prove, [change]

    async def proved(*given: Any, **named: Any) -> app_feeds.Proof | None:
        answer = await prove(*given, **named)
        if left:
            await left.pop()()
        return answer

    monkeypatch.setattr(app_feeds, "prove", proved)


async def test_a_loss_while_another_workflow_is_published_stays_a_loss(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = await town.install()
    await town.publish(OWNER)
    afterwards(monkeypatch, lambda: town.change(installation, remove=["acme/web"]))
    await town.publish(OWNER, kind="push")
    assert (await shown(town)).places == []
    assert (await town.finding(OWNER)).verdict is Verdict.PROBLEM


async def test_a_loss_before_there_was_a_feed_is_found_in_the_next_turn(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = await town.install()
    afterwards(monkeypatch, lambda: town.change(installation, remove=["acme/web"]))
    made = await town.publish(OWNER)
    assert await town.renew(hours=0) == 1
    assert (await shown(town)).places == []
    assert await trouble(town, made)


@pytest.mark.parametrize("fault", ["odd", "endless"])
@WHO
async def test_one_feed_that_cannot_be_renewed_keeps_no_other_from_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, actor: Actor, fault: str
) -> None:
    await town.install()
    made, other = await town.publish(actor), OTHER if actor is OWNER else OWNER
    await town.publish(other)
    renewed = list[str]()

    async def broken(_hub: Any, organization_id: str, _endpoint_id: str) -> None:
        if organization_id != actor.organization_id:
            renewed.append(organization_id)
        elif fault == "odd":
            raise KeyError("account")
        else:
            await asyncio.Event().wait()

    monkeypatch.setattr(hooks, "renew_feed", broken)
    monkeypatch.setattr(app_feed_renewal, "SECONDS", 0.5)
    monkeypatch.setattr(app_feed_renewal, "AT_ONCE", 1)
    await town.alter_feed(actor, proved_at=utc_now() - PAST, next_at=utc_now() - PAST)
    assert (await town.renew(hours=0), renewed) == (2, [other.organization_id])
    said = "The answer could not be understood." if fault == "odd" else "The service did not answer in time."
    assert await trouble(town, made, actor) == said


async def test_a_turn_ends_within_its_claim_and_renews_a_few_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = -(-app_feed_renewal.MOST // app_feed_renewal.AT_ONCE)
    assert timedelta(seconds=turns * app_feed_renewal.SECONDS) < app_feeds.CLAIM
    await town.install()
    await town.publish(OWNER)
    await town.publish(OTHER)
    both, renewed = asyncio.Barrier(2), list[datetime]()

    async def together(_hub: Any, _organization_id: str, _endpoint_id: str) -> None:
        await both.wait()
        renewed.append(utc_now())

    monkeypatch.setattr(hooks, "renew_feed", together)
    assert (await town.renew(hours=0), len(renewed)) == (2, 2)
