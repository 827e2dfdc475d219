"""The emulated authorization servers are as strict as the vendors'."""

import time
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from integrations_app.sandbox import create_app
from integrations_app.sandbox.oauth import App

SLACK = {
    "client_id": "sandbox-slack-client",
    "scope": "chat:write,channels:read",
    "redirect_uri": "http://localhost:3000/api/integrations/slack/callback",
    "state": "a state",
}
GITHUB = {
    "client_id": "sandbox-github-client",
    "scope": "repo read:user user",
    "redirect_uri": "http://localhost:3000/api/integrations/github/callback",
    "state": "a state",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ACME = "T0ACME001"


def slack_exchange(sandbox: Any, code: str, **changes: str) -> dict[str, Any]:
    form = {"code": code, "redirect_uri": SLACK["redirect_uri"]} | changes
    auth = (form.pop("client_id", SLACK["client_id"]), form.pop("client_secret", "sandbox-slack-secret"))
    return dict(sandbox.http.post("/slack/api/oauth.v2.access", data=form, auth=auth).json())


def github_exchange(sandbox: Any, code: str, **changes: str) -> dict[str, Any]:
    form = {"client_id": GITHUB["client_id"], "client_secret": "sandbox-github-secret", "code": code} | changes
    answer = sandbox.http.post("/github/login/oauth/access_token", data=form, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize(
    ("redirect_uri", "allowed"),
    [
        ("http://localhost:3000/api/integrations/slack/callback", True),
        ("http://127.0.0.1:8080/api/integrations/slack/callback", True),
        ("http://[::1]:8080/api/integrations/slack/app_1/callback", True),
        ("http://localhost:3000/api/integrations/github/callback", False),
        ("http://localhost:3000/api/integrations/slack/a/b/callback", False),
        ("http://localhost:3000/api/integrations/slack/callback#x", False),
        ("http://localhost.evil.example/api/integrations/slack/callback", False),
        ("https://evil.example/api/integrations/slack/callback", False),
        ("/api/integrations/slack/callback", False),
    ],
)
def test_only_loopback_callbacks_are_allowed(redirect_uri: str, allowed: bool) -> None:
    assert App("slack", "c", "s", "n").allows(redirect_uri) is allowed


def test_a_registered_app_allows_its_address_and_paths_below() -> None:
    app = App("github", "c", "s", "n", ["https://app.example/back"])
    assert app.allows("https://app.example/back")
    assert app.allows("https://app.example/back/1")
    assert not app.allows("https://app.example/backdoor")
    assert not app.allows("https://app.example.evil/back")


def test_slack_grants_nested_tokens_with_comma_scopes(sandbox: Any) -> None:
    back = sandbox.consent("slack", ACME, **SLACK, user_scope="users:read")
    assert back["state"] == "a state"
    answer = slack_exchange(sandbox, back["code"])
    assert answer["ok"]
    assert answer["token_type"] == "bot"
    assert answer["access_token"].startswith("xoxb-")
    assert answer["scope"] == "chat:write,channels:read"
    assert answer["team"] == {"id": ACME, "name": "Acme"}
    assert answer["authed_user"]["access_token"].startswith("xoxp-")
    assert "expires_in" not in answer
    test = sandbox.slack("auth.test", answer["access_token"])
    assert test["user_id"] == answer["bot_user_id"]


def test_slack_refuses_each_mistake_by_its_own_name(sandbox: Any) -> None:
    code = sandbox.consent("slack", ACME, **SLACK)["code"]
    assert slack_exchange(sandbox, code, client_secret="wrong")["error"] == "bad_client_secret"
    assert slack_exchange(sandbox, code, client_id="wrong")["error"] == "invalid_client_id"
    assert slack_exchange(sandbox, code, redirect_uri=SLACK["redirect_uri"] + "/")["error"] == "bad_redirect_uri"
    assert slack_exchange(sandbox, code)["error"] == "invalid_code"
    again = sandbox.consent("slack", ACME, **SLACK)["code"]
    assert slack_exchange(sandbox, again)["ok"]
    assert slack_exchange(sandbox, again)["error"] == "invalid_code"
    assert slack_exchange(sandbox, "x", grant_type="password")["error"] == "invalid_grant_type"


def test_slack_pkce_is_refused_until_the_app_opts_in(sandbox: Any) -> None:
    query = SLACK | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = sandbox.consent("slack", ACME, **query)["code"]
    assert slack_exchange(sandbox, code, code_verifier=VERIFIER)["error"] == "pkce_not_allowed"
    sandbox.settings(slack={"pkce": "allowed"})
    code = sandbox.consent("slack", ACME, **query)["code"]
    assert slack_exchange(sandbox, code, code_verifier=VERIFIER + "x")["error"] == "invalid_code_verifier"
    code = sandbox.consent("slack", ACME, **query)["code"]
    assert slack_exchange(sandbox, code, code_verifier=VERIFIER)["ok"]


def test_slack_refresh_tokens_are_used_once(sandbox: Any) -> None:
    sandbox.settings(slack={"rotation": True})
    first = slack_exchange(sandbox, sandbox.consent("slack", ACME, **SLACK)["code"])
    assert first["access_token"].startswith("xoxe.xoxb-")
    assert first["expires_in"] in (43199, 43200)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = slack_exchange(sandbox, "", **form)
    assert second["ok"]
    assert second["token_type"] == "bot"
    assert second["refresh_token"] != first["refresh_token"]
    assert slack_exchange(sandbox, "", **form)["error"] == "invalid_refresh_token"
    sandbox.control("expire", vendor="slack", token=first["access_token"])
    assert sandbox.slack("auth.test", first["access_token"])["error"] == "token_expired"
    assert sandbox.slack("auth.test", second["access_token"])["ok"]


def test_slack_reinstall_adds_scopes_to_the_same_token(sandbox: Any) -> None:
    first = slack_exchange(sandbox, sandbox.consent("slack", ACME, **SLACK)["code"])
    more = SLACK | {"scope": "users:read"}
    second = slack_exchange(sandbox, sandbox.consent("slack", ACME, **more)["code"])
    assert second["access_token"] == first["access_token"]
    assert second["scope"] == "chat:write,channels:read,users:read"


@pytest.mark.parametrize(
    ("change", "error"), [({"scope": ""}, "no_scopes"), ({"scope": "chat:write,nonsense"}, "invalid_scope")]
)
def test_slack_scope_errors_go_back_to_the_app(sandbox: Any, change: dict[str, str], error: str) -> None:
    answer = sandbox.http.get("/slack/oauth/v2/authorize", params=SLACK | change)
    assert answer.status_code == 303
    query = parse_qs(httpx.URL(answer.headers["location"]).query.decode())
    assert query == {"error": [error], "state": ["a state"]}


@pytest.mark.parametrize(
    ("path", "query"), [("/slack/oauth/v2/authorize", SLACK), ("/github/login/oauth/authorize", GITHUB)]
)
def test_cancel_and_wrong_clients(sandbox: Any, path: str, query: dict[str, str]) -> None:
    answer = sandbox.http.post(path, data=query | {"decision": "cancel"})
    back = parse_qs(httpx.URL(answer.headers["location"]).query.decode())
    assert back["error"] == ["access_denied"]
    assert back["state"] == ["a state"]
    assert "code" not in back
    assert sandbox.http.get(path, params=query | {"client_id": "x"}).status_code == 400
    assert sandbox.http.get(path, params=query | {"redirect_uri": "https://evil.example/"}).status_code == 400


def test_another_site_cannot_press_allow(sandbox: Any) -> None:
    form = GITHUB | {"account": "octo-hub", "decision": "allow"}
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = sandbox.http.post("/github/login/oauth/authorize", data=form, headers=headers)
    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_github_answers_in_a_form_unless_json_is_asked(sandbox: Any) -> None:
    code = sandbox.consent("github", "octo-hub", **GITHUB)["code"]
    form = {"client_id": GITHUB["client_id"], "client_secret": "sandbox-github-secret", "code": code}
    answer = sandbox.http.post("/github/login/oauth/access_token", data=form)
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    fields = parse_qs(answer.text)
    assert fields["access_token"][0].startswith("gho_")
    assert fields["scope"] == ["repo,user"]
    assert fields["token_type"] == ["bearer"]


def test_github_refuses_each_mistake_with_200(sandbox: Any) -> None:
    code = sandbox.consent("github", "octo-hub", **GITHUB)["code"]
    assert github_exchange(sandbox, code, client_secret="x")["error"] == "incorrect_client_credentials"
    assert github_exchange(sandbox, code, redirect_uri="http://localhost/")["error"] == "redirect_uri_mismatch"
    assert github_exchange(sandbox, code)["error"] == "bad_verification_code"
    pkce = GITHUB | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = sandbox.consent("github", "octo-hub", **pkce)["code"]
    assert github_exchange(sandbox, code)["error"] == "bad_verification_code"
    code = sandbox.consent("github", "octo-hub", **pkce)["code"]
    assert "access_token" in github_exchange(sandbox, code, code_verifier=VERIFIER)


def test_github_expiring_tokens_rotate(sandbox: Any) -> None:
    sandbox.settings(github={"expiring_tokens": True})
    first = github_exchange(sandbox, sandbox.consent("github", "octo-hub", **GITHUB)["code"])
    assert first["access_token"].startswith("ghu_")
    assert first["expires_in"] == 28800
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = github_exchange(sandbox, "", **form)
    assert second["refresh_token"].startswith("ghr_")
    assert github_exchange(sandbox, "", **form)["error"] == "bad_refresh_token"
    assert sandbox.github("GET", "/user", first["access_token"]).status_code == 401
    assert sandbox.github("GET", "/user", second["access_token"]).json()["login"] == "octo-hub"


def test_github_checks_and_revokes_tokens_for_the_app(sandbox: Any) -> None:
    tokens = [
        github_exchange(sandbox, sandbox.consent("github", "octo-hub", **GITHUB)["code"])["access_token"]
        for _ in range(3)
    ]
    url, auth = f"/github/api/v3/applications/{GITHUB['client_id']}", (GITHUB["client_id"], "sandbox-github-secret")

    def ask(method: str, what: str, token: str, secret: tuple[str, str] = auth) -> int:
        return int(sandbox.http.request(method, f"{url}/{what}", auth=secret, json={"access_token": token}).status_code)

    assert ask("POST", "token", tokens[0]) == 200
    assert ask("POST", "token", tokens[0], (GITHUB["client_id"], "x")) == 401
    assert ask("DELETE", "token", tokens[0]) == 204
    assert ask("POST", "token", tokens[0]) == 404
    assert sandbox.github("GET", "/user", tokens[0]).json()["message"] == "Bad credentials"
    assert sandbox.github("GET", "/user", tokens[1]).status_code == 200
    assert ask("DELETE", "grant", tokens[1]) == 204
    assert sandbox.github("GET", "/user", tokens[2]).status_code == 401


def test_the_eleventh_github_token_ends_the_first(sandbox: Any) -> None:
    tokens = [
        github_exchange(sandbox, sandbox.consent("github", "octo-hub", **GITHUB)["code"])["access_token"]
        for _ in range(11)
    ]
    assert sandbox.github("GET", "/user", tokens[0]).status_code == 401
    assert sandbox.github("GET", "/user", tokens[1]).status_code == 200


async def test_codes_live_ten_minutes() -> None:
    now = [time.time()]
    app = create_app(clock=lambda: now[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        for waited, outcome in ((599, None), (600, "invalid_code")):
            form = SLACK | {"account": ACME, "decision": "allow"}
            answer = await http.post("/slack/oauth/v2/authorize", data=form)
            code = httpx.URL(answer.headers["location"]).params["code"]
            now[0] += waited
            form = {"code": code, "redirect_uri": SLACK["redirect_uri"]}
            auth = (SLACK["client_id"], "sandbox-slack-secret")
            answer = await http.post("/slack/api/oauth.v2.access", data=form, auth=auth)
            assert answer.json().get("error") == outcome
