"""The verbs: pasted tokens, changes, pausing, defaults, disconnecting; roles and other organisations' ids."""

import asyncio
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.connections import service
from integrations_app.connections.access import open_access
from integrations_app.errors import (
    Conflict,
    CredentialUnreadable,
    EgressDenied,
    Forbidden,
    InvalidInput,
    NotFound,
    ReconnectRequired,
)
from integrations_app.kit.secret import MASK
from integrations_app.sdk.forms import ChoiceQuery
from integrations_app.workflows.models import ConnectionUse, Workflow


async def pasted(world: Any, account: str = "octo-hub", **more: Any) -> Any:
    token = world.vendor.token("github", account)
    return await service.create(world.hub, world.owner, "github", secrets={"access_token": token}, sandbox=True, **more)


async def test_a_pasted_token_connects_at_once(world: Any) -> None:
    made = await pasted(world, name="Ours", settings={"default_repository": "acme/web"})
    assert (made.status, made.name, made.account_name, made.auth_kind) == (
        "connected",
        "Ours",
        "octo-hub",
        "access_token",
    )
    assert made.sandbox and made.settings == {"default_repository": "acme/web"}
    shown = made.as_dict()
    assert shown["secrets_set"] == ["access_token"] and shown["status"] == "connected" and "error" not in shown
    assert len(shown["secret_fingerprints"]["access_token"]) == 8
    assert [one.name for one in world.audits()] == ["connection.connected"]


@pytest.mark.parametrize(("vendor_name", "account"), [("github", "octo-hub"), ("slack", "T0ACME001")])
async def test_a_token_of_the_sandbox_finds_its_way_alone(world: Any, vendor_name: str, account: str) -> None:
    secrets = {"access_token": world.vendor.token(vendor_name, account)}
    made = await service.create(world.hub, world.owner, vendor_name, name="Ours", secrets=secrets)
    assert (made.status, made.sandbox) == ("connected", True)


async def test_a_wrong_token_is_kept_as_an_error_with_its_reason(world: Any) -> None:
    made = await service.create(
        world.hub, world.owner, "github", secrets={"access_token": "CNRY_wrong_0123456789"}, sandbox=True
    )
    assert (made.status, made.error_code) == ("error", "needs_reauth") and made.account_id == ""
    assert "CNRY" not in str(made) and "CNRY" not in str([one.model_dump() for one in world.audits()])


async def test_a_token_without_the_sandbox_goes_to_the_real_address_only(world: Any) -> None:
    """A pasted token of a real account must never reach the product's own port."""
    made = await pasted(world)
    opened = await open_access(world.hub, made_org(world), made.id)
    async with world.hub.door.client(pool="t", passport=opened.access.passport) as client:
        with pytest.raises(EgressDenied):
            await client.get("https://api.github.com/user")
    real = await service.create(world.hub, world.owner, "slack")
    with pytest.raises(ReconnectRequired):
        await open_access(world.hub, made_org(world), real.id)


def made_org(world: Any) -> Any:
    return world.owner.organization_id


@pytest.mark.parametrize(
    ("secrets", "settings", "path", "code"),
    [
        ({"password": "x"}, {}, "secrets.password", "unknown_field"),
        ({"access_token": ""}, {}, "secrets.access_token", "invalid_input"),
        ({"access_token": 5}, {}, "secrets.access_token", "invalid_input"),
        ({"access_token": "a\r\nb"}, {}, "secrets.access_token", "invalid_input"),
        ({"access_token": "x"}, {"base_url": "http://127.0.0.1"}, "settings.base_url", "unknown_field"),
        ({"access_token": "x"}, {"default_repository": 5}, "settings.default_repository", "invalid_input"),
    ],
)
async def test_what_is_entered_wrongly_is_named_by_field(
    world: Any, secrets: Any, settings: Any, path: Any, code: Any
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await service.create(world.hub, world.owner, "github", secrets=secrets, settings=settings, sandbox=True)
    assert list(caught.value.fields) == [path] and caught.value.code == code
    assert world.connections() == []


async def test_a_disconnected_pasted_token_is_revived(world: Any) -> None:
    first = await pasted(world)
    await service.disconnect(world.hub, world.owner, first.id)
    again = await pasted(world)
    assert again.id == first.id and again.status == "connected"
    assert (await pasted(world)).id != first.id  # two tokens of one account are two connections


async def test_d14_masked_absent_and_empty_secrets(world: Any) -> None:
    made = await pasted(world)
    before = world.credentials()[0].model_dump()
    changes: dict[str, Any]
    for changes in ({"secrets": {"access_token": MASK}}, {"secrets": {}}, {"name": "New"}):
        await service.update(world.hub, world.owner, made.id, changes)
        assert world.credentials()[0].model_dump() == before
    for value in ("", "   "):
        with pytest.raises(InvalidInput):
            await service.update(world.hub, world.owner, made.id, {"secrets": {"access_token": value}})
    shown = await service.get(world.hub, world.owner, made.id)
    assert shown.name == "New" and list(shown.fingerprints) == ["access_token"]


async def test_a_new_token_of_the_same_account_takes_the_place_of_the_old(world: Any) -> None:
    made = await pasted(world)
    token = world.vendor.token("github", "octo-hub")
    changed = await service.update(world.hub, world.owner, made.id, {"secrets": {"access_token": token}})
    assert changed.fingerprints != made.fingerprints and changed.status == "connected"
    other = world.vendor.token("github", "mona-lisa")
    before = world.frozen()
    with pytest.raises(Conflict) as caught:
        await service.update(world.hub, world.owner, made.id, {"secrets": {"access_token": other}})
    assert caught.value.code == "account_mismatch" and world.frozen() == before


@pytest.mark.parametrize(
    "name",
    ["organization_id", "role", "status", "credential_version", "account_id", "app_kind", "is_default", "owner_id"],
)
async def test_g05_nothing_but_what_may_be_changed(world: Any, name: Any) -> None:
    made = await pasted(world)
    before = world.frozen()
    with pytest.raises(InvalidInput) as caught:
        await service.update(world.hub, world.owner, made.id, {"name": "New", name: "x"})
    assert caught.value.code == "unknown_field" and list(caught.value.fields) == [name]
    assert world.frozen() == before


async def test_pause_and_resume_are_the_only_statuses_a_person_sets(world: Any) -> None:
    made = await pasted(world)
    assert (await service.update_status(world.hub, world.owner, made.id, "paused")).status == "paused"
    with pytest.raises(Conflict) as caught:
        await open_access(world.hub, made_org(world), made.id)
    assert caught.value.code == "connection_paused"
    await service.test(world.hub, world.owner, made.id)
    assert world.connection(made.id).status == "paused"
    assert (await service.update_status(world.hub, world.owner, made.id, "connected")).status == "connected"
    for status in ("disconnected", "error", "pending", "needs_reauth", "x"):
        with pytest.raises(InvalidInput):
            await service.update_status(world.hub, world.owner, made.id, status)
    assert [one.name for one in world.audits()][1:] == ["connection.paused", "connection.tested", "connection.resumed"]


async def test_the_default_else_the_only_one(world: Any) -> None:
    with pytest.raises(NotFound):
        await service.get_by_provider(world.hub, world.owner, "github")
    one = await pasted(world)
    assert (await service.get_by_provider(world.hub, world.owner, "github")).id == one.id
    two = await pasted(world, account="mona-lisa")
    with pytest.raises(Conflict):
        await service.get_by_provider(world.hub, world.owner, "github")
    await service.set_default(world.hub, world.owner, two.id)
    await service.set_default(world.hub, world.owner, one.id)
    assert (await service.get_by_provider(world.hub, world.owner, "github")).id == one.id
    assert {row.id: row.is_default for row in world.connections()} == {one.id: True, two.id: False}
    await service.disconnect(world.hub, world.owner, one.id)
    assert (await service.get_by_provider(world.hub, world.owner, "github")).id == two.id


async def test_disconnect_destroys_the_envelopes_and_revokes_at_the_vendor(world: Any) -> None:
    outcome = await world.connect()
    shown = await service.disconnect(world.hub, world.owner, outcome.connection_id)
    assert shown.status == "disconnected" and shown.fingerprints == {}
    assert world.credentials() == [] and len(world.connections()) == 1
    revocations = [call for call in world.vendor.calls("/github/api/v3/applications/") if call["method"] == "DELETE"]
    assert [call["status"] for call in revocations] == [204]
    assert [one.name for one in world.audits()][-2:] == ["connection.disconnected", "connection.revoked"]
    with pytest.raises(ReconnectRequired):
        await open_access(world.hub, made_org(world), outcome.connection_id)
    again = await service.disconnect(world.hub, world.owner, outcome.connection_id)
    assert again.status == "disconnected" and len(world.audits("connection.disconnected")) == 1


async def test_disconnect_stands_when_the_vendor_cannot_be_reached(world: Any) -> None:
    outcome = await world.connect("slack", "T0ACME001")
    world.vendor.control("faults", path="auth.revoke", effect="drop", count=0)
    shown = await service.disconnect(world.hub, world.owner, outcome.connection_id)
    assert shown.status == "disconnected" and world.credentials() == []
    assert [one.name for one in world.audits()][-2:] == ["connection.disconnected", "connection.revoke_failed"]


async def test_a_pasted_token_is_not_revoked(world: Any) -> None:
    made = await pasted(world)
    await service.disconnect(world.hub, world.owner, made.id)
    assert world.vendor.calls("/github/api/v3/applications/") == [] and world.credentials() == []


async def test_d02_every_damaged_envelope_is_refused_and_said(world: Any) -> None:
    made, untouched = await pasted(world), await pasted(world, account="mona-lisa")
    envelope = next(one.envelope for one in world.credentials() if one.connection_id == made.id)
    step = max(1, len(envelope) // 24)
    damaged = [bytes([*envelope[:i], envelope[i] ^ 1, *envelope[i + 1 :]]) for i in range(0, len(envelope), step)]
    for number, wrong in enumerate([*damaged, envelope[:-1], envelope + b"\0", b""], 1):
        plant(world, made.id, wrong)
        with pytest.raises(CredentialUnreadable):
            await open_access(world.hub, made_org(world), made.id)
        row = world.connection(made.id)
        assert (row.status, row.error_code) == ("error", "credential_unreadable")
        assert len(world.audits("vault.decrypt_failed")) == number
    await open_access(world.hub, made_org(world), untouched.id)
    assert len(await service.overview(world.hub, world.owner)) == len(list(world.hub.registry))
    assert (await service.test(world.hub, world.owner, made.id)).code == "credential_unreadable"
    token = world.vendor.token("github", "octo-hub")
    mended = await service.update(world.hub, world.owner, made.id, {"secrets": {"access_token": token}})
    assert mended.status == "connected"


async def test_d03_swapped_envelopes_open_in_neither_place(world: Any) -> None:
    one, two = await pasted(world), await pasted(world, account="mona-lisa")
    envelopes = {row.connection_id: row.envelope for row in world.credentials()}
    plant(world, one.id, envelopes[two.id])
    plant(world, two.id, envelopes[one.id])
    for made in (one, two):
        with pytest.raises(CredentialUnreadable):
            await open_access(world.hub, made_org(world), made.id)


def plant(world: Any, connection_id: Any, envelope: Any) -> Any:
    def write(session: Session) -> None:
        from integrations_app.connections.repository import Credentials

        row = Credentials(session, made_org(world)).find(connection_id, "access_token")
        assert row is not None
        row.envelope = envelope
        session.add(row)

    world.hub.database.write_now(write)


def doors(hub: Any, actor: Any, connection_id: Any) -> Any:
    """Every verb that takes a connection's id."""
    query = ChoiceQuery()
    return {
        "get": lambda: service.get(hub, actor, connection_id),
        "update": lambda: service.update(hub, actor, connection_id, {"name": "x"}),
        "update secrets": lambda: service.update(hub, actor, connection_id, {"secrets": {"access_token": "x"}}),
        "rename": lambda: service.rename(hub, actor, connection_id, "x"),
        "update_status": lambda: service.update_status(hub, actor, connection_id, "paused"),
        "set_default": lambda: service.set_default(hub, actor, connection_id),
        "disconnect": lambda: service.disconnect(hub, actor, connection_id),
        "test": lambda: service.test(hub, actor, connection_id),
        "usage": lambda: service.usage(hub, actor, connection_id),
        "choices": lambda: service.choices(hub, actor, connection_id, "github.create_issue", "repository", query),
        "open": lambda: open_access(hub, actor.organization_id, connection_id),
    }


@pytest.mark.parametrize("verb", sorted(doors(None, None, "")))
async def test_g01_ids_of_another_organisation_are_no_ids(world: Any, monkeypatch: Any, verb: Any) -> None:
    made = await pasted(world)
    before, calls = world.frozen(), len(world.vendor.calls("/github/"))
    opened = []
    monkeypatch.setattr(type(world.hub.keyring), "open", lambda *given, **_: opened.append(given))
    answers = []
    for connection_id in (made.id, "0" * 32, "", "x'"):
        with pytest.raises(NotFound) as caught:
            await doors(world.hub, world.other, connection_id)[verb]()
        answers.append(str(caught.value))
    assert len(set(answers)) == 1 and opened == []
    assert world.frozen() == before and len(world.vendor.calls("/github/")) == calls
    assert await service.list_by_organization(world.hub, world.other) == []


MANAGED = ("update", "update secrets", "rename", "update_status", "set_default", "disconnect", "test")


@pytest.mark.parametrize("role", ["viewer", "editor", "admin", "owner"])
async def test_g03_roles(world: Any, roles: Any, role: Any) -> None:
    made = await pasted(world)
    actor = roles[role]
    for verb, call in doors(world.hub, actor, made.id).items():
        if verb in {"update secrets", "open", "disconnect"}:
            continue
        needs = role in {"admin", "owner"} if verb in MANAGED else role != "viewer" if verb == "choices" else True
        if needs:
            await call()
            await service.update_status(world.hub, world.owner, made.id, "connected")
        else:
            with pytest.raises(Forbidden):
                await call()
    if role in {"viewer", "editor"}:
        with pytest.raises(Forbidden):
            await service.create(world.hub, actor, "github")
        with pytest.raises(Forbidden):
            await service.disconnect(world.hub, actor, made.id)


async def test_g04_pickers_load_with_the_connection_and_take_nothing_else(world: Any) -> None:
    made = await pasted(world)
    page = await service.choices(
        world.hub, world.owner, made.id, "github.create_issue", "repository", ChoiceQuery("web")
    )
    assert [choice.value for choice in page.choices] == ["acme/web"]
    for name in ("url", "base_url"):
        with pytest.raises(InvalidInput) as caught:
            await service.choices(
                world.hub,
                world.owner,
                made.id,
                "github.create_issue",
                "repository",
                ChoiceQuery("", {name: "http://127.0.0.1"}),
            )
        assert caught.value.code == "unknown_field"
    for action, field in (("slack.send_message", "channel"), ("github.nothing", "x"), ("github.create_issue", "title")):
        with pytest.raises(NotFound):
            await service.choices(world.hub, world.owner, made.id, action, field, ChoiceQuery())


async def test_the_overview_shows_every_provider_and_who_uses_what(world: Any) -> None:
    made = await pasted(world)
    now = world.hub.clock()

    def write(session: Session) -> None:
        for key, live in (("w1", True), ("w1", False), ("w2", False)):
            session.merge(Workflow(organization_id=made_org(world), id=key, name=key, created_at=now, updated_at=now))
            session.add(
                ConnectionUse(organization_id=made_org(world), workflow_id=key, connection_id=made.id, live=live)
            )

    world.hub.database.write_now(write)
    rows = {row.key: row for row in await service.overview(world.hub, world.owner)}
    assert {"github", "slack", "webhook"} <= set(rows)
    [shown] = rows["github"].connections
    assert shown.used_by == 2 and shown.last_synced_at == now and list(shown.fingerprints) == ["access_token"]
    uses = await service.usage(world.hub, world.owner, made.id)
    assert [(use.workflow_id, use.live) for use in uses] == [("w1", True), ("w2", False)]


async def test_changes_at_once_lose_nothing(world: Any) -> None:
    made = await pasted(world)
    await asyncio.gather(*(service.rename(world.hub, world.owner, made.id, f"n{i}") for i in range(10)))
    assert world.connection(made.id).row_version == made.version + 10
