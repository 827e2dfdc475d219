"""Who may change whom: the role matrix, owners, other organisations (G01, G03, G08)."""

import pytest

from integrations_app.errors import Conflict, Forbidden, InvalidInput, NotFound
from integrations_app.organizations import invitations, members, service, sessions
from integrations_app.organizations.models import Role
from integrations_app.organizations.permissions import Permission, allowed

ROLES = [role.value for role in Role]
TABLE = {
    Permission.VIEW: {"viewer", "editor", "admin", "owner"},
    Permission.EDIT_WORKFLOWS: {"editor", "admin", "owner"},
    Permission.MANAGE_CONNECTIONS: {"admin", "owner"},
    Permission.MANAGE_MEMBERS: {"admin", "owner"},
    Permission.MANAGE_KEYS: {"owner"},
}


@pytest.mark.parametrize("permission", list(Permission))
def test_the_permission_table_is_the_documented_one(permission):
    assert {role for role in ROLES if allowed(role, permission)} == TABLE[permission]
    assert not allowed("root", permission)


async def outcome(act):
    try:
        await act
    except (Forbidden, NotFound, Conflict) as error:
        return error.code
    return "ok"


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_what_the_table_says(hub, person, role):
    await person("owner")
    actor = (await person(role)).actor
    may = "ok" if role in {"admin", "owner"} else "forbidden"
    owners = "ok" if role == "owner" else "forbidden"
    assert await outcome(members.list_members(hub, actor)) == may
    assert await outcome(invitations.invite(hub, actor, role="viewer")) == may
    assert await outcome(invitations.invite(hub, actor, role="owner")) == owners
    assert await outcome(invitations.list_open(hub, actor)) == may
    for target in ("viewer", "editor", "admin"):
        other = await person(target)
        assert await outcome(members.change_role(hub, actor, other.user_id, "editor")) == may
        assert await outcome(members.change_role(hub, actor, other.user_id, "owner")) == owners
        gone = await person(target)
        assert await outcome(members.remove_member(hub, actor, gone.user_id)) == may
    owner = await person("owner")
    assert await outcome(members.change_role(hub, actor, owner.user_id, "admin")) == owners
    assert await outcome(members.remove_member(hub, actor, (await person("owner")).user_id)) == owners


async def test_the_last_owner_stays(hub, person):
    owner = await person("owner")
    await person("admin")
    assert await outcome(members.change_role(hub, owner.actor, owner.user_id, "admin")) == "last_owner"
    assert await outcome(members.remove_member(hub, owner.actor, owner.user_id)) == "last_owner"
    second = await person("owner")
    await service.disable_user(hub, second.email)
    assert await outcome(members.remove_member(hub, owner.actor, owner.user_id)) == "last_owner"
    await person("owner")
    assert await outcome(members.remove_member(hub, owner.actor, owner.user_id)) == "ok"


async def test_two_owners_cannot_remove_each_other_at_once(hub, person):
    import asyncio

    one, two = await person("owner"), await person("owner")
    codes = await asyncio.gather(
        outcome(members.remove_member(hub, one.actor, two.user_id)),
        outcome(members.remove_member(hub, two.actor, one.user_id)),
    )
    assert sorted(codes) == ["ok", "session_revoked"]


async def test_anybody_may_leave(hub, person):
    await person("owner")
    viewer = await person("viewer")
    assert await outcome(members.remove_member(hub, viewer.actor, viewer.user_id)) == "ok"
    assert await sessions.find(hub, viewer.cookie) is None


async def test_a_member_of_another_organization_is_as_unknown_as_nobody(hub, person):
    ada, eve = await person("owner"), await person("editor", "Other")
    for user_id in (eve.user_id, "0" * 32, "", "\x00", "\ud800", eve.user_id.upper()):
        assert await outcome(members.change_role(hub, ada.actor, user_id, "viewer")) == "not_found"
        assert await outcome(members.remove_member(hub, ada.actor, user_id)) == "not_found"
    link_owner = await person("owner", "Other")
    await invitations.invite(hub, link_owner.actor, role="viewer")
    foreign = (await invitations.list_open(hub, link_owner.actor))[0]
    for invitation_id in (foreign.id, "0" * 32, "\x00"):
        assert await outcome(invitations.revoke(hub, ada.actor, invitation_id)) == "not_found"
    assert len(await invitations.list_open(hub, link_owner.actor)) == 1
    assert await invitations.list_open(hub, ada.actor) == []
    rows = await members.list_members(hub, ada.actor)
    assert eve.email not in {row.email for row in rows}
    assert await sessions.find(hub, eve.cookie)


async def test_a_lowered_role_ends_the_sessions_a_raised_one_does_not(hub, person):
    owner, other = await person("owner"), await person("editor")
    await members.change_role(hub, owner.actor, other.user_id, "admin")
    found = await sessions.find(hub, other.cookie)
    assert found is not None
    assert found.actor.role == "admin"
    await members.change_role(hub, owner.actor, other.user_id, "viewer")
    assert await sessions.find(hub, other.cookie) is None


async def test_a_stale_actor_decides_nothing(hub, person):
    owner, admin, victim = await person("owner"), await person("admin"), await person("viewer")
    await members.change_role(hub, owner.actor, admin.user_id, "viewer")
    assert await outcome(members.remove_member(hub, admin.actor, victim.user_id)) == "session_revoked"
    assert await sessions.find(hub, victim.cookie)


async def test_sessions_elsewhere_survive_a_removal_here(hub, person):
    owner, guest = await person("owner"), await person("owner", "Other")
    link = await invitations.invite(hub, owner.actor, role="viewer")
    here = await invitations.accept_signed_in(hub, guest.actor, link)
    there = await service.switch_organization(hub, await sessions.require(hub, here), guest.organization_id)
    assert {row.name: row.current for row in await choices(hub, there)} == {"Other": True, "Acme": False}
    await members.remove_member(hub, owner.actor, guest.user_id)
    assert await sessions.find(hub, there)


async def choices(hub, cookie):
    actor = await sessions.require(hub, cookie)
    return await hub.database.read(lambda session: service.list_organizations(session, actor))


async def test_an_unknown_role_is_refused(hub, person):
    owner, other = await person("owner"), await person("viewer")
    with pytest.raises(InvalidInput):
        await members.change_role(hub, owner.actor, other.user_id, "root")
    with pytest.raises(InvalidInput):
        await invitations.invite(hub, owner.actor, role="")
