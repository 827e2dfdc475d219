"""D02 and D03 for every provider: a stored secret that was changed or moved is refused and harms nothing else."""

import logging
import os
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Update, func, select, update
from sqlmodel import Session, col

from integrations_app.connections import service
from integrations_app.connections.access import use
from integrations_app.connections.models import Connection, Credential
from integrations_app.errors import CredentialUnreadable
from integrations_app.kit.columns import utc_now
from integrations_app.kit.tenancy import across_organizations
from integrations_app.kit.vault.cipher import NONCE_BYTES, TAG_BYTES
from integrations_app.kit.vault.envelope import HEADER_BYTES, KEY_ID_BYTES
from integrations_app.organizations.models import AuditEvent
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.connections.running import RESTING, publish, running_engine, sampled, start, told, until
from tests.connections.vendors import RENEWABLE, Case, check, connected_case

SOAK = os.environ.get("SOAK") == "1"
SAMPLES = 3
"""Bits per part of an envelope in a quick run."""
TAIL = 24
"""The last characters of a token are its secret part; what comes before may be the vendor's prefix."""
FRAGMENT = 6
UNREADABLE = "credential_unreadable"


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The real time: an engine waits by it."""
    return utc_now


@pytest.fixture(params=RENEWABLE)
async def case(world: Any, request: pytest.FixtureRequest) -> Case:
    return await connected_case(world, request.param)


@dataclass(frozen=True)
class Stored:
    """What stands in the database of one secret."""

    connection_id: str
    field: str
    version: int
    data_key_id: str
    envelope: bytes

    @classmethod
    def of(cls, row: Credential) -> "Stored":
        return cls(row.connection_id, row.field, row.version, row.data_key_id, row.envelope)


def stored(world: Any, connection_id: str) -> dict[str, Stored]:
    return {row.field: Stored.of(row) for row in world.credentials() if row.connection_id == connection_id}


def put(world: Any, place: Stored, **columns: Any) -> None:
    """Change columns of the row at `place`, as somebody with SQL does."""
    at = (col(Credential.connection_id) == place.connection_id, col(Credential.field) == place.field)
    run_sql(world, update(Credential).where(*at).values(**columns))


def mend(world: Any, place: Stored) -> None:
    """Put back what stood there; the connection is as before."""
    put(world, place, version=place.version, data_key_id=place.data_key_id, envelope=place.envelope)
    at = col(Connection.id) == place.connection_id
    run_sql(world, update(Connection).where(at).values(status="connected", error_code="", error_message=""))


def run_sql(world: Any, statement: Update) -> None:
    def write(session: Session) -> None:
        with across_organizations("a test damages what is stored"):
            changed: Any = session.execute(statement)
            assert changed.rowcount == 1

    world.hub.database.write_now(write)


def flipped(envelope: bytes, bit: int) -> bytes:
    changed = bytearray(envelope)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def bits(size: int) -> Iterator[int]:
    """Bits of every part of an envelope of that many bytes: header, key id, nonce, ciphertext, tag."""
    key_id, nonce, tag = 2 + KEY_ID_BYTES, HEADER_BYTES, size - TAG_BYTES
    assert nonce - key_id == NONCE_BYTES
    for begin, end in ((0, 1), (1, 2), (2, key_id), (key_id, nonce), (nonce, tag), (tag, size)):
        every = range(begin * 8, end * 8)
        yield from every if SOAK else every[:: max(1, (len(every) - 1) // (SAMPLES - 1))]


def damages(envelope: bytes) -> Iterator[bytes]:
    """The envelope with each of those bits changed, cut off and lengthened."""
    for bit in bits(len(envelope)):
        yield flipped(envelope, bit)
    cuts = range(len(envelope)) if SOAK else (0, 1, HEADER_BYTES, len(envelope) // 2, len(envelope) - 1)
    yield from (envelope[:cut] for cut in cuts)
    yield from (envelope + b"\0", b"\0" + envelope, envelope + envelope)


def fragments(secret: str) -> list[str]:
    tail = secret[-TAIL:]
    return [tail[begin : begin + FRAGMENT] for begin in range(len(tail) - FRAGMENT + 1)]


async def refused(case: Case) -> str:
    """Use the connection, which must be refused and said once; everything that the refusal drags along."""
    before = told_of(case.world, case.organization_id)
    with pytest.raises(CredentialUnreadable) as caught:
        await case.use()
    row = case.row
    assert (caught.value.code, row.status, row.error_code) == (UNREADABLE, "error", UNREADABLE)
    assert told_of(case.world, case.organization_id) == before + 1
    return "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())


def told_of(world: Any, organization_id: str) -> int:
    """How many audit rows of the organisation tell of a secret that could not be opened."""
    ours = (col(AuditEvent.organization_id) == organization_id, col(AuditEvent.name) == "vault.decrypt_failed")
    statement = select(func.count()).select_from(AuditEvent).where(*ours)
    return int(world.hub.database.read_now(lambda session: session.execute(statement).scalar_one()))


async def test_d02_every_change_of_an_envelope_is_refused_and_said(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "integrations_app")
    world, secrets = case.world, case.secrets()
    other = await connected_case(world, case.provider.key, account=await second_account(case))
    said: set[str] = set()
    calls = case.calls()
    for place in stored(world, case.connection_id).values():
        for damaged in damages(place.envelope):
            put(world, place, envelope=damaged)
            said.add(await refused(case))
            mend(world, place)
    assert case.calls() == calls, "nothing was sent with what could not be read"
    put(world, place, envelope=flipped(place.envelope, 0))
    assert (await service.test(world.hub, world.owner, case.connection_id)).code == UNREADABLE
    assert (await other.use()).id == other.row.account_id
    assert len(await service.overview(world.hub, world.owner)) == len(list(world.hub.registry))
    mend(world, place)
    assert (await case.use()).id == case.row.account_id  # what was put back opens
    rows = [one.model_dump() for one in (*world.audits(), *world.connections())]
    told_anywhere = "".join(said) + caplog.text + str(rows)
    assert not [part for secret in secrets.values() for part in fragments(secret) if part in told_anywhere]


async def second_account(case: Case) -> str:
    """An account of the consent page other than the one that is connected."""
    offered = await case.accounts()
    return next(one for one in offered if one != offered[0])


# --- D03: moved by SQL ----------------------------------------------------------------------------


def swap(world: Any, one: Stored, other: Stored, *, whole: bool) -> None:
    """Let two rows hold each other's envelope; `whole` moves all that belongs to it along."""
    for place, given in ((one, other), (other, one)):
        more = {"version": given.version, "data_key_id": given.data_key_id} if whole else {}
        put(world, place, envelope=given.envelope, **more)


@pytest.mark.parametrize("whole", [False, True], ids=["envelope", "row"])
async def test_d03_swapped_between_two_connections(case: Case, whole: bool) -> None:
    world = case.world
    other = await connected_case(world, case.provider.key, account=await second_account(case))
    for field, place in stored(world, case.connection_id).items():
        moved = stored(world, other.connection_id)[field]
        swap(world, place, moved, whole=whole)
        await refused(case)
        await refused(other)
        mend(world, place)
        mend(world, moved)
    assert (await case.use()).id != (await other.use()).id


@pytest.mark.parametrize("whole", [False, True], ids=["envelope", "row"])
async def test_d03_swapped_between_the_fields_of_one_connection(case: Case, whole: bool) -> None:
    one, other = stored(case.world, case.connection_id).values()
    swap(case.world, one, other, whole=whole)
    await refused(case)


@pytest.mark.parametrize("whole", [False, True], ids=["envelope", "row"])
async def test_d03_swapped_between_two_organisations(case: Case, whole: bool) -> None:
    world, key = case.world, case.provider.key
    neighbour = Neighbour(world, world.other, key)
    await neighbour.connect(case)
    place = stored(world, case.connection_id)["access_token"]
    moved = stored(world, neighbour.connection_id)["access_token"]
    swap(world, place, moved, whole=whole)
    await refused(case)
    with pytest.raises(CredentialUnreadable):
        await neighbour.use()
    assert world.connection(neighbour.connection_id).status == "error"
    for actor in (world.owner, world.other):
        assert told_of(world, actor.organization_id) == 1
        assert len(await service.overview(world.hub, actor)) == len(list(world.hub.registry))


class Neighbour:
    """The same vendor, connected in another organisation."""

    def __init__(self, world: Any, actor: Actor, key: str) -> None:
        self.world, self.actor, self.key = world, actor, key
        self.connection_id = ""

    async def connect(self, case: Case) -> None:
        url = await self.world.begin(self.key, actor=self.actor)
        answer = self.world.vendor.consent(url, (await case.accounts())[0])
        outcome = await self.world.complete(answer, self.key, actor=self.actor)
        assert outcome.ok, outcome
        self.connection_id = outcome.connection_id

    async def use(self) -> Any:
        return await use(self.world.hub, self.actor.organization_id, self.connection_id, check)


async def test_d03_an_older_envelope_put_back_is_refused(case: Case) -> None:
    old = stored(case.world, case.connection_id)["access_token"]
    case.expire()
    await case.use()
    new = stored(case.world, case.connection_id)["access_token"]
    assert new.version == old.version + 1
    put(case.world, new, envelope=old.envelope)
    await refused(case)
    mend(case.world, new)
    put(case.world, new, version=old.version)
    await refused(case)


# --- what a run makes of it -------------------------------------------------------------------------


@pytest.fixture
async def engine(world: Any) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(world.hub) as made:
        yield made


@pytest.mark.usefixtures("engine")
async def test_a_step_is_held_without_a_call_until_new_credentials_are_stored(case: Case) -> None:
    world = case.world
    action, sample = sampled(case)
    name, inputs = f"{case.provider.key}.{action.key}", sample.prepared(world.vendor)
    workflow_id = await publish(world, name, case.connection_id, inputs)
    place = stored(world, case.connection_id)["access_token"]
    put(world, place, envelope=flipped(place.envelope, 8 * HEADER_BYTES))
    calls = case.calls()
    run_id = await start(world, workflow_id)
    assert told(await until(world, run_id, *RESTING)) == ("held", "needs_reauth")
    assert (case.row.status, case.calls()) == ("error", calls)
    assert told_of(world, case.organization_id) == 1
    await case.connect()
    assert told(await until(world, run_id, "succeeded", "failed")) == ("succeeded", "")
    assert case.row.status == "connected"
