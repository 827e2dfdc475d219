"""Who may call what: every call behind a token and a permission, other organisations' things like none at all."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import Session
from starlette.routing import Route

from integrations_app.errors import StartRefused
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations import sessions
from integrations_app.organizations.permissions import Permission
from integrations_app.tables import metadata
from integrations_app.web.api.app import CALLS, create_api
from integrations_app.web.api.calls import AdmittedRoute, Call
from tests.web.api.conftest import API, RANDOM_ID, definition, published

VIEWER, EDITOR, ADMIN = ("viewer", "editor", "admin", "owner"), ("editor", "admin", "owner"), ("admin", "owner")
WHO = {
    "list_providers": VIEWER,
    "get_provider": VIEWER,
    "create_connection": ADMIN,
    "list_connections": VIEWER,
    "get_connection": VIEWER,
    "update_connection": ADMIN,
    "disconnect": ADMIN,
    "test_connection": ADMIN,
    "list_usage": VIEWER,
    "create_workflow": EDITOR,
    "list_workflows": VIEWER,
    "get_workflow": VIEWER,
    "save_workflow": EDITOR,
    "delete_workflow": EDITOR,
    "publish_workflow": EDITOR,
    "pause_workflow": EDITOR,
    "resume_workflow": EDITOR,
    "start_run": EDITOR,
    "list_runs": VIEWER,
    "get_run": VIEWER,
    "cancel_run": EDITOR,
    "replay_run": EDITOR,
    "replay_runs": EDITOR,
    "resolve_run": EDITOR,
    "list_events": VIEWER,
    "get_event": VIEWER,
    "replay_event": EDITOR,
    "list_endpoints": VIEWER,
    "create_endpoint": ADMIN,
    "change_endpoint": ADMIN,
    "rotate_endpoint": ADMIN,
    "delete_endpoint": ADMIN,
    "list_audit": ADMIN,
    "get_me": VIEWER,
}
"""The contract's table; a new call without a line here fails."""
BODIES: dict[str, Any] = {
    "create_connection": {"provider": "nobody"},
    "update_connection": {"name": "Mine now"},
    "create_workflow": definition(),
    "save_workflow": definition(name="Mine now"),
    "start_run": {"input": {}},
    "replay_run": {},
    "resolve_run": {"step": "a", "outcome": "sent"},
    "create_endpoint": {"name": "x", "kind": "nobody"},
    "change_endpoint": {"allowed_addresses": []},
}
"""What a call needs to be understood; where it names nothing foreign it is refused for another reason."""
BY_ID = [call for call in CALLS if "_id}" in call.path]


def name_of(call: Call) -> str:
    return call.handle.__name__


def filled(path: str, found: str = RANDOM_ID) -> str:
    parts = [found if part.endswith("_id}") else "nobody" if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def given(call: Call) -> dict[str, Any]:
    body = BODIES.get(name_of(call))
    headers = {"If-Match": "1"} if name_of(call) == "save_workflow" else {}
    return {"headers": headers} | ({"json": body} if body is not None else {})


def test_the_table_holds_every_call():
    assert {name_of(call) for call in CALLS} == set(WHO)


def test_every_route_is_one_of_the_calls(hub):
    listed = [route for route in create_api(hub).routes if isinstance(route, Route)]
    assert len(listed) == len(create_api(hub).routes)
    routes = {(method, route.path) for route in listed for method in route.methods or ()}
    pages = {(method, path) for method in ("GET", "HEAD") for path in ("/openapi.json", "/docs")}
    assert routes == {(call.method, call.path) for call in CALLS} | pages


def test_a_route_without_a_permission_is_refused():
    async def open_to_all() -> None: ...

    app = FastAPI()
    for extra in (None, {"x-permission": "everything"}):
        with pytest.raises(StartRefused, match="declares no permission"):
            app.router.add_api_route("/x", open_to_all, openapi_extra=extra, route_class_override=AdmittedRoute)


@pytest.mark.parametrize("role", ["viewer", "editor", "admin", "owner"])
async def test_each_role_may_call_what_the_table_says(caller, role):
    await caller("owner")
    asks = await caller(role)
    refused = set()
    for call in CALLS:
        answer = await asks(call.method, filled(call.path), **given(call))
        assert answer.status_code < 500, answer.text
        if answer.status_code == 403:
            assert answer.json()["error"]["code"] == "forbidden"
            refused.add(name_of(call))
    assert refused == {name for name, who in WHO.items() if role not in who}


async def test_without_a_token_nothing_is_even_read(hub, client, caller):
    ada = await caller("owner")
    cookie = {"Cookie": f"{sessions.COOKIE}={ada.person.cookie}"}
    odd: list[dict[str, str]] = [
        {},
        cookie,
        {"Authorization": f"Basic {ada.token}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {ada.person.cookie}"},
        {"Authorization": f"Bearer integrations_{'0' * 64}"},
    ]
    for number, call in enumerate(CALLS):
        headers = odd[number % 5]  # not the last: ten wrong ones and the address has to wait
        answer = await client.request(call.method, API + filled(call.path), headers=headers, content=b"{")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated"), call.path
    assert (await client.get(f"{API}/me", headers=odd[5])).status_code == 401
    twice = [("Authorization", f"Bearer {ada.token}"), ("Authorization", "Bearer x")]
    assert (await client.get(f"{API}/me", headers=twice)).status_code == 401


async def test_permission_comes_before_the_body(caller):
    await caller("owner")
    viewer = await caller("viewer")
    assert await viewer.refused("POST", "/workflows", content=b"{") == (403, "forbidden")
    assert await viewer.refused("POST", "/connections", json={"provider": 1, "evil": 2}) == (403, "forbidden")


async def test_what_was_denied_stands_in_the_audit_log_once_a_minute(caller):
    owner, viewer = await caller("owner"), await caller("viewer")
    for _ in range(3):
        assert await viewer.refused("POST", "/workflows", json=definition()) == (403, "forbidden")
    (row,) = (await owner.get("/audit", name="authz.denied"))["items"]
    assert (row["actor_id"], row["detail"]["call"]) == (viewer.person.user_id, "POST /workflows")
    assert row["detail"]["token"] == (await viewer.get("/me"))["token"]["id"]


async def test_a_browser_of_another_site_gets_nothing(caller, client):
    ada = await caller("owner")
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    cookie = {"Cookie": f"{sessions.COOKIE}={ada.person.cookie}"}
    answer = await client.post(f"{API}/workflows", json=definition(), headers=foreign | cookie)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = await client.request("OPTIONS", f"{API}/workflows", headers=foreign | asked)
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert "access-control-allow-origin" not in (await ada("GET", "/me", headers=foreign)).headers


async def test_a_revoked_token_and_a_removed_person_end_at_once(hub, caller):
    from integrations_app.organizations import members, tokens

    owner, ada = await caller("owner"), await caller("admin")
    assert (await ada("GET", "/me")).status_code == 200
    await members.change_role(hub, owner.person.actor, ada.person.user_id, "viewer")
    assert (await ada.get("/me"))["permissions"] == ["view"]
    await members.remove_member(hub, owner.person.actor, ada.person.user_id)
    assert await ada.refused("GET", "/me") == (401, "unauthenticated")
    mine = (await owner.get("/me"))["token"]["id"]
    await tokens.revoke(hub, owner.person.actor, mine)
    assert await owner.refused("GET", "/me") == (401, "unauthenticated")


def rows_of(hub, organization_id: str) -> dict[str, list[Any]]:
    """Every row of an organisation, but for what looking leaves behind: a token's last use."""

    def read(session: Session) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        with across_organizations("a test looks at everything"):
            for table in metadata.sorted_tables:
                if "organization_id" in table.c and table.name != "api_token":
                    statement = select(table).where(table.c.organization_id == organization_id)
                    found[table.name] = sorted(map(repr, session.execute(statement)))
        return found

    rows: dict[str, list[Any]] = hub.database.read_now(read)
    return rows


@pytest.fixture
async def belongings(caller, client, hub, vendor):
    """One thing of each kind that belongs to Beta, by the name of its id."""
    beta = await caller("owner", "Beta")
    token = vendor.token("github", "octo-hub")
    connection = await beta.post("/connections", {"provider": "github", "secrets": {"access_token": token}})
    endpoint = await beta.post("/endpoints", {"name": "in", "kind": "none", "confirm_unsigned": True})
    delivered = await client.post(f"/api/webhooks/{endpoint['id']}", json={"a": 1})
    assert delivered.status_code == 202
    workflow = await published(beta)
    run = await beta.post(f"/workflows/{workflow}/runs", {}, 202)
    events = (await beta.get("/events"))["items"]
    return beta, {
        "connection_id": connection["id"],
        "endpoint_id": endpoint["id"],
        "event_id": events[0]["id"],
        "workflow_id": workflow,
        "run_id": run["run_id"],
    }


async def test_what_belongs_to_others_is_answered_like_nothing(hub, caller, vendor, belongings):
    beta, theirs = belongings
    acme = await caller("owner", "Acme")
    before, calls = rows_of(hub, beta.person.organization_id), vendor.calls("/github")
    assert {part for call in BY_ID for part in call.path.split("/") if part.endswith("_id}")} == {
        f"{{{name}}}" for name in theirs
    }
    for call in BY_ID:
        name = next(part for part in call.path.split("/") if part.endswith("_id}")).strip("{}")
        answers = []
        for found in (theirs[name], RANDOM_ID, "not-an-id", theirs[name].upper(), f"{theirs[name]}%00"):
            answer = await acme(call.method, filled(call.path, found), **given(call))
            body = answer.json()
            body["error"].pop("request_id")
            answers.append((answer.status_code, body["error"]["code"]))
        assert set(answers) == {(404, "not_found")}, call.path
    assert rows_of(hub, beta.person.organization_id) == before
    assert vendor.calls("/github") == calls


@pytest.mark.parametrize("call", BY_ID, ids=name_of)
async def test_the_refusal_of_a_foreign_id_has_the_words_of_a_random_one(caller, belongings, call):
    _, theirs = belongings
    acme = await caller("owner", "Acme")
    name = next(part for part in call.path.split("/") if part.endswith("_id}")).strip("{}")
    told = []
    for found in (theirs[name], RANDOM_ID):
        error = (await acme(call.method, filled(call.path, found), **given(call))).json()["error"]
        error.pop("request_id")
        told.append(error)
    assert told[0] == told[1]


async def test_foreign_ids_in_filters_and_bodies_find_nothing(caller, belongings):
    _, theirs = belongings
    acme = await caller("owner", "Acme")
    for found in (*theirs.values(), RANDOM_ID):
        assert (await acme.get("/runs", workflow_id=found))["items"] == []
        assert (await acme.get("/runs", event_id=found))["items"] == []
        assert (await acme.get("/events", endpoint_id=found))["items"] == []
        step = {"key": "a", "type": "action", "action": "github.create_issue", "connection": found}
        made = await acme.post("/workflows", definition(step))
        assert "missing_connection" in {one["code"] for one in made["problems"]}
    for path in ("/connections", "/runs", "/events", "/endpoints"):
        assert (await acme.get(path))["items"] == []


def test_the_permissions_are_those_of_the_pages():
    assert {call.needs for call in CALLS} == set(Permission) - {Permission.MANAGE_KEYS}
