"""Bounds of the REST API: deep input, input that is wrong all over, times that are none, waits that outlive a token."""

import asyncio

import pytest

from integrations_app.organizations import tokens
from integrations_app.organizations.hub import organization_topic
from integrations_app.web.api.calls import MAX_MEMBERS
from integrations_app.web.errors import MAX_FIELDS, MAX_MESSAGE
from tests.web.api.conftest import definition, published

NAP = {"key": "nap", "type": "delay", "seconds": 3600}
DEEPEST = 254
"""Levels of JSON that the database takes."""


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.fixture
async def ada(caller):
    return await caller("owner")


async def test_what_could_be_kept_can_be_shown(ada, client, engine):
    json_type = {"Content-Type": "application/json"}
    workflow = await published(ada)
    path = f"/workflows/{workflow}/runs?wait=30"
    for levels, expected in ((DEEPEST - 1, 200), (DEEPEST, 200), (DEEPEST + 1, 422)):
        answer = await ada("POST", path, content=b'{"input": ' + nested(levels) + b"}", headers=json_type)
        assert answer.status_code == expected, (levels, answer.text)
    runs = (await ada.get("/runs"))["items"]
    shown = {str((await ada.get(f"/runs/{run['id']}"))["trigger"]).count("a") for run in runs}
    assert shown == {DEEPEST - 1, DEEPEST}


async def test_a_deep_delivery_does_not_hide_its_run(ada, client):
    endpoint = await ada.post("/endpoints", {"name": "in", "kind": "none", "confirm_unsigned": True})
    trigger = {"type": "webhook", "config": {"endpoint": endpoint["id"]}}
    workflow = (await ada.post("/workflows", definition(trigger=trigger)))["id"]
    await ada.post(f"/workflows/{workflow}/publish", status=200)
    headers = {"Content-Type": "application/json"}
    sent = await client.post(f"/api/webhooks/{endpoint['id']}", content=nested(DEEPEST), headers=headers)
    assert sent.status_code == 202
    (run,) = (await ada.get("/runs", workflow_id=workflow))["items"]
    assert (await ada.get(f"/runs/{run['id']}"))["created_at"] == run["created_at"]


async def test_a_refusal_stays_small_however_much_is_wrong(ada):
    odd = {f"k{number}" * 8: number for number in range(10_000)}
    step = {"key": "a", "type": "stop"}
    for method, path, body in (
        ("POST", "/endpoints", odd),
        ("POST", "/connections", {"provider": "slack", "secrets": dict.fromkeys(odd, "x")}),
        ("POST", "/connections", {"provider": "slack", "settings": odd}),
        ("POST", "/workflows", definition(step | odd)),
        ("POST", "/workflows", odd),
    ):
        answer = await ada(method, path, json=body)
        error = answer.json()["error"]
        assert answer.status_code == 422, path
        assert len(error["fields"]) <= MAX_FIELDS
        assert len(error["message"]) <= MAX_MESSAGE
    few = {f"k{number}": 1 for number in range(MAX_MEMBERS)}
    assert await ada.refused("POST", "/endpoints", json=few) == (422, "unknown_field")


@pytest.mark.parametrize("path", ["/runs", "/audit"])
async def test_a_bare_number_is_no_time(ada, path):
    for odd in ("2026", "1795953600", "1e9", "2026-11-29"):
        assert await ada.refused("GET", path, params={"since": odd}) == (422, "invalid_input"), odd
    for good in ("2026-11-29T12:00:00Z", "2026-11-29T12:00:00.5+01:00", "2026-11-29 12:00:00Z"):
        assert (await ada("GET", path, params={"since": good})).status_code == 200, good


async def test_a_wrong_method_is_told_the_right_ones(ada):
    answer = await ada("PUT", "/me")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_who_waits_is_asked_again_before_the_answer(hub, caller, engine):
    owner, ed = await caller("owner"), await caller("editor")
    workflow = await published(ed, NAP)
    with hub.bus.subscribe(organization_topic(ed.person.organization_id), limit=100) as events:
        waiting = asyncio.create_task(ed("POST", f"/workflows/{workflow}/runs?wait=60"))
        while (event := await anext(events)).message.get("kind") != "run":
            continue
    mine = (await ed.get("/me"))["token"]["id"]
    await tokens.revoke(hub, owner.person.actor, mine)
    await owner.post(f"/runs/{event.message['id']}/cancel", status=200)
    answer = await waiting
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
