"""The lease of a renewal: one holder, a fence, and nothing stored by who came back too late."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_app.connections.refresh import refresh
from integrations_app.connections.refresh_lease import Answer, Kind, Lease, Need, claim, end, fail, keep
from integrations_app.errors import Unavailable
from integrations_app.kit.secret import Secret
from integrations_app.sdk.auth import Grant
from tests.connections.vendors import Case, connected_case

NEW = Grant(Secret("new access"), Secret("new refresh"), 3600, (), {"more": "yes"})


@pytest.fixture
async def case(world: Any) -> Case:
    return await connected_case(world, "github")


def taken(case: Case, need: Need | None = None) -> Lease | Answer:
    hub = case.world.hub
    wanted = need or Need(case.row.credential_version, expired=True)
    found: Lease | Answer = hub.database.write_now(
        lambda session: claim(hub, session, case.organization_id, case.connection_id, wanted)
    )
    return found


def lease(case: Case) -> Lease:
    found = taken(case)
    assert isinstance(found, Lease)
    return found


def kept(case: Case, held: Lease, grant: Grant = NEW) -> bool:
    hub = case.world.hub
    return bool(hub.database.write_now(lambda session: keep(hub, session, held, grant)))


async def test_one_holder_at_a_time_until_the_lease_ends(case: Case, clock: Any) -> None:
    first = lease(case)
    assert taken(case) == Answer(Kind.BUSY, clock() + timedelta(seconds=30))
    clock.advance(timedelta(seconds=31))
    second = lease(case)
    assert second.fence == first.fence + 1 and second.doubtful and not first.doubtful
    assert not kept(case, first) and "new access" not in case.secrets().values()
    assert kept(case, second)
    assert case.secrets() == {"access_token": "new access", "refresh_token": "new refresh"}


async def test_a_late_holder_can_neither_fail_nor_end_the_connection(case: Case, clock: Any) -> None:
    first = lease(case)
    clock.advance(timedelta(seconds=31))
    lease(case)
    hub, before = case.world.hub, case.row.model_dump()
    assert not hub.database.write_now(lambda session: end(hub, session, first, "invalid_grant"))
    answer = hub.database.write_now(
        lambda session: fail(hub, session, first, Unavailable("away"), "refresh_failed", unknown=True)
    )
    assert answer == Answer(Kind.SETTLED) and case.row.model_dump() == before


async def test_a_lease_from_before_the_clock_was_set_back_does_not_last(case: Case, clock: Any) -> None:
    lease(case)
    clock.advance(-timedelta(hours=1))
    lease(case)


async def test_credentials_that_moved_on_are_used(case: Case) -> None:
    assert taken(case, Need(case.row.credential_version - 1, expired=True)) == Answer(Kind.SETTLED)
    assert taken(case, Need(case.row.credential_version)) == Answer(Kind.SETTLED)  # not due


async def test_token_facts_are_merged_never_overwritten(case: Case) -> None:
    before, old = case.row, case.secrets()
    assert kept(case, lease(case), Grant(Secret("only this")))
    assert case.secrets() == {"access_token": "only this", "refresh_token": old["refresh_token"]}
    assert (case.row.extra, case.row.scopes) == (before.extra, before.scopes)
    assert case.row.credential_version == before.credential_version + 1


async def test_a_reconnect_takes_over_from_a_running_renewal(case: Case) -> None:
    running = lease(case)
    await case.connect()
    fresh = case.secrets()
    assert not kept(case, running) and case.secrets() == fresh
    assert case.row.refresh_lease_until is None and case.row.refresh_attempt == 0
    lease(case)


async def test_who_waits_too_long_does_not_renew(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations_app.connections.refresh.WAIT_SECONDS", 0.2)
    held = lease(case)
    need = Need(case.row.credential_version, expired=True)
    answer = await refresh(case.world.hub, case.organization_id, case.connection_id, need)
    assert answer.kind is Kind.BUSY and case.renewals() == [] and case.row.refresh_fence == held.fence


@pytest.mark.parametrize("told", ["3600", 0, -5, 1e12, None, "soon"])
async def test_e07_an_answer_without_refresh_token_and_with_an_odd_life(case: Case, clock: Any, told: object) -> None:
    old = case.secrets()
    body = {"access_token": "ghu_sandbox_made_up", "token_type": "bearer"} | (
        {} if told is None else {"expires_in": told}
    )
    case.fault(status=200, body=body, count=0)
    for _ in range(5):
        need = Need(case.row.credential_version, expired=True)
        await refresh(case.world.hub, case.organization_id, case.connection_id, need)
        clock.advance(timedelta(seconds=10))
    assert case.secrets() == {"access_token": body["access_token"], "refresh_token": old["refresh_token"]}
    assert len(case.renewals()) == 1
    assert (case.row.expires_at is not None) == (told == "3600")
