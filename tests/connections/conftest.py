"""A hub beside a running sandbox, people with roles, and a browser's way through a consent page."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections import oauth
from integrations_app.connections.models import Connection, Credential, OAuthAttempt
from integrations_app.connections.oauth import Ask, Outcome
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.organizations.models import AuditEvent, Organization
from integrations_app.organizations.permissions import Actor
from integrations_app.sandbox.serve import running_sandbox
from integrations_app.sdk.registry import Registry, registry
from integrations_app.settings import Settings

ACME, BETA = "a" * 32, "b" * 32
Params = list[tuple[str, str]]


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """One sandbox for all tests of this folder."""
    with running_sandbox() as url:
        yield url


@dataclass
class Vendor:
    """The emulated vendors, from outside."""

    url: str
    http: httpx.Client

    def control(self, call: str, /, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/_control/{call}", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def settings(self, **changes: Any) -> None:
        self.http.patch(f"{self.url}/_control/settings", json=changes).raise_for_status()

    def token(self, vendor: str, account: str = "", scopes: list[str] | None = None) -> str:
        return str(self.control("tokens", vendor=vendor, account=account, scopes=scopes)["access_token"])

    def calls(self, path: str) -> list[dict[str, Any]]:
        """What arrived below a path."""
        answer = self.http.get(f"{self.url}/_control/journal", params={"path": path})
        return list(answer.json()["requests"])

    def consent(self, url: str, account: str, decision: str = "allow") -> Params:
        """Open the consent page of an authorize URL, decide, and return what the vendor sends back."""
        parts = urlsplit(url)
        page = f"{parts.scheme}://{parts.netloc}{parts.path}"
        query = dict(parse_qsl(parts.query))
        assert self.http.get(page, params=query).status_code == 200
        answer = self.http.post(page, data=query | {"account": account, "decision": decision})
        assert answer.status_code == 303, answer.text
        return parse_qsl(urlsplit(answer.headers["location"]).query)


@pytest.fixture
def vendor(sandbox_url: str) -> Iterator[Vendor]:
    """The sandbox, reset."""
    with httpx.Client(timeout=30) as http:  # a busy machine is no failure
        made = Vendor(sandbox_url, http)
        made.control("reset")
        yield made


@dataclass
class World:
    """A hub and short ways to look at what it did."""

    hub: Hub
    vendor: Vendor
    owner: Actor
    other: Actor
    published: list[dict[str, str]] = field(default_factory=list)

    def connections(self) -> list[Connection]:
        return self._all(select(Connection).order_by(col(Connection.created_at), col(Connection.id)))

    def connection(self, connection_id: str) -> Connection:
        return next(row for row in self.connections() if row.id == connection_id)

    def credentials(self) -> list[Credential]:
        return self._all(select(Credential).order_by(col(Credential.connection_id), col(Credential.field)))

    def attempts(self) -> list[OAuthAttempt]:
        return self._all(select(OAuthAttempt))

    def audits(self, name: str = "", organization_id: str = ACME) -> list[AuditEvent]:
        rows = self._all(select(AuditEvent).order_by(col(AuditEvent.sequence)))
        return [row for row in rows if row.organization_id == organization_id and (not name or row.name == name)]

    def frozen(self) -> list[dict[str, Any]]:
        """Every connection and credential, value by value."""
        return [row.model_dump() for row in (*self.connections(), *self.credentials())]

    def _all(self, statement: Any) -> list[Any]:
        def read(session: Session) -> list[Any]:
            with across_organizations("a test looks at everything"):
                return list(session.scalars(statement))

        return self.hub.database.read_now(read)

    async def begin(self, provider: str = "github", actor: Actor | None = None, **ask: Any) -> str:
        return await oauth.begin(self.hub, actor or self.owner, Ask(provider, **ask))

    async def complete(
        self, params: Params, provider: str = "github", actor: Actor | None = None, selector: str | None = None
    ) -> Outcome:
        return await oauth.complete(self.hub, actor or self.owner, provider, selector, params)

    async def connect(self, provider: str = "github", account: str = "octo-hub", **ask: Any) -> Outcome:
        """The whole way, with the sandbox's app."""
        url = await self.begin(provider, **ask)
        outcome = await self.complete(self.vendor.consent(url, account), provider, selector=ask.get("selector"))
        assert outcome.ok, outcome
        return outcome


def person(organization_id: str, role: str = "owner", session: str = "s") -> Actor:
    """Somebody signed in."""
    return Actor(organization_id, f"{role}-{organization_id[:4]}", f"{role}@example.org", role, f"{session}-{role}")


def open_world(
    database: Database, folder: Path, vendor: Vendor, clock: Callable[[], datetime], providers: Registry
) -> World:
    """A hub as the composition root makes it, with two organisations."""
    port = urlsplit(vendor.url).port
    hub = Hub(
        settings=Settings(data_dir=folder, port=port, public_url=f"http://localhost:{port}", sandbox=True),
        database=database,
        keyring=open_keyring(database, listed=None, key_file=folder / "keys", clock=clock),
        door=Door(EgressPolicy.parse(own=(f"localhost:{port}", f"127.0.0.1:{port}"))),
        registry=providers,
        bus=LocalBus(),
        clock=clock,
        new_id=new_id,
    )

    def write(session: Session) -> None:
        for key, name in ((ACME, "Acme"), (BETA, "Beta")):
            session.add(Organization(id=key, name=name, created_at=clock()))

    database.write_now(write)
    return World(hub, vendor, person(ACME), person(BETA, session="t"))


@pytest.fixture
def providers() -> Registry:
    """The providers of the hub; a test module may put its own in their place."""
    return registry()


@pytest.fixture
async def world(
    database: Database, tmp_path: Path, vendor: Vendor, clock: Any, providers: Registry
) -> AsyncIterator[World]:
    made = open_world(database, tmp_path, vendor, clock, providers)
    yield made
    await made.hub.door.aclose()
    await made.hub.bus.close()


@pytest.fixture
def roles(world: World) -> dict[str, Actor]:
    """One person per role in the first organisation."""
    return {role: replace(person(ACME, role)) for role in ("viewer", "editor", "admin", "owner")}
