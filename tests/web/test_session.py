"""Setup, sign-in, sign-out and invitations over HTTP."""

import re
from datetime import timedelta

import pytest

from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, invitations, service, sessions

ORIGIN = "http://localhost:3000"
BROWSER = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Accept": "text/html,application/xhtml+xml"}
TOKEN = "setup-token-of-the-test"


def cookie(token):
    return {"Cookie": f"{sessions.COOKIE}={token}"}


def given_cookie(answer):
    found = re.match(rf"{sessions.COOKIE}=([0-9a-f]+);", answer.headers["set-cookie"])
    assert found is not None
    return found[1]


@pytest.fixture
async def fresh(hub):
    await hub.database.write(lambda session: service.prepare_setup(session, hub.keyring, Secret(TOKEN), hub.clock()))


def setup_form(**change):
    return {
        "setup_token": TOKEN,
        "organization": "Acme",
        "email": "Ada@Acme.example",
        "password": "correct horse",
        **change,
    }


async def test_setup_makes_the_owner_once_and_is_gone(hub, client, fresh):
    page = await client.get("/setup", params={"token": '"><script>x'})
    assert page.status_code == 200
    assert "<script" not in page.text
    for label in ("Setup token", "Organization", "Email", "Password"):
        assert re.search(rf"<label for=\"\w+\">{label}</label>", page.text)
    assert ">Create account</button>" in page.text
    done = await client.post("/auth/setup", data=setup_form(), headers=BROWSER)
    assert (done.status_code, done.headers["location"]) == (303, "/integrations")
    token = given_cookie(done)
    actor = await sessions.require(hub, token)
    assert (actor.email, actor.role) == ("ada@acme.example", "owner")
    assert (await client.get("/setup")).status_code == 404
    assert (await client.post("/auth/setup", data=setup_form(email="b@acme.example"))).status_code == 404
    events = hub.database.read_now(lambda session: audit.list_events(session, actor.organization_id, audit.Filters()))
    assert [event.name for event in events.items] == ["organization.created"]


async def test_setup_needs_the_printed_token(hub, client, fresh):
    answer = await client.post("/auth/setup", data=setup_form(setup_token="guessed-guessed-guessed"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "setup_token_invalid")
    assert await service.setup_open(hub)
    for _ in range(9):
        await client.post("/auth/setup", data=setup_form(setup_token="guessed-guessed-guessed"))
    answer = await client.post("/auth/setup", data=setup_form())
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")


async def test_a_restart_prints_another_token_and_the_old_one_is_dead(hub, client, fresh):
    await hub.database.write(
        lambda session: service.prepare_setup(session, hub.keyring, Secret("another-setup-token"), hub.clock())
    )
    assert (await client.post("/auth/setup", data=setup_form())).status_code == 403
    assert (await client.post("/auth/setup", data=setup_form(setup_token="another-setup-token"))).status_code == 303
    again = await hub.database.write(
        lambda session: service.prepare_setup(session, hub.keyring, Secret(TOKEN), hub.clock())
    )
    assert again is False


@pytest.mark.parametrize(
    ("change", "field"),
    [({"email": "nobody"}, "email"), ({"password": "short"}, "password"), ({"organization": " "}, "organization")],
)
async def test_setup_shows_what_is_wrong_at_its_field(client, fresh, change, field):
    answer = await client.post("/auth/setup", data=setup_form(**change), headers=BROWSER)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert "correct horse" not in answer.text


async def test_sign_in_sets_the_cookie_exactly(client, person):
    ada = await person("owner")
    done = await client.post("/auth/login", data={"email": ada.email, "password": ada.password}, headers=BROWSER)
    assert (done.status_code, done.headers["location"]) == (303, "/integrations")
    parts = [part.strip().lower() for part in done.headers["set-cookie"].split(";")]
    assert parts[0].startswith("__host-integrations_session=")
    assert len(parts[0].partition("=")[2]) == 64
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=1209600"} == set(parts[1:])


async def test_sign_in_page_is_accessible_and_shows_errors(client, person):
    await person("owner")
    page = await client.get("/login")
    assert "<main>" in page.text
    assert "<h1>Sign in</h1>" in page.text
    assert '<label for="email">Email</label>' in page.text
    assert '<label for="password">Password</label>' in page.text
    assert '<button type="submit">Sign in</button>' in page.text
    form = {"email": "<b>@acme.example", "password": "wrong"}
    refused = await client.post("/auth/login", data=form, headers=BROWSER)
    assert refused.status_code == 401
    assert 'role="alert"' in refused.text
    assert "<b>" not in refused.text


async def test_a_script_gets_the_json_shape(client):
    answer = await client.post("/auth/login", data={"email": "x@y.example", "password": "wrong"})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["code"] == "unauthenticated"
    assert error["request_id"] == answer.headers["x-request-id"]


async def test_unknown_and_repeated_fields_are_refused(client):
    for body in ("email=a&password=b&role=owner", "email=a&email=b&password=c"):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/auth/login", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown_field")
    for content, kind in (("{}", "application/json"), ("x" * 20_000, "application/x-www-form-urlencoded")):
        answer = await client.post("/auth/login", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "form_invalid")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil", "/\t/evil", "javascript:alert(1)", "https:evil", "", "evil"],
)
async def test_next_never_leaves_the_product(client, person, target):
    ada = await person("owner")
    form = {"email": ada.email, "password": ada.password, "next": target}
    done = await client.post("/auth/login", data=form, headers=BROWSER)
    assert (done.status_code, done.headers["location"]) == (303, "/integrations")
    seen = await client.get("/login", params={"next": target}, headers=cookie(ada.cookie))
    assert seen.headers["location"] == "/integrations"


async def test_next_leads_back(client, person):
    ada = await person("owner")
    form = {"email": ada.email, "password": ada.password, "next": "/runs/1?status=failed"}
    done = await client.post("/auth/login", data=form)
    assert done.headers["location"] == "/runs/1?status=failed"


async def test_a_session_from_before_sign_in_is_not_taken_over(hub, client, person):
    ada = await person("owner")
    for preset in ("f" * 64, ada.cookie):
        form = {"email": ada.email, "password": ada.password}
        done = await client.post("/auth/login", data=form, headers=cookie(preset))
        assert preset not in done.headers["set-cookie"]
        assert await sessions.find(hub, preset) is None


async def test_sign_out_ends_the_session_and_clears_the_browser(hub, client, person):
    ada = await person("owner")
    done = await client.post("/auth/logout", headers={**BROWSER, **cookie(ada.cookie)})
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    assert done.headers["clear-site-data"] == '"cookies", "storage"'
    assert "max-age=0" in done.headers["set-cookie"].lower()
    assert await sessions.find(hub, ada.cookie) is None
    assert (await client.get("/integrations", headers=cookie(ada.cookie))).status_code == 303


async def test_an_invitation_makes_a_member_once(hub, client, person):
    owner = await person("owner")
    link = await invitations.invite(hub, owner.actor, role="editor")
    page = await client.get(f"/invitation/{link}")
    assert page.status_code == 200
    assert "Join Acme" in page.text
    form = {"token": link, "email": "new@acme.example", "password": "long enough"}
    done = await client.post("/auth/invitation/accept", data=form, headers=BROWSER)
    assert done.status_code == 303
    token = given_cookie(done)
    actor = await sessions.require(hub, token)
    assert (actor.email, actor.role, actor.organization_id) == ("new@acme.example", "editor", owner.organization_id)
    for again in (await client.get(f"/invitation/{link}"), await client.post("/auth/invitation/accept", data=form)):
        assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")


async def test_an_invitation_adds_somebody_who_is_signed_in(hub, client, person):
    owner, guest = await person("owner"), await person("owner", "Other")
    link = await invitations.invite(hub, owner.actor, role="viewer")
    signed_out = {"token": link, "email": guest.email, "password": "long enough"}
    refused = await client.post("/auth/invitation/accept", data=signed_out)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "user_exists")
    page = await client.get(f"/invitation/{link}", headers=cookie(guest.cookie))
    assert f"Join as {guest.email}" in page.text
    done = await client.post("/auth/invitation/accept", data={"token": link}, headers=cookie(guest.cookie))
    assert done.status_code == 303
    token = given_cookie(done)
    actor = await sessions.require(hub, token)
    assert (actor.user_id, actor.role, actor.organization_id) == (guest.user_id, "viewer", owner.organization_id)
    back = await client.post("/auth/switch", data={"organization": guest.organization_id}, headers=cookie(token))
    assert back.status_code == 303
    assert await sessions.find(hub, token) is None


async def test_expired_revoked_and_foreign_invitations(hub, client, person, clock):
    owner = await person("owner")
    old = await invitations.invite(hub, owner.actor, role="viewer")
    bound = await invitations.invite(hub, owner.actor, role="viewer", email="only@acme.example")
    form = {"token": bound, "email": "other@acme.example", "password": "long enough"}
    refused = await client.post("/auth/invitation/accept", data=form)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "invitation_for_other")
    revoked = await invitations.invite(hub, owner.actor, role="viewer")
    newest = (await invitations.list_open(hub, owner.actor))[0]
    for row in await invitations.list_open(hub, owner.actor):
        if row.id == newest.id or not row.email:
            await invitations.revoke(hub, owner.actor, row.id)
    assert (await client.get(f"/invitation/{revoked}")).status_code == 404
    assert (await client.get(f"/invitation/{old}")).status_code == 404
    late = await invitations.invite(hub, owner.actor, role="viewer")
    clock.advance(timedelta(days=7))
    assert (await client.get(f"/invitation/{late}")).status_code == 404


async def test_switching_into_a_foreign_organization_is_not_found(client, person):
    ada, eve = await person("owner"), await person("owner", "Other")
    for target in (eve.organization_id, "0" * 32):
        answer = await client.post("/auth/switch", data={"organization": target}, headers=cookie(ada.cookie))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
