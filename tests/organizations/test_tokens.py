"""API tokens: made, looked up with the lower role, ended at once, guessed in vain."""

from datetime import timedelta

import pytest

from integrations_app.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited, Unauthenticated
from integrations_app.organizations import audit, members, service, token_rows, tokens
from integrations_app.organizations.models import ApiToken

DAY = timedelta(days=1)


async def make(hub, actor, **given):
    row, token = await tokens.create(hub, actor, **{"name": "ci", **given})
    return row, token.reveal("test")


def audits(hub, organization_id, name):
    page = hub.database.read_now(lambda session: audit.list_events(session, organization_id, audit.Filters(name=name)))
    return page.items


async def test_a_token_acts_for_its_person(hub, person):
    ada = await person("admin")
    row, token = await make(hub, ada.actor)
    bearer = await tokens.require(hub, token, "192.0.2.7")
    assert (bearer.actor.user_id, bearer.actor.role, bearer.actor.token_id) == (ada.user_id, "admin", row.id)
    assert (bearer.actor.address, bearer.actor.session_hash) == ("192.0.2.7", "")
    assert bearer.organization_name == "Acme"
    assert [one.detail["name"] for one in audits(hub, ada.organization_id, "token.created")] == ["ci"]


async def test_only_a_keyed_hash_is_kept(hub, person):
    ada = await person("owner")
    _, token = await make(hub, ada.actor)
    stored = hub.database.read_now(lambda session: token_rows.list_alive(session, ada.organization_id, hub.clock()))
    assert token not in repr([row for row, _ in stored])
    assert await tokens.find(hub, stored[0][0].token_hash) is None
    assert await tokens.find(hub, tokens.PREFIX + stored[0][0].token_hash) is None


@pytest.mark.parametrize(("role", "may"), [("viewer", 1), ("editor", 2), ("admin", 3), ("owner", 4)])
async def test_a_role_above_ones_own_is_refused(hub, person, role, may):
    actor = (await person(role)).actor
    given = []
    for wanted in ("viewer", "editor", "admin", "owner"):
        try:
            given.append((await make(hub, actor, role=wanted))[0].role)
        except Forbidden:
            continue
    assert len(given) == may


async def test_the_lower_role_counts(hub, person):
    owner, ada = await person("owner"), await person("admin")
    _, low = await make(hub, ada.actor, role="viewer")
    _, high = await make(hub, ada.actor)
    assert (await tokens.require(hub, low)).actor.role == "viewer"
    await members.change_role(hub, owner.actor, ada.user_id, "editor")
    assert (await tokens.require(hub, high)).actor.role == "editor"
    assert (await tokens.require(hub, low)).actor.role == "viewer"


async def test_a_token_dies_with_the_membership_and_stays_dead(hub, person):
    owner, ada = await person("owner"), await person("editor")
    _, token = await make(hub, ada.actor)
    await members.remove_member(hub, owner.actor, ada.user_id)
    assert await tokens.find(hub, token) is None
    await hub.database.write(lambda session: _join_again(session, ada, hub.clock()))
    assert await tokens.find(hub, token) is None


def _join_again(session, person, now):
    from integrations_app.organizations.models import Member

    place = {"organization_id": person.organization_id, "user_id": person.user_id}
    session.add(Member(**place, role="editor", created_at=now))


async def test_a_token_of_a_disabled_person_dies(hub, person):
    ada = await person("editor")
    _, token = await make(hub, ada.actor)
    await service.disable_user(hub, ada.email)
    assert await tokens.find(hub, token) is None


async def test_a_token_expires(hub, person, clock):
    ada = await person("editor")
    row, token = await make(hub, ada.actor, lifetime=DAY)
    assert row.expires_at == clock() + DAY
    clock.advance(DAY - timedelta(seconds=1))
    assert await tokens.find(hub, token) is not None
    clock.advance(timedelta(seconds=1))
    assert await tokens.find(hub, token) is None
    assert await tokens.list_tokens(hub, ada.actor) == []


async def test_the_last_use_is_kept_to_the_minute(hub, person, clock):
    ada = await person("editor")
    _, token = await make(hub, ada.actor)
    first = clock()
    await tokens.require(hub, token)
    clock.advance(timedelta(seconds=59))
    await tokens.require(hub, token)
    assert (await tokens.list_tokens(hub, ada.actor))[0].last_used_at == first
    clock.advance(timedelta(seconds=1))
    await tokens.require(hub, token)
    assert (await tokens.list_tokens(hub, ada.actor))[0].last_used_at == clock()


async def test_people_see_and_end_their_own_and_admins_all(hub, person):
    ada, ben, admin = await person("editor"), await person("viewer"), await person("admin")
    adas, token = await make(hub, ada.actor, name="ada")
    await make(hub, ben.actor, name="ben")
    assert [one.name for one in await tokens.list_tokens(hub, ada.actor)] == ["ada"]
    assert {one.name for one in await tokens.list_tokens(hub, admin.actor)} == {"ada", "ben"}
    with pytest.raises(NotFound):
        await tokens.revoke(hub, ben.actor, adas.id)
    assert await tokens.find(hub, token) is not None
    await tokens.revoke(hub, admin.actor, adas.id)
    assert await tokens.find(hub, token) is None
    with pytest.raises(NotFound):
        await tokens.revoke(hub, ada.actor, adas.id)
    assert [one.actor for one in audits(hub, ada.organization_id, "token.revoked")] == [admin.email]


async def test_another_organisation_cannot_touch_a_token(hub, person):
    ada, eve = await person("owner"), await person("owner", organization="Beta")
    row, token = await make(hub, ada.actor)
    for token_id in (row.id, "0" * 32, "nonsense", "\x00"):
        with pytest.raises(NotFound):
            await tokens.revoke(hub, eve.actor, token_id)
    assert await tokens.list_tokens(hub, eve.actor) == []
    assert await tokens.find(hub, token) is not None


async def test_what_an_act_was_done_with_is_audited(hub, person):
    ada = await person("owner")
    row, token = await make(hub, ada.actor)
    bearer = await tokens.require(hub, token)
    other, _ = await make(hub, ada.actor)
    await tokens.revoke(hub, bearer.actor, other.id)
    assert audits(hub, ada.organization_id, "token.revoked")[0].detail["token"] == row.id


async def test_guessing_is_slowed_down_and_the_right_token_still_works(hub, person):
    ada = await person("owner")
    _, token = await make(hub, ada.actor)
    wrong = tokens.PREFIX + "0" * 64
    for attempt in range(30):
        with pytest.raises(Unauthenticated if attempt < 10 else RateLimited):
            await tokens.require(hub, wrong, "192.0.2.9")
    assert (await tokens.require(hub, token, "192.0.2.9")).actor.user_id == ada.user_id
    with pytest.raises(Unauthenticated):
        await tokens.require(hub, wrong, "192.0.2.10")
    hub.clock.advance(timedelta(minutes=1))
    with pytest.raises(RateLimited):
        await tokens.require(hub, wrong, "192.0.2.9")
    assert [one.detail["count"] for one in audits(hub, "system", "token.refused")] == ["31", "1"]


@pytest.mark.parametrize("token", ["", "x", "integrations_", "é" * 77, "integrations_" + "g" * 64, "\x00" * 77])
async def test_what_has_not_the_shape_is_refused(hub, token):
    assert await tokens.find(hub, token) is None


async def test_odd_tokens_are_not_made(hub, person):
    ada = await person("owner")
    for given in ({"name": " "}, {"name": "x" * 101}, {"role": "king"}, {"lifetime": timedelta(0)}):
        with pytest.raises(InvalidInput):
            await make(hub, ada.actor, **given)
    now = hub.clock()

    def fill(session):
        for number in range(tokens.MOST):
            place = {"organization_id": ada.organization_id, "user_id": ada.user_id, "id": f"{number:032x}"}
            session.add(ApiToken(**place, token_hash=str(number), name="x", role="viewer", created_at=now))

    await hub.database.write(fill)
    with pytest.raises(Conflict) as refused:
        await make(hub, ada.actor)
    assert refused.value.code == "too_many_tokens"
