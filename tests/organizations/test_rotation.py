"""Rotation of keys: whatever kills it, nothing becomes unreadable, nothing stays behind, and it completes once."""

import asyncio
import multiprocessing
import os
import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, update
from sqlmodel import Session

from integrations_app.errors import Conflict, Forbidden, Unavailable
from integrations_app.kit.db import Database
from integrations_app.organizations import rotation
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.models import KeyHolder, KeyRotation, Role
from integrations_app.organizations.permissions import Actor
from integrations_app.organizations.rotation_holders import follow_rotations
from integrations_app.organizations.rotation_keeping import hand_over, keep_keys
from integrations_app.organizations.rotation_phases import Kind, Phase
from integrations_app.organizations.rotation_places import _change, _page, _store, places, primary_key
from integrations_app.organizations.rotation_rows import announce
from integrations_app.tables import metadata
from tests.organizations.rotating import (
    ORGANIZATIONS,
    Reader,
    audited,
    data_keys,
    fill,
    main,
    open_process,
    plain,
    read_credentials,
    seal_credential,
)

SOAK = os.environ.get("SOAK") == "1"
RECORDS, KILLS = (10_000, 50) if SOAK else (300, 4)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.organizations.rotating"])

DATA_POINTS = [
    ("begun", 1),
    ("distributed", 1),
    ("primary", 1),
    ("rewrapping", 1),
    ("batch.uncommitted", 1),
    ("batch.uncommitted", 2),
    ("batch.committed", 2),
    ("moved", 1),
    ("verified", 1),
]
ROOT_POINTS = [
    ("begun", 1),
    ("distributed", 1),
    ("primary.linked", 1),
    ("primary", 1),
    ("rewrapping", 1),
    ("batch.uncommitted", 1),
    ("batch.committed", 1),
    ("moved", 1),
    ("verified", 1),
]
POINTS = [(Kind.DATA, *point) for point in DATA_POINTS] + [(Kind.ROOT, *point) for point in ROOT_POINTS]
RETIRE_POINTS = [(Kind.DATA, point) for point in ("retire_requested", "retire.kept", "retired")]
RETIRE_POINTS += [(Kind.ROOT, point) for point in ("retire_requested", "retire.kept", "retire.destroyed", "retired")]

Open = Callable[..., Hub]


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Open]:
    """Open one more process of the same installation."""
    first = Database(database_url)
    metadata.create_all(first.engine)
    first.close()
    opened: list[Hub] = []

    def open_one(listed: str = "") -> Hub:
        opened.append(open_process(database_url, tmp_path / "data", listed))
        return opened[-1]

    yield open_one
    for hub in opened:
        hub.database.close()


@pytest.fixture
def doomed(database_url: str, tmp_path: Path) -> Callable[[Kind, str, str, int], int]:
    """Run a process that rotates and dies at a point; its exit code."""

    def run(kind: Kind, act: str, point: str, times: int) -> int:
        process = FORKS.Process(target=main, args=(database_url, tmp_path / "data", kind, act, point, times))
        process.start()
        process.join(60)
        return process.exitcode if process.exitcode is not None else 0

    return run


def rotate(hub: Hub, kind: Kind = Kind.DATA, actor: Actor | None = None) -> KeyRotation:
    return rotation.take_on(hub, rotation.start(hub, kind, actor=actor).id, patience=5)


def retire(hub: Hub) -> KeyRotation:
    return rotation.take_on(hub, rotation.request_retire(hub, rotation.status(hub).rotations[0].id).id, patience=5)


def assert_all_moved(hub: Hub, kind: Kind, records: int) -> None:
    view = rotation.status(hub)
    assert view.rotations[0].phase == Phase.VERIFIED
    assert view.orphans == {}
    assert len(view.rotations) == 1
    assert sum(key.records for key in view.keys) == records
    if kind is Kind.DATA:
        assert all(key.records == 0 for key in view.keys if key.leaving)
        assert any(key.leaving for key in view.keys)
    else:
        assert {key.root_key_id for key in view.keys} == {view.rotations[0].root_key_id}
        assert view.root_keys[0] == view.rotations[0].root_key_id
    assert all(value == plain(key, "access_token", 1) for key, value in read_credentials(hub).items())
    assert audited(hub, "rotation.started") == 1
    assert audited(hub, "rotation.completed") == 1


def owner(organization_id: str = "org-a", role: Role = Role.OWNER) -> Actor:
    return Actor(organization_id, "u1", "owner@acme.example", role.value)


def test_every_column_of_envelopes_is_registered() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }
    assert binary - {"data_key.wrapped"} == {place.name for place in places()}


def test_rotating_data_keys_moves_every_record_and_retiring_destroys_the_old_keys(
    installation: Open, tmp_path: Path
) -> None:
    hub = installation()
    fill(hub, 250, events=130)
    before = {key.id for key in data_keys(hub)}
    done = rotate(hub)
    assert (done.phase, done.moved, done.total) == (Phase.VERIFIED, 384, 384)
    assert_all_moved(hub, Kind.DATA, 384)
    retired = retire(hub)
    assert retired.phase == Phase.RETIRED
    assert not before & {key.id for key in data_keys(hub)}
    kept = tmp_path / "data" / "retired-keys.jsonl"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert all(key_id in kept.read_text() for key_id in before)
    assert len(read_credentials(installation())) == 250


def test_rotating_the_root_key_wraps_every_data_key_and_leaves_records_alone(
    installation: Open, tmp_path: Path
) -> None:
    hub = installation()
    fill(hub, 20)
    key_file = tmp_path / "data" / "keys"
    old, token = key_file.read_bytes(), hub.keyring.hash_token("session", "x")
    before = {key.id: key.wrapped for key in data_keys(hub)}
    assert rotate(hub, Kind.ROOT).moved == 3
    assert_all_moved(hub, Kind.ROOT, 20)
    after = {key.id: key.wrapped for key in data_keys(hub)}
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    with pytest.raises(Conflict, match="retire it"):
        rotation.start(hub, Kind.ROOT)
    assert retire(hub).phase == Phase.RETIRED
    assert old not in (tmp_path / "data" / "retired-keys.jsonl").read_bytes()
    assert sorted(path.name for path in key_file.parent.glob("keys*")) == ["keys"]
    assert key_file.read_bytes() != old
    fresh = installation()
    assert fresh.keyring.hash_token("session", "x") == token
    assert len(read_credentials(fresh)) == 20
    assert rotate(fresh, Kind.ROOT).phase == Phase.VERIFIED


@pytest.mark.parametrize(("kind", "point", "times"), POINTS)
def test_a_rotation_killed_at_a_named_point_is_taken_on(
    installation: Open, doomed: Callable[..., int], kind: Kind, point: str, times: int
) -> None:
    hub = installation()
    fill(hub, 300)
    with Reader(installation()) as reader:
        assert doomed(kind, "rotate", point, times) == -9
        after = installation()
        last = rotation.status(after).rotations[0]
        assert rotation.take_on(after, last.id, patience=5).phase == Phase.VERIFIED
    assert reader.failure == ""
    assert reader.rounds
    assert_all_moved(after, kind, 300)


@pytest.mark.parametrize(("kind", "point"), RETIRE_POINTS)
def test_a_retirement_killed_at_a_named_point_is_taken_on(
    installation: Open, doomed: Callable[..., int], kind: Kind, point: str
) -> None:
    hub = installation()
    fill(hub, 20)
    rotate(hub, kind)
    assert doomed(kind, "retire", point, 1) == -9
    after = installation()
    last = rotation.status(after).rotations[0]
    assert rotation.take_on(after, last.id, patience=5).phase == Phase.RETIRED
    assert audited(after, "rotation.retired") == 1
    assert len(read_credentials(installation())) == 20


def test_random_kills_lose_nothing(installation: Open, database_url: str, tmp_path: Path) -> None:
    hub = installation()
    fill(hub, RECORDS, events=100)
    seed = random.SystemRandom().randrange(2**32)
    chance, kills = random.Random(seed), 0  # noqa: S311 - when to kill
    chosen = rotation.start(hub, Kind.DATA)
    with Reader(installation()) as reader:
        while kills < KILLS and rotation.status(hub).rotations[0].phase != Phase.VERIFIED:
            process = FORKS.Process(target=main, args=(database_url, tmp_path / "data", Kind.DATA, "go on", "", 0))
            process.start()
            process.join(chance.uniform(0.02, 0.3))
            process.kill()
            process.join()
            kills += 1
        rotation.take_on(hub, chosen.id)
    assert reader.failure == "", f"seed {seed}"
    assert kills
    assert reader.rounds
    assert_all_moved(hub, Kind.DATA, RECORDS + 104)


def test_updates_beside_a_rotation_are_never_lost(installation: Open) -> None:
    hub, busy = installation(), installation()
    fill(hub, 120)
    newest = dict.fromkeys(read_credentials(hub), 1)
    stop = threading.Event()

    def store(organization_id: str, connection_id: str, version: int, session: Session) -> None:
        session.merge(seal_credential(busy.keyring, session, organization_id, connection_id, version))

    def renew() -> None:
        """What a refresh does with a new token: read, seal under the next version, store."""
        chance = random.Random(1)  # noqa: S311 - any order will do
        names = sorted(newest)
        while not stop.is_set():
            connection_id = chance.choice(names)
            organization_id = ORGANIZATIONS[int(connection_id[1:]) % 2]
            version = newest[connection_id] + 1

            busy.database.write_now(partial(store, organization_id, connection_id, version))
            newest[connection_id] = version

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        rounds = 0
        while rounds < 3 or sum(newest.values()) <= 3 * len(newest):  # enough updates, however slow the machine is
            assert thread.is_alive(), "an update failed"
            rotate(hub)
            retire(hub)
            rounds += 1
    finally:
        stop.set()
        thread.join()
    expected = {key: plain(key, "access_token", version) for key, version in newest.items()}
    assert read_credentials(installation()) == expected
    assert rotation.status(hub).orphans == {}


def test_a_value_that_moved_on_is_not_written_over(installation: Open) -> None:
    hub = installation()
    fill(hub, 4)
    place = next(place for place in places() if place.name == "credential.envelope")

    def moved_meanwhile(session: Session) -> int:
        stale = session.connection().execute(_page(place, "org-a", (), 10)).all()
        session.merge(seal_credential(hub.keyring, session, "org-a", stale[0].record, 2))
        session.flush()
        primary = primary_key(session, hub.keyring, "org-a")
        changes = [_change(session, hub.keyring, place, "org-a", row, primary) for row in stale]
        return _store(session, place, "org-a", changes)

    assert hub.database.write_now(moved_meanwhile) == 1
    assert read_credentials(hub)["c00000"] == plain("c00000", "access_token", 2)


def test_a_process_that_has_not_loaded_the_key_holds_the_rotation_up(installation: Open) -> None:
    hub, other = installation(), installation()
    fill(hub, 10)
    follow_rotations(other, register=True)
    begun = rotation.start(hub, Kind.ROOT)
    with pytest.raises(Unavailable, match=f"/{os.getpid()}") as waiting:
        rotation.take_on(hub, begun.id, patience=0.1)
    assert waiting.value.code == "processes_behind"
    assert rotation.status(hub).rotations[0].phase == Phase.PREPARED
    follow_rotations(other, register=True)
    with pytest.raises(Unavailable):
        rotation.take_on(hub, begun.id, patience=0.1)
    assert rotation.status(hub).rotations[0].phase == Phase.REWRAPPING
    assert other.keyring.vault.root_ids()[0] != begun.root_key_id
    follow_rotations(other, register=True)
    assert other.keyring.vault.root_ids()[0] == begun.root_key_id
    assert rotation.take_on(hub, begun.id, patience=0.1).phase == Phase.VERIFIED
    rotation.request_retire(hub, begun.id)
    with pytest.raises(Unavailable):
        rotation.take_on(hub, begun.id, patience=0.1)
    follow_rotations(other, register=True)
    assert rotation.take_on(hub, begun.id, patience=0.1).phase == Phase.RETIRED
    assert other.keyring.vault.root_ids() == (begun.root_key_id,)


def test_a_dead_process_holds_nothing_up(installation: Open) -> None:
    hub, other = installation(), installation()
    fill(hub, 10)
    follow_rotations(other, register=True)
    gone = FORKS.Process(target=int)
    gone.start()
    gone.join()
    dead = update(KeyHolder).values(process_id=gone.pid)
    hub.database.write_now(lambda session: session.execute(dead))
    assert rotate(hub).phase == Phase.VERIFIED
    assert hub.database.read_now(lambda session: session.get(KeyHolder, other.keyring.holder_id)) is None


def test_an_owner_rotates_their_own_organisation_only(installation: Open) -> None:
    hub = installation()
    fill(hub, 40)
    with pytest.raises(Forbidden):
        rotation.start(hub, Kind.DATA, actor=owner(role=Role.ADMIN))
    with pytest.raises(Conflict, match="operator"):
        rotation.start(hub, Kind.ROOT, actor=owner())
    done = rotate(hub, actor=owner("org-b"))
    assert (done.scope, done.moved) == ("org-b", 20)
    assert {key.organization_id for key in data_keys(hub) if key.left_by} == {"org-b"}
    assert rotation.status(hub, "org-a").rotations == ()
    with pytest.raises(Forbidden):
        rotation.request_retire(hub, done.id, actor=owner("org-a"))
    assert rotation.request_retire(hub, done.id, actor=owner("org-b")).phase == Phase.RETIRE_REQUESTED


async def test_a_serving_process_takes_on_what_is_handed_over(installation: Open) -> None:
    hub = installation()
    fill(hub, 30)
    begun = rotation.start(hub, Kind.DATA)
    with hub.bus.subscribe(organization_topic("org-a")) as news:
        keeping = asyncio.create_task(keep_keys(hub, beat_seconds=30))
        await asyncio.to_thread(hand_over, hub, begun.id)
        async with asyncio.timeout(20):
            async for event in news:
                assert event.message["kind"] == "keys"
                if (await asyncio.to_thread(rotation.status, hub)).rotations[0].phase == Phase.VERIFIED:
                    break
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert_all_moved(hub, Kind.DATA, 30)
    assert hub.database.read_now(lambda session: session.get(KeyHolder, hub.keyring.holder_id)) is None


async def test_it_ends_even_when_it_is_woken_in_that_very_moment(installation: Open) -> None:
    hub = installation()
    fill(hub, 1)
    begun = rotation.start(hub, Kind.DATA)
    for turns in range(12):
        keeping = asyncio.create_task(keep_keys(hub, beat_seconds=600))
        async with asyncio.timeout(10):
            while hub.database.read_now(lambda session: session.get(KeyHolder, hub.keyring.holder_id)) is None:  # noqa: ASYNC110 - that it waits is in no event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)
        announce(hub, begun)
        for _ in range(turns):
            await asyncio.sleep(0)
        keeping.cancel()
        done, _ = await asyncio.wait({keeping}, timeout=5)
        assert done, f"cancelled {turns} turns after it was woken"
