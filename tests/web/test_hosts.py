"""Hosts, pages without a session, trailing slashes, foreign sites, headers, the shape of errors."""

import base64
import hashlib
import os
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from integrations_app.organizations import audit, sessions
from integrations_app.organizations.keys import open_keyring
from integrations_app.web.headers import content_policy, inline_script_hashes
from integrations_app.web.paths import is_page
from integrations_app.web.routes import layers, routes

pytestmark = pytest.mark.any_database  # answered before a database is asked

ORIGIN = "http://localhost:3000"


def cookie(token):
    return {"Cookie": f"{sessions.COOKIE}={token}"}


def system_events(hub, name):
    page = hub.database.read_now(lambda session: audit.list_events(session, "system", audit.Filters(name=name)))
    return page.items


PAGES = ["/", "/integrations", "/integrations/github", "/workflows/0123", "/audit", "/nope", "/index.html", "/a/b.html"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("token", ["", "0" * 64, "x" * 9000])
async def test_a_page_without_a_session_leads_to_sign_in(client, path, token):
    answer = await client.get(path, headers=cookie(token))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"
    assert answer.headers["cache-control"] == "no-store"


async def test_next_keeps_the_query(client):
    answer = await client.get("/runs?status=failed&x=%2F%2Fevil")
    assert answer.headers["location"] == "/login?next=/runs%3Fstatus%3Dfailed%26x%3D%252F%252Fevil"


async def test_a_session_that_ran_out_counts_as_none(client, person, clock):
    ada = await person("owner")
    assert (await client.get("/runs", headers=cookie(ada.cookie))).status_code == 200
    clock.advance(timedelta(hours=12, minutes=1))
    assert (await client.get("/runs", headers=cookie(ada.cookie))).status_code == 303


async def test_pages_answer_at_once_with_and_without_slash(client, person):
    ada = await person("owner")
    for path in ("/workflows", "/workflows/", "/workflows/01", "/workflows/01/"):
        answer = await client.get(path, headers=cookie(ada.cookie))
        assert answer.status_code == 200
        assert answer.text == f"<h1>page {path.rstrip('/')}/</h1>"
    assert (await client.get("/", headers=cookie(ada.cookie))).headers["location"] == "/integrations"
    assert (await client.get("/login/")).status_code == 200
    assert (await client.get("/healthz/")).status_code == 200


async def test_files_of_the_front_end_need_no_session(client):
    answer = await client.get("/assets/app-1234.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


async def test_another_loopback_name_leads_to_the_public_one(client):
    for host in ("127.0.0.1:3000", "[::1]:3000", "LOCALHOST:9999"):
        answer = await client.get("/workflows/1?a=b", headers={"Host": host})
        assert (answer.status_code, answer.headers["location"]) == (307, f"{ORIGIN}/workflows/1?a=b")
        posted = await client.post("/auth/login", data={"email": "a"}, headers={"Host": host})
        assert posted.status_code == 307
        for path in ("/healthz", "/readyz", "/metrics", "/api/thing", "/sandbox/x"):
            assert (await client.get(path, headers={"Host": host})).status_code == 200


async def test_the_redirect_to_the_public_name_cannot_be_bent(client):
    answer = await client.get(f"{ORIGIN}//evil.example/x", headers={"Host": "127.0.0.1:3000"})
    assert answer.headers["location"].startswith(f"{ORIGIN}/evil.example")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "localhost:x"]
)
async def test_any_other_host_is_refused(client, host):
    for path in ("/login", "/api/thing", "/sandbox/x", "/healthz", "/assets/a.js"):
        answer = await client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["error"]["code"]) == (421, "wrong_host")


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:4000"},
    {"Origin": "http://localhost:3000.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
]
CHANGING = [
    "/auth/login",
    "/auth/logout",
    "/auth/setup",
    "/auth/switch",
    "/auth/invitation/accept",
    "/api/thing",
    "/any",
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_foreign_sites_change_nothing(hub, client, person, headers):
    ada = await person("owner")
    for path in CHANGING:
        answer = await client.post(path, headers={**headers, **cookie(ada.cookie)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf"), path
    assert (await client.delete("/api/thing", headers=headers)).status_code == 403
    assert await sessions.find(hub, ada.cookie) is not None
    events = system_events(hub, "csrf.denied")
    assert [event.detail["count"] for event in events] == [1]


async def test_machines_and_our_own_pages_are_let_through(client):
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}):
        assert (await client.post("/api/thing", headers=headers)).status_code == 200
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/api/webhooks/abc", "/api/integrations/vendor/events", "/sandbox/x"):
        # The gate lets machines through; what their own route then thinks of them is another matter.
        assert (await client.post(path, headers=foreign)).status_code != 403
    assert (await client.get("/api/thing", headers=foreign)).status_code == 200


async def test_uploads_and_polling_are_refused(client, person):
    ada = await person("owner")
    for path in ("/_upload", "/_upload/x", "/_event/?EIO=4&transport=polling", "/_event"):
        for method in ("GET", "POST"):
            answer = await client.request(method, path, headers=cookie(ada.cookie))
            assert answer.status_code == 401, path


async def test_every_document_wears_the_headers(client, person):
    ada = await person("owner")
    for path in ("/login", "/integrations", "/healthz", "/api/broken", "/api/nothing-here", "/nope"):
        answer = await client.get(path, headers=cookie(ada.cookie) if path != "/login" else {})
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe-eval" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["x-request-id"]
    assert "content-security-policy" not in (await client.get("/sandbox/x")).headers


async def test_errors_have_one_shape_and_show_nothing_inside(client):
    answer = await client.get("/api/broken")
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["code"] == "internal_error"
    assert error["request_id"] == answer.headers["x-request-id"]
    for inside in ("secret detail", "/srv", "SELECT", "RuntimeError", "Traceback"):
        assert inside not in answer.text
    page = await client.get("/setup/nothing", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")


async def test_wrong_method_has_the_shape_too(client):
    answer = await client.put("/api/webhooks/abc")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_inline_scripts_are_named_by_hash(tmp_path):
    script = "window.theme = 'dark';\nrun();"
    (tmp_path / "index.html").write_text(
        f'<html><script>{script}</script><script src="/assets/a.js"></script>'
        '<script type="module" async="">import "/assets/b.js";</script></html>'
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert digest in inline_script_hashes(tmp_path)
    assert len(inline_script_hashes(tmp_path)) == 2
    policy = content_policy("https://hub.example", tmp_path)
    assert f"'sha256-{digest}'" in policy
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src "))
    assert "unsafe" not in scripts
    assert "wss://hub.example" in policy
    assert "'unsafe-inline'" in content_policy(ORIGIN, None)


def test_what_is_a_page():
    assert all(is_page(path) for path in ("/", "/x", "/workflows/1.2/", "/index.html"))
    assert not any(is_page(path) for path in ("/login", "/api", "/api/x", "/assets/x.js", "/favicon.svg", "/sandbox/a"))
    assert is_page("/apis")
    assert is_page("/loginx")


async def test_a_sealed_vault_says_so_and_lets_nobody_in(hub, sockets, tmp_path):
    (tmp_path / "data" / "keys").write_bytes(os.urandom(32))
    sealed = open_keyring(hub.database, listed=None, key_file=tmp_path / "data" / "keys", clock=hub.clock)
    app: ASGIApp = Starlette()
    for layer in layers(replace(hub, keyring=sealed), routes(replace(hub, keyring=sealed), {}), sockets):
        if isinstance(layer, Starlette):
            layer.mount("", app)
            app = layer
        else:
            app = layer(app)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/integrations")).status_code == 303
        page = await client.get("/login")
        assert page.status_code == 503
        assert 'role="alert"' in page.text
        for answer in (
            await client.post("/auth/login", data={"email": "a@b.example", "password": "x"}),
            await client.get("/integrations", headers=cookie("0" * 64)),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "vault_sealed")
            assert "file-" not in answer.text
        assert (await client.post("/any", headers={"Origin": "null"})).status_code == 403
