"""Credentials are renewed before they end and once when refused, for every provider that has them renewed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.connections import health, pickers, service
from integrations_app.connections.access import open_access
from integrations_app.connections.refresh import refresh, refresh_due
from integrations_app.connections.refresh_lease import Kind, Need
from integrations_app.connections.repository import Credentials
from integrations_app.errors import CredentialUnreadable, ReconnectRequired, Unavailable
from integrations_app.sdk.forms import ChoiceQuery, choices_of
from tests.connections.vendors import RENEWABLE, Case, connected_case

DAY = timedelta(days=1)


@pytest.fixture(params=RENEWABLE)
async def case(world: Any, request: pytest.FixtureRequest) -> Case:
    return await connected_case(world, request.param)


def test_there_are_providers_to_look_at() -> None:
    assert len(RENEWABLE) >= 2


async def test_e02_fifty_calls_that_meet_an_expired_token_make_one_renewal(case: Case) -> None:
    case.expire()
    before = case.calls()
    accounts = await asyncio.gather(*(case.use() for _ in range(50)))
    assert {account.id for account in accounts} == {case.row.account_id}
    assert len(case.renewals()) == 1
    assert case.calls() - before <= 50 * 2 * 2 + 1  # at most one repetition each, of checks of at most two requests
    assert (case.row.status, case.row.credential_version) == ("connected", 2)


async def test_it_is_renewed_before_it_ends_and_what_the_answer_left_out_stays(case: Case, clock: Any) -> None:
    before, old = case.row, case.secrets()
    assert before.next_refresh_at is not None
    life = before.next_refresh_at - clock()
    if before.expires_at is None:
        usual = timedelta(seconds=case.oauth.usual_life or 0) or DAY / 0.8
        assert 0.74 < life / min(usual, DAY / 0.8) <= 0.8
    else:
        assert 0.74 < life / min(before.expires_at - clock(), DAY / 0.8) <= 0.8
    await case.use()
    assert case.renewals() == []
    clock.now = before.next_refresh_at
    await case.use()
    [sent] = case.renewals()
    assert "scope" not in sent and sent["refresh_token"] == [old["refresh_token"]]
    row, new = case.row, case.secrets()
    assert new["access_token"] != old["access_token"] and new["refresh_token"]
    assert (row.extra, row.scopes, row.account_id) == (before.extra, before.scopes, before.account_id)
    assert row.refreshed_at == clock() and row.next_refresh_at is not None and row.next_refresh_at > clock()
    assert (row.refresh_attempt, row.refresh_failures, row.refresh_lease_until) == (0, 0, None)
    assert row.row_version == before.row_version  # an open form is not out of date


async def test_idle_connections_are_renewed_by_the_sweep(case: Case, clock: Any) -> None:
    assert await refresh_due(case.world.hub) == 0
    clock.advance(DAY)
    assert await refresh_due(case.world.hub) == 1
    assert len(case.renewals()) == 1
    assert await refresh_due(case.world.hub) == 0
    await service.disconnect(case.world.hub, case.world.owner, case.connection_id)
    clock.advance(2 * DAY)
    assert await refresh_due(case.world.hub) == 0


async def test_e03_a_dead_grant_needs_a_person_once_and_keeps_its_envelopes(case: Case) -> None:
    case.expire(refresh=True)
    results = await asyncio.gather(*(case.use() for _ in range(10)), return_exceptions=True)
    assert {type(result) for result in results} == {ReconnectRequired}
    assert len(case.renewals()) == 1
    row, calls = case.row, case.calls()
    assert (row.status, row.error_code, row.next_refresh_at) == ("needs_reauth", "needs_reauth", None)
    assert len(case.secrets()) == 2
    [audit] = case.world.audits("connection.needs_reauth")
    assert audit.detail["provider_code"] in case.provider.reconnect_codes
    with pytest.raises(ReconnectRequired):
        await case.use()
    assert await refresh_due(case.world.hub) == 0 and case.calls() == calls
    await case.connect()
    assert (await case.use()).id == row.account_id and case.row.status == "connected"


async def test_a_test_and_a_picker_renew_too(case: Case, clock: Any) -> None:
    case.expire()
    result = await health.test(case.world.hub, case.world.owner, case.connection_id)
    assert result.ok and len(case.renewals()) == 1
    case.expire(refresh=True)
    clock.advance(timedelta(minutes=2))
    result = await health.test(case.world.hub, case.world.owner, case.connection_id)
    assert (result.ok, result.code) == (False, "needs_reauth")
    assert case.row.status == "needs_reauth" and len(case.world.audits("connection.needs_reauth")) == 1


async def open_picker(case: Case) -> None:
    """Load the first picker of the provider that depends on nothing else."""
    fields = [(one, name) for one in case.provider.actions for name in one.params.model_fields]
    choices = [(one, name, choices_of(one.params, name)) for one, name in fields]
    action, name = next((one, name) for one, name, found in choices if found and not found.depends_on)
    key, query = f"{case.provider.key}.{action.key}", ChoiceQuery("", {}, None)
    await pickers.choices(case.world.hub, case.world.owner, case.connection_id, key, name, query)


async def test_a_picker_renews_too(case: Case) -> None:
    case.expire()
    await open_picker(case)
    assert (len(case.renewals()), case.row.status) == (1, "connected")


async def test_a_picker_tells_of_a_dead_grant(case: Case) -> None:
    case.expire(refresh=True)
    with pytest.raises(ReconnectRequired):
        await open_picker(case)
    assert case.row.status == "needs_reauth" and len(case.world.audits("connection.needs_reauth")) == 1


async def test_a_vendor_that_is_away_is_asked_again_later_and_nothing_is_lost(case: Case, clock: Any) -> None:
    old = case.secrets()
    case.fault(status=429, headers={"Retry-After": "120"}, count=0)
    clock.now = case.row.next_refresh_at or clock()
    await case.use()  # the old token lives on
    assert (case.row.status, case.row.refresh_failures, len(case.renewals())) == ("connected", 1, 1)
    assert case.row.next_refresh_at and case.row.next_refresh_at - clock() >= timedelta(seconds=120)
    await case.use()
    assert len(case.renewals()) == 1
    case.expire()
    with pytest.raises(Unavailable) as caught:
        await case.use()
    assert caught.value.code == "refresh_pending" and caught.value.after and caught.value.after >= 120
    assert case.secrets() == old and len(case.renewals()) == 1
    case.mend()
    clock.now = case.row.next_refresh_at
    await case.use()
    assert (case.row.status, case.row.refresh_failures, case.row.error_code) == ("connected", 0, "")


async def test_a_short_pause_is_waited_for_on_the_spot(case: Case) -> None:
    case.fault(status=429, headers={"Retry-After": "1"}, count=1)
    case.expire()
    await case.use()
    assert (case.row.status, len(case.renewals())) == ("connected", 2)


async def test_a_wrong_app_is_named_and_the_token_used_as_long_as_it_lives(case: Case, clock: Any) -> None:
    code = next(iter(sorted(case.provider.app_codes)), "invalid_client")
    case.fault(status=400, body={"ok": False, "error": code}, count=0)
    clock.now = case.row.next_refresh_at or clock()
    await case.use()
    assert (case.row.status, case.row.error_code) == ("error", "oauth_app_misconfigured")
    [audit] = case.world.audits("connection.refresh_failed")
    assert audit.detail == {"code": "oauth_app_misconfigured", "provider_code": code}
    clock.now = case.row.next_refresh_at
    await case.use()
    assert case.row.refresh_failures == 2 and len(case.world.audits("connection.refresh_failed")) == 1
    case.expire()
    with pytest.raises(Unavailable) as caught:
        await case.use()
    assert caught.value.code == "oauth_app_misconfigured"
    case.mend()
    assert (await health.test(case.world.hub, case.world.owner, case.connection_id)).ok  # a person need not wait
    assert (case.row.status, case.row.error_code, case.row.refresh_failures) == ("connected", "", 0)


async def test_a_lost_answer_is_asked_for_once_more_and_then_told_as_unknown(case: Case, clock: Any) -> None:
    case.expire()
    case.fault(effect="lose", count=1)
    with pytest.raises(Unavailable):
        await case.use()
    row = case.row
    assert (row.status, row.refresh_failures, row.refresh_attempt) == ("error", 1, row.credential_version)
    assert len(case.renewals()) == 1  # what may have worked is not repeated on the spot
    clock.now = row.next_refresh_at
    with pytest.raises(ReconnectRequired):
        await case.use()
    assert len(case.renewals()) == 2
    assert (case.row.status, case.row.error_code) == ("needs_reauth", "refresh_outcome_unknown")
    [audit] = case.world.audits("connection.needs_reauth")
    assert audit.detail["reason"] == "refresh_outcome_unknown" and len(case.secrets()) == 2


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 200, "body": "<html>"}, {"status": 200, "body": {}}])
async def test_an_answer_that_says_nothing_is_no_death(case: Case, clock: Any, fault: dict[str, Any]) -> None:
    case.expire()
    case.fault(**fault, count=1)
    with pytest.raises(Unavailable):
        await case.use()
    assert (case.row.status, len(case.renewals())) == ("error", 1)
    clock.now = case.row.next_refresh_at
    await case.use()
    assert case.row.status == "connected"


async def test_a_token_that_is_refused_right_after_its_renewal_is_not_renewed_again(case: Case, clock: Any) -> None:
    case.expire()
    await case.use()
    case.expire()
    clock.advance(timedelta(seconds=1))
    with pytest.raises(ReconnectRequired):
        await case.use()
    assert len(case.renewals()) == 1


async def test_e08_a_clock_set_back_costs_at_most_one_renewal(case: Case, clock: Any) -> None:
    case.expire()
    await case.use()
    clock.advance(-timedelta(hours=1))
    case.expire()
    await asyncio.gather(*(case.use() for _ in range(5)))
    assert len(case.renewals()) == 2 and case.row.status == "connected"


async def test_what_comes_after_a_disconnect_is_not_kept(case: Case) -> None:
    case.expire()
    case.fault(effect="delay", delay=0.4, count=1)
    renewing = asyncio.create_task(
        refresh(case.world.hub, case.organization_id, case.connection_id, Need(1, expired=True))
    )
    while not case.row.refresh_holder:  # noqa: ASYNC110 - the row is in a database
        await asyncio.sleep(0.01)
    await service.disconnect(case.world.hub, case.world.owner, case.connection_id)
    assert (await renewing).kind is Kind.SETTLED
    assert (case.row.status, case.secrets()) == ("disconnected", {})
    granted = case.world.vendor.calls(case.token_path)[-1]["status"] == 200  # unless the disconnect had ended it all
    assert len(case.world.audits("connection.revoked")) == 1 + granted  # what was stored, and what came later


async def test_giving_up_does_not_stop_the_renewal(case: Case) -> None:
    case.expire()
    case.fault(effect="delay", delay=0.3, count=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await refresh(case.world.hub, case.organization_id, case.connection_id, Need(1, expired=True))
    await asyncio.gather(*case.world.hub.background)
    assert (case.row.credential_version, len(case.renewals())) == (2, 1)
    assert (await case.use()).id


async def test_a_pasted_token_is_not_renewed(world: Any) -> None:
    token = world.vendor.token("github", "octo-hub")
    made = await service.create(world.hub, world.owner, "github", secrets={"access_token": token}, sandbox=True)
    world.vendor.control("revoke", vendor="github", account="octo-hub")
    assert (await refresh(world.hub, world.owner.organization_id, made.id, Need(1, expired=True))).kind is Kind.HOPELESS
    opened = await open_access(world.hub, world.owner.organization_id, made.id)
    assert opened.next_refresh_at is None


async def test_what_needs_a_person_can_be_tested_and_is_not_said_to_be_renewed(case: Case, clock: Any) -> None:
    await case.use()
    error = ReconnectRequired("revoked", "account_inactive")
    await health.note_failure(case.world.hub, case.organization_id, case.connection_id, error)
    clock.advance(timedelta(days=2))
    case.world.vendor.control("revoke", vendor=case.provider.key, all=True)
    result = await health.test(case.world.hub, case.world.owner, case.connection_id)
    assert (result.ok, result.code, case.renewals()) == (False, "needs_reauth", [])


async def test_the_sweep_gives_up_what_it_cannot_open(case: Case, clock: Any) -> None:
    def damage(session: Session) -> None:
        for one in Credentials(session, case.organization_id).list_by_connection(case.connection_id):
            one.envelope = one.envelope[:-1] + bytes([one.envelope[-1] ^ 1])

    case.world.hub.database.write_now(damage)
    clock.advance(DAY)
    assert await refresh_due(case.world.hub) == 1
    assert await refresh_due(case.world.hub) == 0 and case.renewals() == []
    with pytest.raises(CredentialUnreadable):
        await case.use()
    assert case.row.status == "error"
    await case.connect()
    assert case.row.next_refresh_at is not None and (await case.use()).id
