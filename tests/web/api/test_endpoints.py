"""Endpoints over the API: opened, rotated with a grace, and unsigned only when the caller says so."""

import pytest
from sqlalchemy import update
from sqlmodel import col

from integrations_app.workflows.models import Endpoint
from tests.kit.test_jwt import PRIVATE, public_pem


async def test_a_secret_is_rotated_with_a_grace(caller):
    ada = await caller("admin")
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer"})
    assert made["former_until"] is None
    rotated = await ada.post(f"/endpoints/{made['id']}/rotate", {"grace_seconds": 86400}, 200)
    assert rotated["former_until"] is not None
    assert rotated["secret"] not in ("", None, made["secret"])
    shown = (await ada.get("/endpoints"))["items"][0]
    assert (shown["former_until"], "secret" in shown) == (rotated["former_until"], False)
    at_once = await ada.post(f"/endpoints/{made['id']}/rotate", {"secret": "their own"}, 200)
    assert (at_once["former_until"], at_once["secret"]) == (None, "their own")


@pytest.mark.parametrize("body", [{"grace_seconds": -1}, {"grace_seconds": 604801}, {"grace": 1}, {"secret": ""}])
async def test_odd_rotations_are_refused(caller, body):
    ada = await caller("admin")
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer"})
    assert (await ada.refused("POST", f"/endpoints/{made['id']}/rotate", json=body))[0] == 422


async def test_only_who_manages_connections_rotates(caller):
    ada, eve = await caller("admin"), await caller("editor")
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer"})
    assert (await eve.refused("POST", f"/endpoints/{made['id']}/rotate"))[0] in {403, 404}


async def test_an_unsigned_address_needs_a_yes(caller):
    ada = await caller("admin")
    for body in ({}, {"confirm_unsigned": False}):
        answer = await ada("POST", "/endpoints", json={"name": "in", "kind": "none", **body})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], set(error["fields"])) == (422, "invalid_input", {"confirm_unsigned"})
        assert "whoever learns the address" in error["fields"]["confirm_unsigned"]
    made = await ada.post("/endpoints", {"name": "in", "kind": "none", "confirm_unsigned": True})
    assert (made["kind"], made["secret"]) == ("none", None)


async def test_addresses_are_set_at_the_start_and_changed_later(caller):
    ada, eve = await caller("admin"), await caller("editor")
    made = await ada.post(
        "/endpoints", {"name": "in", "kind": "bearer", "allowed_addresses": ["203.0.113.7/32", "2001:DB8::/32"]}
    )
    assert made["allowed_addresses"] == ["203.0.113.7", "2001:db8::/32"]
    path = f"/endpoints/{made['id']}"
    assert (await ada("PATCH", path, json={})).json()["allowed_addresses"] == made["allowed_addresses"]
    assert (await ada("PATCH", path, json={"allowed_addresses": []})).json()["allowed_addresses"] == []
    answer = await ada("PATCH", path, json={"allowed_addresses": ["203.0.113.7", "203.0.113.7/24"]})
    assert answer.json()["error"]["fields"] == {"allowed_addresses.1": "is no network: did you mean 203.0.113.0/24?"}
    assert (await eve.refused("PATCH", path, json={"allowed_addresses": []}))[0] in {403, 404}
    assert (await ada("GET", "/endpoints")).json()["items"][0]["allowed_addresses"] == []


async def test_a_token_rule_is_set_at_the_start_and_changed_later(caller):
    ada = await caller("admin")
    plain = await ada.post("/endpoints", {"name": "in", "kind": "jwt"})
    assert plain["jwt"] == {"algorithm": "HS256", "issuer": "", "audience": ""}
    assert len(plain["secret"]) == 64
    rule = {"algorithm": "HS512", "issuer": "https://shop.example", "audience": "hub"}
    made = await ada.post("/endpoints", {"name": "in", "kind": "jwt", "jwt": rule})
    assert made["jwt"] == rule
    path = f"/endpoints/{made['id']}"
    changed = (await ada("PATCH", path, json={"jwt": rule | {"issuer": ""}})).json()
    assert (changed["jwt"], "secret" in changed) == (rule | {"issuer": ""}, False)
    for body in (
        {"name": "in", "kind": "bearer", "jwt": rule},
        {"name": "in", "kind": "jwt", "jwt": rule | {"algorithm": "none"}},
        {"name": "in", "kind": "jwt", "jwt": rule | {"algorithm": "RS256"}},
        {"name": "in", "kind": "jwt", "secret": "too short"},
    ):
        assert (await ada.refused("POST", "/endpoints", json=body))[0] == 422
    assert (await ada.refused("PATCH", path, json={"jwt": rule | {"algorithm": "HS256"}}))[0] == 422


async def test_a_change_of_a_token_rule_leaves_what_it_does_not_name(caller):
    ada = await caller("admin")
    rule = {"algorithm": "RS256", "issuer": "https://shop.example", "audience": "hub"}
    body = {"name": "in", "kind": "jwt", "jwt": rule, "secret": public_pem(PRIVATE["RS256"])}
    path = f"/endpoints/{(await ada.post('/endpoints', body))['id']}"
    for change, left in (
        ({}, rule),
        ({"audience": "elsewhere"}, rule | {"audience": "elsewhere"}),
        ({"algorithm": "RS256", "audience": None}, rule | {"audience": ""}),
        ({"issuer": None, "audience": "hub"}, rule | {"issuer": ""}),
        ({"issuer": "https://shop.example"}, rule),
    ):
        answer = await ada("PATCH", path, json={"jwt": change})
        assert (answer.status_code, answer.json()["jwt"]) == (200, left)
    for odd in ({"algorithm": "ES256"}, {"algorithm": "none"}, {"issuer": 7}, {"subject": "x"}):
        assert (await ada.refused("PATCH", path, json={"jwt": odd}))[0] == 422
    plain = await ada.post("/endpoints", {"name": "in", "kind": "bearer"})
    assert (await ada.refused("PATCH", f"/endpoints/{plain['id']}", json={"jwt": {}}))[0] == 422


async def test_a_cap_is_set_at_the_start_and_changed_later(caller):
    ada = await caller("admin")
    assert (await ada.post("/endpoints", {"name": "in", "kind": "bearer"}))["per_minute"] == 0
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer", "per_minute": 60})
    assert made["per_minute"] == 60
    path = f"/endpoints/{made['id']}"
    assert (await ada("PATCH", path, json={"per_minute": 5})).json()["per_minute"] == 5
    assert (await ada("PATCH", path, json={"answer_seconds": 1})).json()["per_minute"] == 5
    assert (await ada("PATCH", path, json={"per_minute": 0})).json()["per_minute"] == 0
    for odd in (-1, 100_001, "many"):
        assert (await ada.refused("PATCH", path, json={"per_minute": odd}))[0] == 422


async def test_what_the_product_keeps_for_a_connection_is_not_changed(hub, caller):
    ada = await caller("admin")
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer"})
    organization_id = ada.person.actor.organization_id
    kept = update(Endpoint).where(col(Endpoint.organization_id) == organization_id).values(connection_id="c" * 32)
    await hub.database.write(lambda session: session.execute(kept) and None)
    for body in ({"allowed_addresses": ["203.0.113.7"]}, {"answer_seconds": 5}, {"per_minute": 1}, {}):
        answer = await ada.refused("PATCH", f"/endpoints/{made['id']}", json=body)
        assert answer == (409, "endpoint_managed")
    (shown,) = (await ada.get("/endpoints"))["items"]
    assert (shown["allowed_addresses"], shown["answer_seconds"], shown["per_minute"]) == ([], 0, 0)


async def test_the_time_to_wait_for_an_answer_is_set(caller):
    ada = await caller("admin")
    made = await ada.post("/endpoints", {"name": "in", "kind": "bearer", "answer_seconds": 10})
    path = f"/endpoints/{made['id']}"
    assert made["answer_seconds"] == 10
    assert (await ada("PATCH", path, json={"answer_seconds": 0})).json()["answer_seconds"] == 0
    for odd in (-1, 26, "soon", 1.5):
        assert (await ada.refused("PATCH", path, json={"answer_seconds": odd}))[0] == 422
