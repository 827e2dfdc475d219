"""Tests of connections on request, and what failures and uses in runs say about them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from integrations_app.connections import health, service
from integrations_app.connections.access import open_access
from integrations_app.errors import MissingScope, NotFound, RateLimited, ReconnectRequired, Unavailable
from integrations_app.sdk.forms import ChoiceQuery


@pytest.fixture
async def made(world: Any) -> Any:
    """A connection made through the sandbox's OAuth."""
    return (await world.connect()).connection_id


async def test_a_test_says_who_we_are_and_how_it_went(world: Any, clock: Any, made: Any) -> None:
    clock.advance(timedelta(minutes=1))
    result = await health.test(world.hub, world.owner, made)
    assert result.ok and result.account_name == "octo-hub" and result.scopes == ("repo",)
    assert result.missing_scopes == () and result.milliseconds >= 0 and result.detail
    row = world.connection(made)
    assert row.last_checked_at == row.check_succeeded_at == clock()
    assert world.audits("connection.tested")[0].detail == {"ok": True, "status": "connected"}
    assert result.as_dict()["account"]["name"] == "octo-hub" and "error" not in result.as_dict()


async def test_scopes_that_were_not_granted_are_named(world: Any) -> None:
    token = world.vendor.token("slack", "T0ACME001", ["chat:write"])
    made = await service.create(world.hub, world.owner, "slack", secrets={"access_token": token}, sandbox=True)
    result = await health.test(world.hub, world.owner, made.id)
    assert result.ok and result.scopes == ("chat:write",) and "channels:read" in result.missing_scopes


async def test_f11_a_hundred_clicks_are_one_call(world: Any, clock: Any, made: Any) -> None:
    before = len(world.vendor.calls("/github/api/v3/user"))
    answers = await asyncio.gather(
        *(health.test(world.hub, world.owner, made) for _ in range(100)), return_exceptions=True
    )
    assert sum(not isinstance(one, Exception) for one in answers) == 1
    assert {type(one) for one in answers if isinstance(one, Exception)} == {RateLimited}
    assert len(world.vendor.calls("/github/api/v3/user")) == before + 1
    clock.advance(timedelta(seconds=4.9))
    with pytest.raises(RateLimited) as caught:
        await health.test(world.hub, world.owner, made)
    assert caught.value.after and caught.value.after <= 5
    clock.advance(timedelta(seconds=0.2))
    assert (await health.test(world.hub, world.owner, made)).ok


async def test_one_connection_does_not_wait_for_another(world: Any, made: Any) -> None:
    second = (await world.connect(account="mona-lisa")).connection_id
    results = await asyncio.gather(*(health.test(world.hub, world.owner, one) for one in (made, second)))
    assert all(one.ok for one in results)


async def test_a_revoked_token_needs_a_person_and_keeps_its_envelope(world: Any, made: Any) -> None:
    world.vendor.control("revoke", vendor="github", account="octo-hub")
    result = await health.test(world.hub, world.owner, made)
    assert (result.ok, result.code, result.fix) == (False, "needs_reauth", "Reconnect it.")
    row = world.connection(made)
    assert (row.status, row.error_code) == ("needs_reauth", "needs_reauth") and len(world.credentials()) == 1
    [audit] = world.audits("connection.needs_reauth")
    assert audit.detail["provider_code"]
    with pytest.raises(ReconnectRequired):
        await open_access(world.hub, world.owner.organization_id, made)
    again = await world.connect(connection_id=made)
    assert again.connection_id == made and world.connection(made).status == "connected"


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ({"effect": "answer", "status": 503, "count": 0}, "unavailable", "error"),
        ({"effect": "drop", "count": 0}, "unavailable", "error"),
        ({"effect": "answer", "status": 429, "headers": {"Retry-After": "7"}, "count": 0}, "rate_limited", "connected"),
    ],
)
async def test_what_lies_behind_a_failed_test_is_the_code(
    world: Any, clock: Any, made: Any, fault: Any, code: Any, status: Any
) -> None:
    world.vendor.control("faults", path="/github/api/v3/user", **fault)
    result = await health.test(world.hub, world.owner, made)
    assert (result.ok, result.code) == (False, code) and result.fix and result.message
    await asyncio.gather(*world.hub.background)
    row = await service.get(world.hub, world.owner, made)
    assert (row.status, row.error_code) == (status, code)
    assert (await service.get(world.hub, world.owner, made)).as_dict()["error"]["code"] == code
    await open_access(world.hub, world.owner.organization_id, made)  # tried again by runs all the same
    world.vendor.http.delete(f"{world.vendor.url}/_control/faults")
    clock.advance(timedelta(seconds=8))
    assert (await health.test(world.hub, world.owner, made)).ok
    assert (world.connection(made).status, world.connection(made).error_code) == ("connected", "")


async def test_a_check_that_hangs_ends(world: Any, monkeypatch: Any, made: Any) -> None:
    world.vendor.control("faults", path="/github/api/v3/user", effect="delay", delay=3.0)
    opened = await open_access(world.hub, world.owner.organization_id, made)
    findings = await health.examine(opened.provider, opened.access, 0.2)
    assert isinstance(findings.error, Unavailable) and findings.milliseconds < 2000


async def test_e03_the_first_certain_failure_counts_once(world: Any, made: Any) -> None:
    error = ReconnectRequired("Revoked.", "token_revoked")
    organization_id = world.owner.organization_id
    changed = await asyncio.gather(*(health.note_failure(world.hub, organization_id, made, error) for _ in range(20)))
    assert sum(changed) == 1
    [audit] = world.audits("connection.needs_reauth")
    assert audit.detail == {"provider_code": "token_revoked"} and audit.actor == "system"
    assert world.connection(made).status == "needs_reauth" and len(world.credentials()) == 1


async def test_a_late_failure_of_replaced_credentials_says_nothing(world: Any, made: Any) -> None:
    organization_id = world.owner.organization_id
    old = (await open_access(world.hub, organization_id, made)).credential_version
    await world.connect(connection_id=made)
    error = ReconnectRequired("Revoked.", "token_revoked")
    assert not await health.note_failure(world.hub, organization_id, made, error, credential_version=old)
    assert world.connection(made).status == "connected"


async def test_what_is_not_certain_changes_no_status(world: Any, made: Any) -> None:
    organization_id = world.owner.organization_id
    assert not await health.note_failure(world.hub, organization_id, made, Unavailable("away"))
    assert await health.note_failure(world.hub, organization_id, made, MissingScope(("workflow",), ("repo",)))
    assert (world.connection(made).status, world.connection(made).error_code) == ("connected", "missing_scope")
    assert not await health.note_failure(world.hub, organization_id, "0" * 32, ReconnectRequired("x"))


async def test_a_failure_while_somebody_reconnects_is_what_cancel_goes_back_to(world: Any, made: Any) -> None:
    from integrations_app.connections import attempts

    await world.begin(connection_id=made)
    await health.note_failure(world.hub, world.owner.organization_id, made, ReconnectRequired("x", "y"))
    assert world.connection(made).status == "pending"
    await attempts.cancel(world.hub, world.owner, made)
    assert world.connection(made).status == "needs_reauth"


async def test_a_picker_that_meets_a_dead_token_says_so(world: Any, made: Any) -> None:
    world.vendor.control("revoke", vendor="github", account="octo-hub")
    with pytest.raises(ReconnectRequired):
        await service.choices(world.hub, world.owner, made, "github.create_issue", "repository", ChoiceQuery())
    assert world.connection(made).status == "needs_reauth"


async def test_uses_are_noted_at_most_every_thirty_seconds(world: Any, clock: Any, made: Any) -> None:
    organization_id = world.owner.organization_id
    await health.note_use(world.hub, organization_id, made)
    first = clock()
    clock.advance(timedelta(seconds=20))
    await health.note_use(world.hub, organization_id, made)
    assert world.connection(made).last_used_at == first
    clock.advance(timedelta(seconds=20))
    await health.note_use(world.hub, organization_id, made)
    assert world.connection(made).last_used_at == clock()
    shown = await service.get(world.hub, world.owner, made)
    assert shown.last_synced_at == clock()


async def test_a_connection_without_credentials_cannot_be_tested(world: Any) -> None:
    pending = await service.create(world.hub, world.owner, "github")
    with pytest.raises(ReconnectRequired):
        await health.test(world.hub, world.owner, pending.id)
    with pytest.raises(NotFound):
        await health.test(world.hub, world.owner, "0" * 32)


async def test_ways_to_connect_of_a_webhook_swap_their_secrets(world: Any) -> None:
    public = {"base_url": "https://example.org"}
    made = await service.create(world.hub, world.owner, "webhook", name="Hook", settings=public)
    assert (made.auth_kind, dict(made.fingerprints)) == ("none", {})
    changed = await service.update(
        world.hub, world.owner, made.id, {"auth_kind": "bearer", "secrets": {"token": "CNRY_bearer_0123456789abcdef"}}
    )
    assert (changed.auth_kind, list(changed.fingerprints)) == ("bearer", ["token"])
    back = await service.update(world.hub, world.owner, made.id, {"auth_kind": "none"})
    assert (back.auth_kind, dict(back.fingerprints)) == ("none", {}) and world.credentials() == []
