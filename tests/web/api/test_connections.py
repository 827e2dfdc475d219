"""Connections by REST: made from a pasted token or for signing in, changed, tested, disconnected, never told."""

import pytest

from integrations_app.kit.secret import MASK
from tests.web.api.conftest import API, RANDOM_ID, definition

PASTED = "github"


@pytest.fixture
async def ada(caller):
    return await caller("admin")


@pytest.fixture
def token(vendor):
    return vendor.token(PASTED, "octo-hub")


@pytest.fixture
async def made(ada, token):
    return await ada.post("/connections", {"provider": PASTED, "name": "Code", "secrets": {"access_token": token}})


async def test_a_pasted_token_connects_at_once_and_is_never_told(ada, made, token):
    assert (made["status"], made["name"], made["sandbox"]) == ("connected", "Code", True)
    assert made["account"]["name"] == "octo-hub"
    assert made["secrets_set"] == ["access_token"]
    assert made["created_at"] == "2026-11-23T12:00:00Z"
    assert "authorize_url" not in made
    shown = await ada.get(f"/connections/{made['id']}")
    for answer in (made, shown, await ada.get("/connections"), await ada.get("/audit")):
        assert token not in str(answer)


async def test_a_wrong_token_is_an_error_with_its_reason(ada):
    made = await ada.post("/connections", {"provider": PASTED, "secrets": {"access_token": "sandbox-nonsense"}})
    assert made["status"] == "error"
    assert made["error"]["code"]


async def test_signing_in_goes_on_at_our_own_page(ada, hub):
    made = await ada.post("/connections", {"provider": PASTED})
    assert made["status"] == "pending"
    url = f"{hub.settings.public_url}/api/integrations/github/authorize?connection={made['id']}"
    assert made["authorize_url"] == url
    assert (await ada.get(f"/connections/{made['id']}"))["authorize_url"] == url


async def test_what_cannot_be_made_is_refused_by_field(ada):
    for body, status, code in (
        ({"provider": "nobody"}, 404, "not_found"),
        ({}, 422, "invalid_input"),
        ([], 422, "invalid_input"),
        ({"provider": PASTED, "secrets": {"access_token": ""}}, 422, "invalid_input"),
        ({"provider": PASTED, "secrets": {"other": "x"}}, 422, "unknown_field"),
        ({"provider": PASTED, "settings": {"other": "x"}}, 422, "unknown_field"),
        ({"provider": PASTED, "name": "a\x00b"}, 422, "invalid_input"),
    ):
        assert await ada.refused("POST", "/connections", json=body) == (status, code), body
    answer = await ada("POST", "/connections", json={"name": 3, "evil": True})
    assert answer.json()["error"]["fields"]["provider"] == "is needed"
    assert answer.json()["error"]["fields"]["evil"] == "is not known here"
    assert (await ada.get("/connections"))["items"] == []


@pytest.mark.parametrize(
    "extra", ["org_id", "organization_id", "role", "is_active", "owner_id", "credential_version", "id", "app_kind"]
)
async def test_nothing_else_can_be_assigned(ada, made, extra):
    path = f"/connections/{made['id']}"
    before = await ada.get(path)
    assert await ada.refused("PATCH", path, json={"name": "New", extra: "x"}) == (422, "unknown_field")
    assert await ada.refused("POST", "/connections", json={"provider": PASTED, extra: "x"}) == (422, "unknown_field")
    assert await ada.refused("POST", "/workflows", json=definition(**{extra: "x"})) == (422, "unknown_field")
    assert await ada.get(path) == before
    assert len((await ada.get("/connections"))["items"]) == 1


async def test_a_masked_or_absent_secret_stays_and_an_empty_one_is_refused(ada, made):
    path = f"/connections/{made['id']}"
    fingerprints = made["secret_fingerprints"]
    for secrets in ({"access_token": MASK}, {"access_token": None}, {}):
        changed = (await ada("PATCH", path, json={"name": "Renamed", "secrets": secrets})).json()
        assert (changed["name"], changed["secret_fingerprints"]) == ("Renamed", fingerprints)
    assert await ada.refused("PATCH", path, json={"secrets": {"access_token": " "}}) == (422, "invalid_input")
    assert (await ada.get(path))["secret_fingerprints"] == fingerprints


async def test_new_secrets_are_checked_and_must_be_of_the_same_account(ada, made, vendor):
    path = f"/connections/{made['id']}"
    fresh = await ada("PATCH", path, json={"secrets": {"access_token": vendor.token(PASTED, "octo-hub")}})
    assert fresh.status_code == 200
    assert fresh.json()["secret_fingerprints"] != made["secret_fingerprints"]
    other = {"secrets": {"access_token": vendor.token(PASTED, "mona-lisa")}}
    assert await ada.refused("PATCH", path, json=other) == (409, "account_mismatch")


async def test_paused_resumed_and_made_the_default(ada, made):
    path = f"/connections/{made['id']}"
    for body, name, value in (
        ({"status": "paused"}, "status", "paused"),
        ({"status": "connected"}, "status", "connected"),
        ({"default": True}, "default", True),
    ):
        assert (await ada("PATCH", path, json=body)).json()[name] == value
    assert await ada.refused("PATCH", path, json={"status": "paused", "name": "x"}) == (422, "invalid_input")
    assert await ada.refused("PATCH", path, json={"status": "error"}) == (422, "invalid_input")
    assert (await ada.get(path))["status"] == "connected"


async def test_a_test_tells_what_it_found(ada, made):
    told = await ada.post(f"/connections/{made['id']}/test", status=200)
    assert told["ok"]
    assert told["account"]["name"] == "octo-hub"


async def test_usage_names_the_workflows(ada, made):
    step = {"key": "a", "type": "action", "action": "github.create_issue", "connection": "Code"}
    ids = {(await ada.post("/workflows", definition(step, name=f"w{number}")))["id"] for number in range(3)}
    path = f"/connections/{made['id']}/usage"
    found, query = [], {"limit": 2}
    while query:
        page = await ada.get(path, **query)
        found += page["items"]
        query = {"limit": 2, "cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert [one["name"] for one in found] == ["w0", "w1", "w2"]
    assert {one["workflow_id"] for one in found} == ids


async def test_disconnected_means_no_secret_is_left(ada, made):
    path = f"/connections/{made['id']}"
    gone = await ada("DELETE", path)
    assert (gone.status_code, gone.json()["status"], gone.json()["secrets_set"]) == (200, "disconnected", [])
    assert (await ada("DELETE", path)).json()["status"] == "disconnected"
    assert (await ada.get(path))["status"] == "disconnected"


async def test_lists_are_paged_and_filtered(ada, made, vendor):
    for _ in range(4):
        await ada.post("/connections", {"provider": "slack"})
    whole = [one["id"] for one in (await ada.get("/connections"))["items"]]
    assert len(whole) == 5
    walked, cursor = [], None
    for size in (2, 2, 1):
        page = await ada.get("/connections", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) == size
        walked += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert (walked, cursor) == (whole, None)
    assert [one["id"] for one in (await ada.get("/connections", provider=PASTED))["items"]] == [made["id"]]
    assert (await ada.get("/connections", provider="nobody"))["items"] == []


LISTS = ["/connections", "/workflows", "/runs", "/events", "/endpoints", "/providers", "/audit"]


@pytest.mark.parametrize("path", LISTS)
async def test_odd_pages_are_refused(ada, path):
    for query in ("limit=0", "limit=201", "limit=x", "cursor=%00", "cursor=é", "colour=red", "cursor=" + "x" * 501):
        assert (await ada.refused("GET", f"{path}?{query}"))[0] == 422, query
    for cursor in ("bm9uc2Vuc2U=", "W10=", "W10=x", "eyJhIjoxfQ=="):
        assert (await ada.refused("GET", f"{path}?cursor={cursor}"))[0] == 422, cursor
    assert await ada.refused("GET", f"{path}?colour=red") == (422, "unknown_field")


async def test_what_is_no_call_has_the_shape_too(ada, client):
    assert await ada.refused("GET", "/nothing") == (404, "not_found")
    assert await ada.refused("PUT", "/connections") == (405, "method_not_allowed")
    assert await ada.refused("GET", "/me?x=1") == (422, "unknown_field")
    page = await client.get(f"{API}/connections/{RANDOM_ID}", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "application/json"


async def test_odd_bodies_are_refused(ada):
    path = "/connections"
    json_type = {"Content-Type": "application/json"}
    for content, headers, expected in (
        (b"{", json_type, (422, "invalid_input")),
        (b"", json_type, (422, "invalid_input")),
        (b"[" * 100_000, json_type, (422, "invalid_input")),
        (b'{"provider": NaN}', json_type, (422, "invalid_input")),
        (b'{"provider": "\\ud800"}', json_type, (422, "invalid_input")),
        (b"\xff\xfe", json_type, (422, "invalid_input")),
        (b"provider=github", {"Content-Type": "application/x-www-form-urlencoded"}, (415, "unsupported_media_type")),
        (b"{}", {}, (415, "unsupported_media_type")),
        (b"{}", json_type | {"Content-Encoding": "gzip"}, (415, "encoding_unsupported")),
        (b" " * (2 * 1024 * 1024 + 1), json_type, (413, "body_too_large")),
    ):
        assert await ada.refused("POST", path, content=content, headers=headers) == expected, content[:20]
