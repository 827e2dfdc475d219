"""The whole way with the hub: a person signs in, sessions are renewed, the connection is cut."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlmodel import Session

from integrations_app.connections import service
from integrations_app.connections.access import use
from integrations_app.connections.creation import create
from integrations_app.connections.models import Connection
from integrations_app.connections.oauth import Ask, begin, complete
from integrations_app.connections.repository import Connections
from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.organizations.models import Organization
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings

ADA, GRACE = "ada@acme.sandbox.example", "grace@acme.sandbox.example"
ORG = "a" * 32


@dataclass
class World:
    hub: Hub
    sandbox: Any
    owner: Actor

    async def connect(self, account: str = ADA, connection_id: str | None = None) -> Any:
        url = await begin(self.hub, self.owner, Ask("salesforce", connection_id=connection_id))
        parts = urlsplit(url)
        decision = dict(parse_qsl(parts.query)) | {"account": account, "decision": "allow"}
        sent = self.sandbox.http.post(f"{parts.scheme}://{parts.netloc}{parts.path}", data=decision)
        assert sent.status_code == 303, sent.text
        back = parse_qsl(urlsplit(sent.headers["location"]).query)
        return await complete(self.hub, self.owner, "salesforce", None, back)

    def row(self, connection_id: str) -> Connection:
        def read(session: Session) -> Connection:
            return Connections(session, ORG).get(connection_id)

        return self.hub.database.read_now(read)

    def grants(self) -> list[dict[str, str]]:
        """What the token endpoint was sent, in order."""
        return [dict(parse_qsl(one["body"])) for one in self.sandbox.requests("/oauth2/token")]


@pytest.fixture
async def world(database: Database, tmp_path: Path, sandbox: Any, clock: Any) -> AsyncIterator[World]:
    port = urlsplit(sandbox.base).port
    hub = Hub(
        settings=Settings(data_dir=tmp_path, port=port, public_url=f"http://localhost:{port}", sandbox=True),
        database=database,
        keyring=open_keyring(database, listed=None, key_file=tmp_path / "keys", clock=clock),
        door=Door(EgressPolicy.parse(own=(f"localhost:{port}", f"127.0.0.1:{port}"))),
        registry=registry(),
        bus=LocalBus(),
        clock=clock,
        new_id=new_id,
    )
    database.write_now(lambda session: session.add(Organization(id=ORG, name="Acme", created_at=clock())))
    yield World(hub, sandbox, Actor(ORG, "owner-1", "o@example.org", "owner", "session"))
    for task in tuple(hub.background):
        await task
    await hub.door.aclose()
    await hub.bus.close()


async def test_a_person_connects_and_uses_the_address_that_came_with_the_token(world: World) -> None:
    outcome = await world.connect()
    assert outcome.ok, outcome
    row = world.row(outcome.connection_id)
    assert (row.status, row.account_name) == ("connected", ADA)
    assert row.extra["instance_url"].endswith("/sandbox/salesforce")
    assert set(row.scopes) == {"api", "refresh_token", "id"}
    assert row.expires_at is None
    assert row.next_refresh_at is not None
    [sent] = world.grants()
    assert "code_verifier" in sent and sent["client_secret"] == "sandbox-salesforce-secret"
    limits = await use(world.hub, ORG, row.id, lambda connected: connected.client.read("/limits"))
    assert limits["DailyApiRequests"]["Max"] == 15000


@pytest.mark.parametrize("rotates", [False, True])
async def test_an_expired_session_is_renewed_once_and_nothing_is_lost(world: World, clock: Any, rotates: bool) -> None:
    world.sandbox.settings(salesforce={"rotate_refresh": rotates})
    outcome = await world.connect()
    before = world.row(outcome.connection_id)
    for round_ in (1, 2):
        clock.advance(timedelta(minutes=5))
        world.sandbox.post("expire", vendor="salesforce", all=True)
        await service.test(world.hub, world.owner, outcome.connection_id)
        row = world.row(outcome.connection_id)
        assert (row.status, dict(row.extra)) == ("connected", dict(before.extra))
        assert len(world.grants()) == 1 + round_
    assert all("scope" not in sent for sent in world.grants()[1:])


async def test_an_ended_approval_needs_a_person_who_comes_back_as_the_same(world: World) -> None:
    outcome = await world.connect()
    world.sandbox.post("revoke", vendor="salesforce", all=True)
    await service.test(world.hub, world.owner, outcome.connection_id)
    assert world.row(outcome.connection_id).status == "needs_reauth"
    other = await world.connect(GRACE, outcome.connection_id)
    assert (other.ok, other.code) == (False, "account_mismatch")
    again = await world.connect(ADA, outcome.connection_id)
    assert again.ok, again
    assert world.row(outcome.connection_id).status == "connected"


async def test_disconnecting_ends_the_approval(world: World) -> None:
    outcome = await world.connect()
    await service.disconnect(world.hub, world.owner, outcome.connection_id)
    for task in tuple(world.hub.background):
        await task
    [sent] = world.sandbox.requests("/oauth2/revoke")
    assert dict(parse_qsl(sent["body"]))["token"].startswith("5Aep")


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "login.salesforce.com"),
        ({"login": "sandbox"}, "test.salesforce.com"),
        ({"login": "my_domain", "my_domain": "acme.my.salesforce.com"}, "acme.my.salesforce.com"),
    ],
)
async def test_people_sign_in_where_the_settings_say(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], host: str
) -> None:
    monkeypatch.setenv("INTEGRATIONS_SALESFORCE_CLIENT_ID", "id")
    monkeypatch.setenv("INTEGRATIONS_SALESFORCE_CLIENT_SECRET", "secret")
    known = world.hub.settings
    object.__setattr__(world.hub, "settings", Settings(data_dir=known.data_dir, port=known.port, sandbox=True))
    made = await create(world.hub, world.owner, "salesforce", settings=settings)
    url = await begin(world.hub, world.owner, Ask("salesforce", connection_id=made.id))
    assert urlsplit(url).netloc == host
    assert dict(parse_qsl(urlsplit(url).query))["scope"] == "id api refresh_token"


async def test_settings_that_lead_elsewhere_are_not_stored_and_not_used(world: World) -> None:
    wrong = {"login": "my_domain", "my_domain": "evil.example"}
    with pytest.raises(InvalidInput):
        await create(world.hub, world.owner, "salesforce", settings=wrong)
    made = await create(world.hub, world.owner, "salesforce")

    def tamper(session: Session) -> None:
        row = Connections(session, ORG).get(made.id)
        row.settings = wrong
        session.add(row)

    await world.hub.database.write(tamper)
    with pytest.raises(Conflict) as refused:
        await begin(world.hub, world.owner, Ask("salesforce", connection_id=made.id))
    assert refused.value.code == "settings_invalid"
    assert "evil.example" not in json.dumps(refused.value.args)
