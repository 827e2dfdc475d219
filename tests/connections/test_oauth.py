"""The OAuth round trip against the running sandbox: the good way, reconnecting, reviving, going back."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations_app.connections import apps, attempts, health, oauth, service
from integrations_app.connections.access import open_access, use
from integrations_app.connections.oauth import Ask
from integrations_app.connections.oauth.callback import judge
from integrations_app.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from integrations_app.kit.secret import Secret
from integrations_app.sdk.registry import Registry
from tests.connections.vendors import check


async def test_a_person_connects_and_the_account_is_known(world: Any) -> None:
    url = await world.begin(mode="popup", next_path="/integrations/github")
    [row] = world.connections()
    assert (row.status, row.app_kind) == ("pending", "sandbox")
    outcome = await world.complete(world.vendor.consent(url, "octo-hub"))
    assert outcome.ok and outcome.mode == "popup" and outcome.next_path == "/integrations/github"
    [row] = world.connections()
    assert (row.status, row.account_name, row.is_default) == ("connected", "octo-hub", False)
    assert row.scopes == ["repo"] and row.credential_version == 1
    [credential] = world.credentials()
    assert credential.field == "access_token" and len(credential.fingerprint) == 8
    assert [one.name for one in world.audits()] == ["oauth.started", "connection.connected"]


async def test_the_second_provider_with_its_own_separators_and_client_auth(world: Any) -> None:
    outcome = await world.connect("slack", "T0ACME001")
    row = world.connection(outcome.connection_id)
    assert row.status == "connected" and row.extra["team_id"] == row.account_id
    assert "chat:write" in row.scopes


async def test_tokens_may_come_from_another_base_address_than_the_consent_page(world: Any) -> None:
    provider = world.hub.registry.get("slack")
    way = replace(provider.oauth, token_base="api", token_path="/oauth.v2.access")
    world.hub = replace(world.hub, registry=Registry([replace(provider, auth=(way, *provider.auth[1:]))]))
    outcome = await world.connect("slack", "T0ACME001")
    assert world.connection(outcome.connection_id).status == "connected"
    [asked] = world.vendor.calls("/oauth.v2.access")
    assert asked["status"] == 200


async def test_the_authorize_url_carries_state_challenge_and_the_one_redirect_uri(world: Any) -> None:
    url = await world.begin(scopes=("read:org",))
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["redirect_uri"] == f"{world.hub.settings.public_url}/api/integrations/github/callback"
    assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
    assert query["scope"] == "repo read:org" and query["response_type"] == "code"
    [attempt] = world.attempts()
    assert len(query["state"]) >= 43 and query["state"] not in str(attempt.model_dump())
    assert attempt.verifier is not None and attempt.expires_at - attempt.created_at == timedelta(minutes=10)


async def test_the_open_credentials_work_and_are_masked(world: Any) -> None:
    outcome = await world.connect()
    opened = await open_access(world.hub, world.owner.organization_id, outcome.connection_id)
    assert "ghu_" not in repr(opened) and "gho_" not in repr(opened)
    account = await use(world.hub, world.owner.organization_id, outcome.connection_id, check)
    assert account.name == "octo-hub"


async def test_reconnecting_keeps_the_connection_usable_and_replaces_the_credentials(world: Any) -> None:
    first = await world.connect()
    before = world.credentials()[0]
    url = await world.begin(connection_id=first.connection_id)
    row = world.connection(first.connection_id)
    assert (row.status, row.earlier_status) == ("pending", "connected")
    await open_access(world.hub, world.owner.organization_id, first.connection_id)  # runs go on meanwhile
    outcome = await world.complete(world.vendor.consent(url, "octo-hub"))
    assert outcome.ok and outcome.connection_id == first.connection_id
    [row], [after] = world.connections(), world.credentials()
    assert (row.status, row.earlier_status, row.credential_version) == ("connected", "", 2)
    assert after.envelope != before.envelope and after.version == 2
    assert [one.name for one in world.audits()][-1] == "connection.reconnected"


async def test_another_account_is_refused_on_reconnect_and_nothing_changes(world: Any) -> None:
    first = await world.connect(account="octo-hub")
    before = world.frozen()
    url = await world.begin(connection_id=first.connection_id)
    outcome = await world.complete(world.vendor.consent(url, "mona-lisa"))
    assert (outcome.ok, outcome.code, outcome.status) == (False, "account_mismatch", 409)
    assert world.frozen() == before
    assert len(world.audits("oauth.account_mismatch")) == 1


async def test_a_person_may_switch_the_account_and_it_is_audited(world: Any) -> None:
    first = await world.connect(account="octo-hub")
    url = await world.begin(connection_id=first.connection_id)
    refused = await world.complete(world.vendor.consent(url, "mona-lisa"))
    assert (refused.expected_account, refused.got_account) == ("octo-hub", "mona-lisa")
    assert refused.switch_path.endswith(f"connection={first.connection_id}&switch=1")
    assert refused.another_path and refused.retry_path and "switch" not in refused.retry_path
    url = await world.begin(connection_id=first.connection_id, switch_account=True)
    switched = await world.complete(world.vendor.consent(url, "mona-lisa"))
    assert switched.ok and switched.connection_id == first.connection_id
    [row] = world.connections()
    assert (row.account_name, row.name, row.status) == ("mona-lisa", "mona-lisa", "connected")
    [audit] = world.audits("connection.account_switched")
    assert audit.detail["from"] != audit.detail["to"] == row.account_id
    assert len(world.audits("connection.revoked")) == 1  # the former account's access is ended, the new one's is not
    assert (await use(world.hub, world.owner.organization_id, row.id, check)).name == "mona-lisa"
    url = await world.begin(connection_id=first.connection_id)  # the next reconnect must be the same account again
    assert not (await world.complete(world.vendor.consent(url, "octo-hub"))).ok


async def test_an_account_with_a_connection_of_its_own_is_not_switched_to(world: Any) -> None:
    first = await world.connect(account="octo-hub")
    second = await world.connect(account="mona-lisa")
    before = world.frozen()
    url = await world.begin(connection_id=first.connection_id, switch_account=True)
    outcome = await world.complete(world.vendor.consent(url, "mona-lisa"))
    assert (outcome.ok, outcome.code) == (False, "account_taken") and not outcome.switch_path
    assert world.frozen() == before
    await service.disconnect(world.hub, world.owner, second.connection_id)
    url = await world.begin(connection_id=first.connection_id, switch_account=True)
    assert (await world.complete(world.vendor.consent(url, "mona-lisa"))).ok


async def test_only_a_connection_can_be_switched(world: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        await world.begin(switch_account=True)
    assert caught.value.code == "oauth_bad_request"


async def test_a_fresh_connect_of_a_known_account_revives_its_connection(world: Any) -> None:
    first = await world.connect()
    await service.disconnect(world.hub, world.owner, first.connection_id)
    again = await world.connect()
    assert again.connection_id == first.connection_id
    [row] = world.connections()
    assert row.status == "connected" and row.disconnected_at is None
    third = await world.connect()
    assert third.connection_id == first.connection_id and len(world.connections()) == 1


async def test_two_accounts_are_two_connections_with_two_names(world: Any) -> None:
    await world.connect(account="octo-hub")
    await world.connect(account="mona-lisa")
    assert sorted(row.account_name for row in world.connections()) == ["mona-lisa", "octo-hub"]
    assert len({row.name for row in world.connections()}) == 2


async def test_two_windows_of_one_click_make_one_row_and_may_choose_two_accounts(world: Any) -> None:
    urls = [await world.begin(), await world.begin()]
    assert len(world.connections()) == 1
    for url, account in zip(urls, ("octo-hub", "mona-lisa"), strict=True):
        assert (await world.complete(world.vendor.consent(url, account))).ok
    assert sorted(row.account_name for row in world.connections()) == ["mona-lisa", "octo-hub"]


async def test_cancel_removes_a_new_row_and_restores_an_old_one(world: Any) -> None:
    await world.begin()
    [row] = world.connections()
    await attempts.cancel(world.hub, world.owner, row.id)
    assert world.connections() == []
    first = await world.connect()
    before = world.frozen()
    url = await world.begin(connection_id=first.connection_id)
    await attempts.cancel(world.hub, world.owner, first.connection_id)
    assert world.frozen() == before
    outcome = await world.complete(world.vendor.consent(url, "octo-hub"))
    assert outcome.code == "oauth_state_used"
    assert len(world.audits("oauth.cancelled")) == 2


async def test_ten_minutes_restore_by_sweep_and_by_looking(world: Any, clock: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    await world.begin(connection_id=first.connection_id)
    clock.advance(timedelta(minutes=10, seconds=1))
    assert await attempts.expire_attempts(world.hub) == 1
    assert world.frozen() == before
    await world.begin("slack")
    clock.advance(timedelta(minutes=11))
    rows = {row.key: row for row in await service.overview(world.hub, world.owner)}
    assert rows["slack"].connections == () and len(rows["github"].connections) == 1


async def test_a_pending_connection_made_by_the_api_is_completed(world: Any) -> None:
    made = await service.create(world.hub, world.owner, "github", name="Ours")
    assert made.status == "pending"
    outcome = await world.connect(connection_id=made.id)
    assert outcome.connection_id == made.id
    assert world.connection(made.id).name == "Ours"


async def test_beginning_needs_a_browser_session_and_the_role(world: Any, roles: Any) -> None:
    for role in ("viewer", "editor"):
        with pytest.raises(Forbidden):
            await world.begin(actor=roles[role])
    with pytest.raises(Unauthenticated):
        await world.begin(actor=type(world.owner)(world.owner.organization_id, "u", "e", "owner"))
    assert await world.begin(actor=roles["admin"])


async def test_what_cannot_be_asked_is_refused(world: Any) -> None:
    for ask in ({"mode": "frame"}, {"scopes": ("a b",)}, {"scopes": ('"',)}):
        with pytest.raises(InvalidInput) as caught:
            await world.begin(**ask)
        assert caught.value.code == "oauth_bad_request"
    with pytest.raises(NotFound):
        await oauth.begin(world.hub, world.owner, Ask("webhook"))
    with pytest.raises(NotFound):
        await world.begin(connection_id="f" * 32)
    assert world.attempts() == []


async def test_an_own_app_comes_first_and_has_its_own_callback(world: Any) -> None:
    described = await apps.describe_app(world.hub, world.owner, "github")
    assert [option.kind for option in described.options] == ["sandbox"]
    app_id = await apps.register_app(
        world.hub,
        world.owner,
        "github",
        client_id="own-client",
        client_secret=Secret("CNRY_app_0123456789abcdef0123456789abcdef"),
        app_id=described.new_app_id,
    )
    assert app_id == described.new_app_id
    url = await world.begin()
    query = parse_qs(urlsplit(url).query)
    assert query["client_id"] == ["own-client"]
    assert query["redirect_uri"] == [described.new_callback_url]
    assert urlsplit(url).netloc == "github.com"
    sandboxed = await world.connect(selector="sandbox")
    assert world.connection(sandboxed.connection_id).app_kind == "sandbox"
    with pytest.raises(Conflict) as caught:
        await world.begin(connection_id=sandboxed.connection_id, selector=app_id)
    assert caught.value.code == "app_mismatch"


async def test_an_own_app_is_write_only_and_stays_while_used(world: Any, roles: Any) -> None:
    secret = Secret("CNRY_app_0123456789abcdef0123456789abcdef")
    app_id = await apps.register_app(
        world.hub, world.owner, "github", client_id="own", client_secret=secret, signing_secret=secret
    )
    described = await apps.describe_app(world.hub, roles["viewer"], "github")
    assert "CNRY" not in str(described) and described.options[0].has_signing_secret
    await apps.update_app(world.hub, world.owner, app_id, client_id="newer", client_secret=Secret("********"))
    with pytest.raises(InvalidInput):
        await apps.update_app(world.hub, world.owner, app_id, client_secret=Secret(""))
    await world.begin()
    with pytest.raises(Conflict) as caught:
        await apps.delete_app(world.hub, world.owner, app_id)
    assert caught.value.code == "app_in_use"
    await attempts.cancel(world.hub, world.owner, world.connections()[0].id)
    await apps.delete_app(world.hub, world.owner, app_id)
    with pytest.raises(NotFound):
        await apps.delete_app(world.hub, world.other, app_id)
    with pytest.raises(Forbidden):
        await apps.register_app(world.hub, roles["editor"], "github", client_id="x", client_secret=secret)


async def test_expiring_tokens_keep_their_refresh_token_and_end(world: Any, clock: Any) -> None:
    world.vendor.settings(github={"expiring_tokens": True})
    outcome = await world.connect()
    assert [one.field for one in world.credentials()] == ["access_token", "refresh_token"]
    assert world.connection(outcome.connection_id).expires_at == clock() + timedelta(seconds=28800)


async def test_open_pages_hear_of_every_change(world: Any) -> None:
    from integrations_app.organizations.hub import organization_topic

    with world.hub.bus.subscribe(organization_topic(world.owner.organization_id)) as heard:
        outcome = await world.connect()
        event = await asyncio.wait_for(anext(heard), 2)
    assert event.message == {"kind": "connection", "id": outcome.connection_id}


async def test_a_process_that_died_in_the_middle_leaves_nothing_connecting(world: Any, clock: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    for ask in ({"connection_id": first.connection_id}, {"provider": "slack"}):
        url = await world.begin(**ask)
        account = "octo-hub" if "connection_id" in ask else "T0ACME001"
        params = world.vendor.consent(url, account)
        await judge(world.hub, world.owner, ask.get("provider", "github"), None, params)  # and then the light goes out
    clock.advance(timedelta(minutes=11))
    rows = {row.key: row for row in await service.overview(world.hub, world.owner)}
    assert rows["slack"].connections == () and world.frozen() == before


async def test_an_old_window_never_takes_a_connection_away_that_was_made_since(world: Any, clock: Any) -> None:
    urls = [await world.begin(), await world.begin()]
    first = await world.complete(world.vendor.consent(urls[0], "octo-hub"))
    before = world.frozen()
    await world.begin(connection_id=first.connection_id)
    denied = world.vendor.consent(urls[1], "octo-hub", "cancel")
    assert (await world.complete(denied)).code == "oauth_denied"
    clock.advance(timedelta(minutes=11))
    assert await attempts.expire_attempts(world.hub) == 1
    assert world.frozen() == before


async def test_what_was_disconnected_meanwhile_stays_so_and_the_new_grant_is_ended(world: Any) -> None:
    first = await world.connect()
    url = await world.begin(connection_id=first.connection_id)
    params = world.vendor.consent(url, "octo-hub")
    world.vendor.control("faults", path="/github/login/oauth/access_token", effect="delay", delay=0.5)
    arriving = asyncio.create_task(world.complete(params))
    async with asyncio.timeout(5):
        while sum(one.consumed_at is not None for one in world.attempts()) < 2:  # noqa: ASYNC110 - only the row tells
            await asyncio.sleep(0.01)
    await service.disconnect(world.hub, world.owner, first.connection_id)
    outcome = await arriving
    assert (outcome.ok, outcome.code, outcome.status) == (False, "connection_gone", 409)
    assert world.connection(first.connection_id).status == "disconnected" and world.credentials() == []
    revocations = [call for call in world.vendor.calls("/github/api/v3/applications/") if call["method"] == "DELETE"]
    assert len(revocations) == 2 and world.audits()[-1].name == "connection.revoked"


async def test_reconnecting_a_paused_connection_replaces_its_credentials_and_leaves_it_paused(world: Any) -> None:
    first = await world.connect()
    await service.update_status(world.hub, world.owner, first.connection_id, "paused")
    url = await world.begin(connection_id=first.connection_id)
    outcome = await world.complete(world.vendor.consent(url, "octo-hub"))
    assert outcome.ok and "stays paused" in outcome.message
    row = world.connection(first.connection_id)
    assert (row.status, row.earlier_status, row.credential_version) == ("paused", "", 2)
    again = await world.connect()  # a fresh connect that finds the same account
    assert again.connection_id == first.connection_id and world.connection(row.id).status == "paused"
    resumed = await service.update_status(world.hub, world.owner, first.connection_id, "connected")
    assert resumed.status == "connected"


@pytest.mark.parametrize("fault", [{"status": 500}, {"effect": "delay", "delay": 9.0}], ids=["failed", "late"])
async def test_a_grant_whose_check_fails_is_ended_at_the_vendor(world: Any, monkeypatch: Any, fault: Any) -> None:
    monkeypatch.setattr("integrations_app.connections.oauth.arrival.TOTAL_SECONDS", 3.0)
    params = world.vendor.consent(await world.begin(), "octo-hub")
    world.vendor.control("faults", path="/github/api/v3/user", **fault)
    outcome = await world.complete(params)
    assert outcome.code == "oauth_exchange_failed" and world.connections() == [] and world.credentials() == []
    revocations = [call for call in world.vendor.calls("/github/api/v3/applications/") if call["method"] == "DELETE"]
    assert [call["status"] for call in revocations] == [204]
    assert [one.name for one in world.audits()][-2:] == ["oauth.exchange_failed", "connection.revoked"]


async def test_a_failed_check_never_ends_the_token_that_a_connection_uses(world: Any) -> None:
    first = await world.connect("slack", "T0ACME001")
    url = await world.begin("slack", connection_id=first.connection_id)
    params = world.vendor.consent(url, "T0ACME001")  # the vendor answers with the same token again
    world.vendor.control("faults", path="/slack/api/auth.test", status=500)
    outcome = await world.complete(params, "slack")
    assert outcome.code == "oauth_exchange_failed" and world.vendor.calls("/slack/api/auth.revoke") == []
    assert world.audits()[-1].name == "connection.grant_kept"
    world.vendor.http.delete(f"{world.vendor.url}/_control/faults").raise_for_status()
    assert (await health.test(world.hub, world.owner, first.connection_id)).ok


async def test_the_help_for_an_own_app_names_its_own_addresses(world: Any) -> None:
    described = await apps.describe_app(world.hub, world.owner, "slack")
    assert described.new_callback_url in described.help
    assert described.new_callback_url.removesuffix("/callback") + "/events" in described.help
    assert "{" not in described.help
