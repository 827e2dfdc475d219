"""What tests of workflows are made of: a hub, and a vendor whose actions do what the test says."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field
from sqlmodel import Session

from integrations_app.connections.credentials import store_secrets
from integrations_app.connections.models import Connection, Status
from integrations_app.errors import IntegrationsError
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_hmac_sha256
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.organizations.models import Organization
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.auth import pasted_token
from integrations_app.sdk.context import Account, ActionContext
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.provider import Settings as ProviderSettings
from integrations_app.sdk.registry import Registry
from integrations_app.sdk.triggers import Events, Headers, Inbound, Trigger
from integrations_app.sdk.waiting import Answer, Later, Waited
from integrations_app.settings import Settings

ORGANIZATION = "o" * 32
CONNECTION = "c" * 32
DEADLINE = 10.0
APP_SECRET = Secret("CNRY_endpoint_0123456789abcdef")
"""The server's app at the probe signs with it, in tests that ask for `told`."""
ACTOR = Actor(ORGANIZATION, "u" * 32, "owner@example.org", "owner")


class Post(Params):
    """What the probe's actions take."""

    text: str
    count: int = 1
    labels: list[str] = Field(default_factory=list)
    body: dict[str, Any] = Field(default_factory=dict)


class Posted(Result):
    """What they give."""

    id: str
    text: str


@dataclass
class Vendor:
    """The other side: keeps what arrived by operation id, and answers as scripted."""

    arrived: list[tuple[str, str]] = field(default_factory=list)
    looked: int = 0
    before: list[Exception | None] = field(default_factory=list)
    """Raised, one per call, before anything is kept."""
    after: list[Exception | None] = field(default_factory=list)
    """Raised, one per call, after it was kept: the answer is lost."""
    look: list[Exception | None] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    delay: float = 0.0

    async def post(self, params: Post, context: ActionContext[Any]) -> Posted:
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.before and (error := self.before.pop(0)):
            raise error
        self.arrived.append((context.operation_id, params.text))
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.after and (error := self.after.pop(0)):
            raise error
        return Posted(id=str(len(self.arrived)), text=params.text)

    async def find(self, context: ActionContext[Any]) -> Posted | None:
        self.looked += 1
        if self.look and (error := self.look.pop(0)):
            raise error
        found = [text for operation, text in self.arrived if operation == context.operation_id]
        return Posted(id="found", text=found[0]) if found else None

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.arrived]


class Said(Params):
    """The trigger of the probe takes nothing."""


def _verify(secret: Secret, headers: Headers, body: bytes, _now: datetime) -> None:
    verify_hmac_sha256(secret, body, headers.get("x-hub-signature-256"), "sha256=")


def _parse(_headers: Headers, body: bytes) -> Inbound:
    given = json.loads(body)
    kind = str(given.get("type", ""))
    return Inbound(
        kind,
        str(given.get("id", "")),
        given,
        account_id=str(given.get("account", "")),
        ignore=kind == "challenge",
        reply=given.get("challenge"),
        revoked=kind == "revoked",
    )


def _answer(inbound: Inbound) -> Answer | None:
    if inbound.kind != "chosen":
        return None
    return Answer(str(inbound.payload["operation"]), {"choice": inbound.payload["choice"]})


def _asked(params: Post, ctx: ActionContext[Vendor]) -> Later:
    assert ctx.started is not None
    return Later({"text": params.text}, ctx.started + timedelta(seconds=params.count))


async def _find_asked(params: Post, ctx: ActionContext[Vendor]) -> Later | None:
    return _asked(params, ctx) if await ctx.client.find(ctx) else None


async def _answered(params: Post, waited: Waited, ctx: ActionContext[Vendor]) -> Posted | Later:
    if waited.answer is None and params.labels and waited.state["text"] != params.labels[-1]:
        now = ctx.now or utc_now()  # asks again and again: a label per turn
        turn = ["", *params.labels].index(waited.state["text"] if waited.state["text"] in params.labels else "")
        return Later({"text": params.labels[turn]}, now + timedelta(seconds=0.02))
    choice = waited.answer["choice"] if waited.answer else "late"
    return await ctx.client.post(Post(text=f"{waited.state['text']}: {choice}"), ctx)


@action(repeat=Repeat.RECONCILABLE, find=_find_asked, resume=_answered)
async def ask(params: Post, ctx: ActionContext[Vendor]) -> Posted | Later:
    """Ask, and wait `count` seconds for the answer."""
    await ctx.client.post(params, ctx)
    return _asked(params, ctx)


def probe(vendor: Vendor) -> Provider:
    """A provider with one action per kind of repetition, whose client is the vendor itself."""

    async def _find(_params: Post, ctx: ActionContext[Vendor]) -> Posted | None:
        return await ctx.client.find(ctx)

    @action(repeat=Repeat.IDEMPOTENT)
    async def put(params: Post, ctx: ActionContext[Vendor]) -> Posted:
        """Put a text."""
        return await ctx.client.post(params, ctx)

    @action(repeat=Repeat.RECONCILABLE, find=_find)
    async def tell(params: Post, ctx: ActionContext[Vendor]) -> Posted:
        """Tell a text."""
        return await ctx.client.post(params, ctx)

    @action(repeat=Repeat.UNKNOWABLE)
    async def fire(params: Post, ctx: ActionContext[Vendor]) -> Posted:
        """Fire a text."""
        return await ctx.client.post(params, ctx)

    async def check(_client: Vendor) -> Account:
        return Account("acme", "Acme")

    return Provider(
        key="probe",
        name="Probe",
        summary="A vendor for tests.",
        docs_url="https://example.org",
        logo="logo.svg",
        folder=Path(__file__).parent,
        auth=(pasted_token(),),
        settings=ProviderSettings,
        open_client=lambda _access: vendor,
        check=check,
        actions=(put, tell, fire, ask),
        triggers=(Trigger("said", "Said", "Somebody said something.", Said, ("said",)),),
        events=Events(verify=_verify, parse=_parse, answer=_answer),
        secret_patterns=(r"CNRY_[a-z]+_[0-9a-f]{8,}",),
    )


def make_hub(database: Database, folder: Path, registry: Registry) -> Hub:
    """A hub as the composition root makes it, with `registry` for providers."""
    return Hub(
        settings=Settings(data_dir=folder, port=3999),
        database=database,
        keyring=open_keyring(database, listed=None, key_file=folder / "keys", clock=utc_now),
        door=Door(EgressPolicy()),
        registry=registry,
        bus=LocalBus(),
        clock=utc_now,
        new_id=new_id,
    )


def plant(hub: Hub, *, provider: str = "probe", connection_id: str = CONNECTION, **changes: Any) -> None:
    """Store an organisation (once) and a connected connection with a pasted token."""

    def write(session: Session) -> None:
        if session.get(Organization, ORGANIZATION) is None:
            session.add(Organization(id=ORGANIZATION, name="Acme", created_at=hub.clock()))
            session.flush()
        row = Connection(
            organization_id=ORGANIZATION,
            id=connection_id,
            provider=provider,
            name=changes.pop("name", f"acme-{provider}"),
            status=Status.CONNECTED.value,
            account_id="acme",
            created_at=hub.clock(),
            updated_at=hub.clock(),
            **changes,
        )
        session.add(row)
        session.flush()
        store_secrets(hub, session, row, {"access_token": Secret(changes.get("token", "CNRY_token_0123456789abcdef"))})

    hub.database.write_now(write)


async def until(met: Callable[[], Awaitable[Any]], seconds: float = DEADLINE) -> Any:
    """The first true answer of `met`; fails the test after `seconds`."""
    async with asyncio.timeout(seconds):
        while not (found := await met()):  # noqa: ASYNC110 - the rows are in a database
            await asyncio.sleep(0.01)
    return found


def step(key: str = "a", kind: str = "put", **changes: Any) -> dict[str, Any]:
    """An action step of the probe."""
    made: dict[str, Any] = {
        "key": key,
        "type": "action",
        "action": f"probe.{kind}",
        "connection": CONNECTION,
        "inputs": {"text": "hello"},
        "retry": {"attempts": 3, "delay_seconds": 0.02},
    }
    return made | changes


def workflow(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A definition with these steps, started by hand."""
    return {"format": 1, "name": "Test", "trigger": {"type": "manual"}, "steps": list(steps)} | changes


class Boom(IntegrationsError):
    """An error of ours that says nothing of what to do."""

    code = "boom"
