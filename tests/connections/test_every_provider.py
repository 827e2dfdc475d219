"""The life of a connection of every provider with an emulation: a new folder is lived through without a line here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.connections import service
from integrations_app.connections.credentials import access_for, client_of
from integrations_app.connections.diagnosis import Verdict
from integrations_app.errors import Conflict, RateLimited, ReconnectRequired
from integrations_app.kit.secret import Secret
from integrations_app.sdk.auth import ACCESS_TOKEN
from integrations_app.workflows.diagnosis import diagnose
from tests.connections.vendors import RENEWABLE, Case, connected_case


@pytest.fixture(params=RENEWABLE)
async def case(request: pytest.FixtureRequest, world: Any, clock: Any) -> Case:
    """One provider, connected through its consent page."""
    clock.now = datetime.now(UTC)
    return await connected_case(world, request.param)


async def test_it_tells_who_we_are_and_is_paused_and_resumed(case: Case) -> None:
    world = case.world
    result = await service.test(world.hub, world.owner, case.connection_id)
    assert result.ok and result.account_id == case.row.account_id and result.account_name
    await service.update_status(world.hub, world.owner, case.connection_id, "paused")
    calls = case.calls()
    with pytest.raises(Conflict) as refused:
        await case.use()
    assert (refused.value.code, case.calls()) == ("connection_paused", calls)
    await service.update_status(world.hub, world.owner, case.connection_id, "connected")
    assert (await case.use()).id == case.row.account_id


async def test_the_doctor_finds_it_well(case: Case) -> None:
    found = await diagnose(case.world.hub, case.world.owner, case.connection_id)
    assert [one.key for one in found] == ["address", "tls", "clock", "token", "account", "scopes", "rate", "hook"]
    assert {one.key: one.message for one in found if one.verdict in {Verdict.PROBLEM, Verdict.WARNING}} == {}


async def test_disconnecting_destroys_the_secrets_here_and_ends_the_grant_there(case: Case) -> None:
    world, token = case.world, case.secrets()[ACCESS_TOKEN]
    row = case.row
    await service.disconnect(world.hub, world.owner, case.connection_id)
    assert world.credentials() == [] and case.row.status == "disconnected"
    assert len(world.audits("connection.revoked")) == 1
    access = access_for(world.hub, case.provider, row, {ACCESS_TOKEN: Secret(token)})
    with pytest.raises(ReconnectRequired):
        async with client_of(case.provider, access) as client:
            await case.provider.check(client)


async def test_revoked_at_the_vendor_it_needs_a_person_once_and_comes_back(case: Case) -> None:
    world = case.world
    world.vendor.control("revoke", vendor=case.provider.key, all=True)
    with pytest.raises(ReconnectRequired):
        await case.use()
    result = await service.test(world.hub, world.owner, case.connection_id)
    assert (result.ok, result.code) == (False, "needs_reauth")
    assert case.row.status == "needs_reauth" and case.secrets()  # kept: only a person may decide
    assert len(world.audits("connection.needs_reauth")) == 1
    calls = case.calls()
    with pytest.raises(ReconnectRequired):
        await case.use()
    assert case.calls() == calls  # what is known to be dead is not tried
    await case.connect()
    assert (await case.use()).id == case.row.account_id


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7), ("99999999", 3600)])
async def test_a_limit_holds_the_next_calls_too(case: Case, clock: Any, retry_after: str, seconds: float) -> None:
    refuse(case, retry_after)
    with pytest.raises(RateLimited) as refused:
        await case.use()
    assert refused.value.after == seconds
    calls = case.calls()
    with pytest.raises(RateLimited) as waits:
        await case.use()
    assert case.calls() == calls
    assert waits.value.after == pytest.approx(seconds, rel=0.01)
    clock.advance(timedelta(seconds=seconds))
    assert (await case.use()).id == case.row.account_id


@pytest.mark.parametrize("retry_after", ["-1", "abc", ""])
async def test_a_limit_that_tells_no_time_costs_a_moment_at_first(case: Case, clock: Any, retry_after: str) -> None:
    refuse(case, retry_after)
    with pytest.raises(RateLimited) as refused:
        await case.use()
    clock.advance(timedelta(seconds=refused.value.after or 0.5))  # GitHub says that a minute is meant then
    assert (await case.use()).id == case.row.account_id


def refuse(case: Case, retry_after: str) -> None:
    """The vendor refuses the next call for its limit's sake."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    body = {"message": "slow down"}
    case.world.vendor.control(
        "faults", vendor=case.provider.key, path="", count=1, status=429, headers=headers, body=body
    )


async def test_another_connection_of_the_vendor_is_not_held(case: Case) -> None:
    world = case.world
    offered = await case.accounts()
    assert len(set(offered)) > 1, f"the emulation of {case.provider.key} needs a second account"
    other = replace(case, connection_id="")
    await other.connect(account=offered[-1])
    world.vendor.control("faults", vendor=case.provider.key, path="", status=429, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited):
        await case.use()
    assert (await other.use()).id == other.row.account_id != case.row.account_id
