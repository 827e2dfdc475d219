"""Control, guard, journal, settings and faults of the sandbox."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from integrations_app.sandbox import create_app
from integrations_app.sandbox.deliver import is_deliverable
from integrations_app.sandbox.oauth import is_loopback_host

ISSUES = "/repos/acme/web/issues"


def titles(sandbox: Any) -> list[str]:
    answer = sandbox.http.get("/_control/github/issues", params={"repository": "acme/web"})
    return [issue["title"] for issue in answer.json()["issues"]]


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("app.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True),
        ("::1", True), ("[::1]", True), ("", False), (None, False), ("localhost.evil.example", False),
        ("10.0.0.1", False), ("192.168.0.1", False), ("127.1", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_loopback_is_judged_by_the_literal(host: str | None, inside: bool) -> None:
    assert is_loopback_host(host) is inside


def test_deliveries_go_to_loopback_only() -> None:
    assert is_deliverable("http://127.0.0.1:9/x")
    assert not is_deliverable("http://169.254.169.254/")
    assert not is_deliverable("file:///etc/passwd")
    assert not is_deliverable("http://localhost@example.com/")


@pytest.mark.parametrize("path", ["/_control/journal", "/", "/slack/", "/github/acme/web"])
@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 403),
        ("127.0.0.1", {"Host": "evil.example"}, 403),
        ("127.0.0.1", {"Host": "["}, 403),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("127.0.0.1", {"Origin": "http://evil.example"}, 403),
        ("127.0.0.1", {"Origin": "null"}, 403),
        ("127.0.0.1", {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1"}, 200),
    ],
)
async def test_control_and_inspectors_answer_loopback_only(
    path: str, peer: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(create_app(), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        assert (await http.get(path, headers=headers)).status_code == status


async def test_consent_and_api_may_be_reached_from_another_site() -> None:
    transport = httpx.ASGITransport(create_app(), client=("10.1.2.3", 1))
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        query = {
            "client_id": "sandbox-github-client",
            "redirect_uri": "http://localhost/api/integrations/github/callback",
        }
        assert (await http.get("/github/login/oauth/authorize", params=query)).status_code == 200
        assert (await http.get("/slack/api/auth.test")).json()["error"] == "not_authed"


def test_settings_are_checked_by_name_and_type(sandbox: Any) -> None:
    def change(body: Any) -> httpx.Response:
        return sandbox.http.patch("/_control/settings", json=body)  # type: ignore[no-any-return]

    before = sandbox.http.get("/_control/settings").json()
    for wrong in ({"x": 1}, {"slack": {"rotation": "yes"}}, {"slack": {"token_life": True}}, {"slack": 1}):
        assert change(wrong).status_code == 400
    assert change({"code_life": 1, "slack": {"pkce": "maybe"}}).status_code == 400
    assert sandbox.http.get("/_control/settings").json() == before
    assert change({"slack": {"rotation": True}}).json()["slack"]["rotation"] is True
    sandbox.control("reset")
    assert sandbox.http.get("/_control/settings").json() == before


def test_the_journal_keeps_every_request(sandbox: Any) -> None:
    token = sandbox.token("slack")
    sandbox.slack("chat.postMessage", token, channel="C0TRIAGE", text="hi")
    [entry] = sandbox.journal("slack", "postMessage")
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/slack/api/chat.postMessage", 200)
    assert entry["headers"]["authorization"] == f"Bearer {token}"
    assert '"text":"hi"' in entry["body"].replace(" ", "")
    assert sandbox.journal("github") == []


def plant(sandbox: Any, **fault: Any) -> None:
    sandbox.control("faults", vendor="github", method="POST", path="/issues$", **fault)


def open_issue(sandbox: Any, token: str, title: str, **kwargs: Any) -> httpx.Response:
    return sandbox.github("POST", ISSUES, token, json={"title": title}, **kwargs)  # type: ignore[no-any-return]


def test_a_planted_answer_comes_as_often_as_asked(sandbox: Any) -> None:
    token = sandbox.token("github")
    plant(sandbox, status=502, headers={"X-Why": "fault"}, body={"no": 1}, count=2, skip=1)
    answers = [open_issue(sandbox, token, f"n{number}") for number in range(4)]
    assert [answer.status_code for answer in answers] == [201, 502, 502, 201]
    assert (answers[1].headers["x-why"], answers[1].json()) == ("fault", {"no": 1})
    assert titles(sandbox) == ["Greet the world", "n0", "n3"]
    assert sandbox.http.get("/_control/faults").json()["faults"][0]["met"] == 2
    sandbox.http.delete("/_control/faults").raise_for_status()
    assert sandbox.http.get("/_control/faults").json() == {"faults": []}


def test_drop_breaks_the_connection_without_acting(sandbox: Any) -> None:
    token = sandbox.token("github")
    plant(sandbox, effect="drop")
    with pytest.raises(httpx.RemoteProtocolError):
        open_issue(sandbox, token, "never")
    assert titles(sandbox) == ["Greet the world"]
    assert sandbox.journal("github")[-1]["fault"] == "drop"
    assert sandbox.journal("github")[-1]["status"] == 0


def test_lose_acts_and_breaks_the_connection(sandbox: Any) -> None:
    token = sandbox.token("github")
    plant(sandbox, effect="lose")
    with pytest.raises(httpx.RemoteProtocolError):
        open_issue(sandbox, token, "happened")
    plant(sandbox, effect="lose", status=502)
    assert open_issue(sandbox, token, "happened too").status_code == 502
    assert titles(sandbox) == ["Greet the world", "happened", "happened too"]


def test_delay_holds_the_answer_back(sandbox: Any) -> None:
    token = sandbox.token("github")
    plant(sandbox, effect="delay", delay=5)
    with pytest.raises(httpx.ReadTimeout):
        open_issue(sandbox, token, "late", timeout=0.1)
    plant(sandbox, delay=0.2)
    started = time.monotonic()
    assert open_issue(sandbox, token, "soon").status_code == 201
    assert time.monotonic() - started >= 0.2


def test_huge_and_drip_stretch_the_body(sandbox: Any) -> None:
    token = sandbox.token("github")
    plant(sandbox, effect="huge", size=300_000)
    assert len(open_issue(sandbox, token, "never").content) == 300_002
    plant(sandbox, effect="drip", interval=0)
    assert open_issue(sandbox, token, "dripped").json()["title"] == "dripped"
    assert titles(sandbox)[1:] == ["dripped"]


@pytest.mark.parametrize("wrong", [{"effect": "explode"}, {"path": "("}, {"nonsense": 1}])
def test_a_wrong_fault_is_refused(sandbox: Any, wrong: dict[str, Any]) -> None:
    assert sandbox.http.post("/_control/faults", json=wrong).status_code == 400


def test_a_body_over_the_cap_is_refused(sandbox: Any) -> None:
    token = sandbox.token("github")
    assert sandbox.github("POST", ISSUES, token, content=b"x" * (8 * 1024 * 1024 + 1)).status_code == 413


def test_another_app_can_be_registered(sandbox: Any) -> None:
    app = {"vendor": "github", "client_id": "mine", "client_secret": "s", "redirect_uris": ["https://app.example/cb"]}
    sandbox.control("apps", **app)
    query = {"client_id": "mine", "redirect_uri": "https://app.example/cb", "scope": "repo", "state": "s"}
    assert "code" in sandbox.consent("github", "mona-lisa", **query)
    wrong = query | {"redirect_uri": "https://evil.example/cb"}
    answer = sandbox.http.get("/github/login/oauth/authorize", params=wrong)
    assert answer.headers["location"] == "https://app.example/cb?error=redirect_uri_mismatch&state=s"


def test_revoking_and_expiring_by_account(sandbox: Any) -> None:
    tokens = [sandbox.token("github", login) for login in ("octo-hub", "mona-lisa")]
    assert sandbox.control("revoke", vendor="github", account="octo-hub") == {"revoked": 1}
    assert [sandbox.github("GET", "/user", token).status_code for token in tokens] == [401, 200]
    assert sandbox.control("expire", vendor="github", all=True) == {"expired": 2}
    assert sandbox.github("GET", "/user", tokens[1]).status_code == 401
    for wrong in ({"vendor": "github"}, {"vendor": "x", "all": True}):
        assert sandbox.http.post("/_control/revoke", json=wrong).status_code == 400


async def test_two_sandboxes_share_nothing() -> None:
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url="http://127.0.0.1") for _ in range(2)
    ]
    body = {"repository": "acme/web", "title": "only here"}
    await clients[0].post("/_control/github/issues", json=body)
    counts = [
        len((await http.get("/_control/github/issues", params={"repository": "acme/web"})).json()["issues"])
        for http in clients
    ]
    assert counts == [2, 1]
    await asyncio.gather(*(http.aclose() for http in clients))


def test_a_fault_meets_only_what_asks_for_it(sandbox: Any) -> None:
    sandbox.control("faults", vendor="slack", path="/api/", asks='"channel": ?"C1"', status=418)
    token = sandbox.token("slack")
    assert sandbox.slack("conversations.info", token, channel="C2")["ok"] is False
    headers = {"Authorization": f"Bearer {token}"}
    met = sandbox.http.post("/slack/api/conversations.info", json={"channel": "C1"}, headers=headers)
    assert met.status_code == 418
    assert sandbox.http.post("/_control/faults", json={"asks": "("}).status_code == 400
