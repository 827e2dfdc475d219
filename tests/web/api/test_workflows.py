"""Workflows, runs, events, endpoints, audit by REST: what succeeds, and the main refusals."""

import asyncio
import hashlib
import hmac
from datetime import timedelta

import pytest

from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from tests.web.api.conftest import definition, published


@pytest.fixture
async def ed(caller):
    return await caller("editor")


NAP = {"key": "nap", "type": "delay", "seconds": 3600}


async def test_a_draft_is_made_read_saved_and_deleted(ed):
    made = await ed.post("/workflows", definition())
    assert (made["draft_version"], made["problems"]) == (1, [])
    path = f"/workflows/{made['id']}"
    answer = await ed("GET", path)
    assert answer.headers["etag"] == '"1"'
    shown = answer.json()
    assert (shown["state"], shown["draft"]["name"], shown["live"]) == ("draft", "By hand", None)
    saved = await ed("PUT", path, json=definition(name="Two"), headers={"If-Match": answer.headers["etag"]})
    assert (saved.status_code, saved.json()["draft_version"]) == (200, 2)
    gone = await ed("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert await ed.refused("GET", path) == (404, "not_found")


async def test_tags_are_shown_and_filter_the_list(hub, ed):
    made = [await ed.post("/workflows", definition(name=name)) for name in ("One", "Two")]
    await service.set_tags(hub, ed.person.actor, made[0]["id"], ["sales"])
    assert (await ed.get(f"/workflows/{made[0]['id']}"))["tags"] == ["sales"]
    for query in ({"tag": "sales"}, {"search": "ALE"}, {"state": "draft", "tag": "sales"}):
        assert [row["name"] for row in (await ed.get("/workflows", **query))["items"]] == ["One"], query
    assert (await ed.get("/workflows", state="live"))["items"] == []
    assert (await ed.refused("GET", "/workflows", params={"state": "odd"}))[0] == 422


async def test_a_stale_draft_is_not_overwritten(ed):
    path = f"/workflows/{(await ed.post('/workflows', definition()))['id']}"
    assert (await ed("PUT", path, json=definition(name="First"), headers={"If-Match": "1"})).status_code == 200
    second = {"json": definition(name="Second"), "headers": {"If-Match": "1"}}
    assert await ed.refused("PUT", path, **second) == (409, "stale_version")
    assert await ed.refused("POST", f"{path}/publish", headers={"If-Match": "1"}) == (409, "stale_version")
    assert (await ed.get(path))["name"] == "First"
    assert await ed.refused("PUT", path, json=definition()) == (422, "invalid_input")
    for odd in ("x", "-1", "1.0", '"', "9" * 30, "²"):
        odd_header = {"If-Match": odd.encode()}
        assert (await ed.refused("PUT", path, json=definition(), headers=odd_header))[0] == 422, odd


async def test_what_is_no_definition_is_refused_by_field(ed):
    for body, code in (
        (definition({"key": "a", "type": "dance"}), "invalid_input"),
        (definition(evil=1), "unknown_field"),
        (definition({"key": "a", "type": "stop", "message": "{% for x in y %}"}), "template_invalid"),
        ({"format": 2, "name": "x"}, "invalid_input"),
    ):
        assert await ed.refused("POST", "/workflows", json=body) == (422, code), body
    deep = step = {"key": "k0", "type": "for_each", "items": [1], "steps": []}
    for number in range(1, 40):
        step["steps"] = [inner := {"key": f"k{number}", "type": "for_each", "items": [1], "steps": []}]
        step = inner
    assert (await ed.refused("POST", "/workflows", json=definition(deep)))[0] == 422


async def test_published_paused_resumed(ed):
    broken = await ed.post("/workflows", definition({"key": "a", "type": "action", "action": "nobody.nothing"}))
    assert broken["problems"]
    assert await ed.refused("POST", f"/workflows/{broken['id']}/publish") == (422, "not_publishable")
    assert await ed.refused("POST", f"/workflows/{broken['id']}/pause") == (409, "not_published")
    path = f"/workflows/{(await ed.post('/workflows', definition()))['id']}"
    assert await ed.refused("POST", f"{path}/runs") == (409, "not_published")
    live = await ed.post(f"{path}/publish", status=200)
    assert (live["version"], live["endpoint_id"]) == (1, None)
    assert (await ed.post(f"{path}/pause", status=200))["state"] == "paused"
    assert await ed.refused("POST", f"{path}/runs") == (409, "workflow_paused")
    assert (await ed.post(f"{path}/resume", status=200))["state"] == "live"
    assert (await ed.get(path))["live"]["name"] == "By hand"


async def test_a_run_is_started_once_per_key_and_waited_for(ed, engine):
    workflow = await published(ed)
    path = f"/workflows/{workflow}/runs"
    first = await ed.post(path, {"input": {"word": "hello"}, "idempotency_key": "k"}, 202)
    assert set(first) == {"run_id"}
    again = await ed.post(path, {"idempotency_key": "k"}, 200, wait=30)
    assert again["run_id"] == again["id"] == first["run_id"]
    assert (again["status"], again["trigger"]) == ("succeeded", {"word": "hello"})
    assert [step["key"] for step in again["steps"]] == ["end"]
    assert (await ed.post(path, None, 200, wait=30))["run_id"] != first["run_id"]


async def test_waiting_ends_with_the_time_and_reads_the_database_no_more_than_there_is_news(hub, ed, engine):
    workflow = await published(ed, NAP)
    reads = 0
    read = hub.database.read

    async def counted(work):
        nonlocal reads
        reads += 1
        return await read(work)

    object.__setattr__(hub.database, "read", counted)
    told = await ed.post(f"/workflows/{workflow}/runs", {}, 202, wait=1)
    assert told["status"] in {"queued", "running", "waiting"}
    assert reads < 12
    for odd in (-1, 61, "soon"):
        assert (await ed.refused("POST", f"/workflows/{workflow}/runs?wait={odd}"))[0] == 422


async def test_many_may_wait_at_once(ed, engine):
    workflow = await published(ed)
    path = f"/workflows/{workflow}/runs"
    answers = await asyncio.gather(*(ed.post(path, {}, 200, wait=30) for _ in range(20)))
    assert {one["status"] for one in answers} == {"succeeded"}


async def test_runs_are_listed_by_what_they_are(ed, clock):
    one, two = await published(ed), await published(ed)
    for number in range(5):
        clock.advance(timedelta(minutes=1))
        await ed.post(f"/workflows/{one if number < 4 else two}/runs", {}, 202)
    assert [len((await ed.get("/runs", workflow_id=found))["items"]) for found in (one, two)] == [4, 1]
    since = (clock() - timedelta(minutes=1, seconds=30)).isoformat()
    assert len((await ed.get("/runs", since=since))["items"]) == 2
    assert len((await ed.get("/runs", status="queued"))["items"]) == 5
    assert (await ed.get("/runs", status="failed"))["items"] == []
    page = await ed.get("/runs", limit=3)
    rest = await ed.get("/runs", limit=3, cursor=page["next_cursor"])
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 2, None)
    odd = ("status=done", "since=yesterday", "since=2026-11-23T12:00:00", "since=0001-01-01T00:00:00%2B23:59")
    for query in odd:
        assert (await ed.refused("GET", f"/runs?{query}"))[0] == 422, query


async def test_a_run_is_cancelled_and_replayed(ed, engine):
    workflow = await published(ed, NAP)
    run = (await ed.post(f"/workflows/{workflow}/runs", {"input": {"a": 1}}, 202))["run_id"]
    assert (await ed.post(f"/runs/{run}/cancel", status=200))["status"] in {"cancelled", "running"}
    again = (await ed.post(f"/runs/{run}/replay", {"version": "latest"}, 202))["run_id"]
    shown = await ed.get(f"/runs/{again}")
    assert (shown["replay_of"], shown["trigger"]) == (run, {"a": 1})
    assert (await ed.post(f"/runs/{run}/replay", None, 202))["run_id"] != again
    assert await ed.refused("POST", f"/runs/{run}/replay", json={"from_step": "none"}) == (422, "invalid_input")
    assert await ed.refused("POST", f"/runs/{run}/replay", json={"version": "newest"}) == (422, "invalid_input")


async def test_only_what_is_in_doubt_can_be_resolved(ed):
    workflow = await published(ed)
    run = (await ed.post(f"/workflows/{workflow}/runs", {}, 202))["run_id"]
    body = {"step": "end", "outcome": "sent"}
    assert await ed.refused("POST", f"/runs/{run}/resolve", json=body) == (409, "not_held")
    assert await ed.refused("POST", f"/runs/{run}/resolve", json=body | {"outcome": "maybe"}) == (422, "invalid_input")
    assert await ed.refused("POST", f"/runs/{run}/resolve") == (422, "invalid_input")


async def test_an_endpoint_takes_what_is_signed_and_its_events_are_shown_and_replayed(caller, client, engine):
    ada = await caller("admin")
    made = await ada.post("/endpoints", {"name": "orders", "kind": "hmac_sha256"})
    secret = made["secret"]
    assert "secret" not in (await ada.get("/endpoints"))["items"][0]
    trigger = {"type": "webhook", "config": {"endpoint": "orders"}}
    workflow = (await ada.post("/workflows", definition(trigger=trigger)))["id"]
    assert (await ada.post(f"/workflows/{workflow}/publish", status=200))["endpoint_id"] == made["id"]
    body = b'{"order": 7}'
    signature = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json", "Idempotency-Key": "7"}
    assert (await client.post(f"/api/webhooks/{made['id']}", content=body, headers=headers)).status_code == 202
    event = (await ada.get("/events", endpoint_id=made["id"]))["items"][0]
    assert (event["delivery_id"], event["endpoint_name"]) == ("7", "orders")
    shown = await ada.get(f"/events/{event['id']}")
    assert (shown["body"], len(shown["run_ids"]), shown["cut"]) == (body.decode(), 1, False)
    assert signature not in str(shown)
    replayed = (await ada.post(f"/events/{event['id']}/replay", status=202))["run_ids"]
    assert {one["id"] for one in (await ada.get("/runs", event_id=event["id"]))["items"]} == {
        *shown["run_ids"],
        *replayed,
    }
    path = f"/endpoints/{made['id']}"
    assert await ada.refused("DELETE", path) == (409, "endpoint_in_use")
    await ada("DELETE", f"/workflows/{workflow}")
    assert (await ada("DELETE", path)).status_code == 204
    assert (await ada.get("/endpoints"))["items"] == []


async def test_odd_endpoints_are_refused(caller):
    ada = await caller("admin")
    for name, kind, more in (("", "bearer", {}), ("x", "magic", {}), ("x", "bearer", {"url": 1})):
        body = {"name": name, "kind": kind, **more}
        assert (await ada.refused("POST", "/endpoints", json=body))[0] == 422, body
    none = await ada.post("/endpoints", {"name": "x", "kind": "none", "confirm_unsigned": True})
    assert none["secret"] is None


async def test_the_audit_log_names_the_token_and_can_be_searched(caller):
    ada = await caller("admin")
    me = await ada.get("/me")
    made = await ada.post("/endpoints", {"name": "x", "kind": "none", "confirm_unsigned": True})
    rows = (await ada.get("/audit", name="endpoint.*"))["items"]
    assert [(row["name"], row["actor"], row["detail"]["token"]) for row in rows] == [
        ("endpoint.created", ada.person.email, me["token"]["id"])
    ]
    assert len((await ada.get("/audit", subject=f"endpoint:{made['id']}"))["items"]) == 1
    page = await ada.get("/audit", limit=1)
    older = await ada.get("/audit", limit=1, cursor=page["next_cursor"])
    assert older["items"][0]["sequence"] == page["items"][0]["sequence"] - 1
    assert (await ada.get("/audit", until="2020-01-01T00:00:00Z"))["items"] == []


async def test_me_tells_who_and_what(caller):
    ada = await caller("editor")
    me = await ada.get("/me")
    assert (me["email"], me["role"], me["organization"]["name"]) == (ada.person.email, "editor", "Acme")
    assert me["permissions"] == ["view", "edit_workflows"]
    assert (me["token"]["name"], me["token"]["role"]) == ("test", "editor")
    assert ada.token not in str(me)


async def test_providers_say_all_that_a_program_needs(caller):
    ada = await caller("viewer")
    items = (await ada.get("/providers"))["items"]
    assert {"github", "slack", "webhook"} <= {one["key"] for one in items}
    slack = await ada.get("/providers/slack")
    assert slack in items
    send = next(one for one in slack["actions"] if one["key"] == "send_message")
    assert {"channel", "text"} <= set(send["params"]["properties"])
    assert send["repeat"] == "reconcilable"
    assert [one["kind"] for one in slack["auth"]] == ["oauth2", "access_token"]
    assert (await ada.get("/providers", limit=1))["items"] == items[:1]
    assert await ada.refused("GET", "/providers/nobody") == (404, "not_found")


async def test_failed_runs_are_replayed_together(ed, caller, engine):
    stop = {"key": "end", "type": "stop", "outcome": "failed", "message": "no"}
    workflow_id = await published(ed, stop)
    ids = [(await ed.post(f"/workflows/{workflow_id}/runs", {}, 200, wait=10))["run_id"] for _ in range(2)]
    body = {"run_ids": [*ids, "0" * 32], "from": "start", "version": "latest", "idempotency_key": "k"}
    told = await ed.post("/runs/replay", body, 202)
    assert [one["replay_of"] for one in told["replayed"]] == ids
    assert [(one["run_id"], one["error"]["code"]) for one in told["refused"]] == [("0" * 32, "not_found")]
    assert await ed.post("/runs/replay", body, 202) == told
    again = await ed.get(f"/runs/{told['replayed'][0]['run_id']}")
    assert again["replay_of"] == ids[0]
    for change in ({"run_ids": ids[:0]}, {"run_ids": ids * 51}, {"from": "end"}, {"x": 1}):
        odd = {"run_ids": ids, **change}
        assert (await ed.refused("POST", "/runs/replay", json=odd))[0] == 422, odd
    viewer = await caller("viewer")
    assert await viewer.refused("POST", "/runs/replay", json={"run_ids": ids}) == (403, "forbidden")


async def test_every_action_and_trigger_is_listed_with_its_schemas(caller):
    ada = await caller("viewer")
    listed = {one["key"]: one for one in (await ada.get("/providers"))["items"]}
    assert set(listed) == {provider.key for provider in registry()}
    for provider in registry():
        shown = listed[provider.key]
        assert set(shown["settings"]["properties"]) == set(provider.settings.model_fields)
        assert [one["key"] for one in shown["actions"]] == [one.key for one in provider.actions]
        assert [one["key"] for one in shown["triggers"]] == [one.key for one in provider.triggers]
        for action, one in zip(provider.actions, shown["actions"], strict=True):
            assert set(one["params"].get("properties", {})) == set(action.params.model_fields)
            assert set(one["result"].get("properties", {})) == set(action.result.model_fields)
            assert (one["name"], one["repeat"]) == (action.title, action.repeat.value)
        for trigger, one in zip(provider.triggers, shown["triggers"], strict=True):
            assert set(one["config"].get("properties", {})) == set(trigger.config.model_fields)
