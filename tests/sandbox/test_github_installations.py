"""GitHub Apps of the emulated GitHub: where they are installed, what their tokens may, and what they are told."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from integrations_app.sdk.registry import registry

WEB = "/repos/acme/web"


def user_token(sandbox: Any, account: str = "octo-hub") -> str:
    """The token of somebody who allowed the app."""
    provider = registry().get("github")
    assert provider.sandbox is not None
    app = {"client_id": provider.sandbox.client_id}
    back = "http://localhost:3000/api/integrations/github/callback"
    code = sandbox.consent("github", account, **app, redirect_uri=back, scope="repo", state="s")["code"]
    form = app | {"client_secret": provider.sandbox.client_secret, "code": code, "redirect_uri": back}
    answer = sandbox.http.post("/github/login/oauth/access_token", data=form, headers={"Accept": "application/json"})
    given = answer.json()
    assert given["scope"] == ""
    return str(given["access_token"])


@pytest.fixture
def of_app(sandbox: Any, receiver: Any) -> Any:
    sandbox.settings(github={"github_app": True, "app_webhook_url": receiver.url})
    return sandbox


def test_only_an_apps_token_lists_installations(of_app: Any) -> None:
    made = of_app.control("github/installations", account="acme", events=["push"], permissions={"issues": "write"})
    token = user_token(of_app)
    assert token.startswith("ghu_")
    answer = of_app.github("GET", "/user/installations", token)
    assert answer.headers["x-oauth-scopes"] == ""
    [one] = answer.json()["installations"]
    assert (one["id"], one["account"]["login"], one["events"]) == (made["id"], "acme", ["push"])
    assert (one["permissions"], one["repository_selection"]) == ({"metadata": "read", "issues": "write"}, "all")
    pasted = of_app.github("GET", "/user/installations", of_app.token("github"))
    assert (pasted.status_code, "authorized to a GitHub App" in pasted.json()["message"]) == (403, True)


def test_an_installation_shows_what_both_reach(of_app: Any) -> None:
    made = of_app.control("github/installations", account="acme", repositories=["acme/web", "acme/api"])["id"]
    of_app.control("github/access", repository="acme/api", user="mona-lisa")
    path = f"/user/installations/{made}/repositories"

    def names(account: str) -> list[str]:
        answer = of_app.github("GET", path, user_token(of_app, account)).json()
        assert answer["repository_selection"] == "selected"
        return sorted(one["full_name"] for one in answer["repositories"])

    assert (names("octo-hub"), names("mona-lisa")) == (["acme/api", "acme/web"], ["acme/web"])
    notes = of_app.control("github/installations", account="octo-hub")["id"]
    hidden = of_app.github("GET", f"/user/installations/{notes}/repositories", user_token(of_app, "mona-lisa"))
    assert hidden.status_code == 404
    of_app.control("github/installations", id=made, act="suspend")
    assert of_app.github("GET", path, user_token(of_app)).status_code == 403


def test_an_apps_token_may_what_the_installation_lets_it(of_app: Any) -> None:
    token, hook = user_token(of_app), {"name": "web", "events": ["push"], "config": {"url": "http://localhost/"}}
    assert of_app.github("GET", "/repos/acme/api", token).status_code == 404
    assert of_app.github("GET", WEB, token).status_code == 200
    refused = of_app.github("POST", f"{WEB}/issues", token, json={"title": "x"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    of_app.control("github/installations", account="acme")
    assert of_app.github("POST", f"{WEB}/issues", token, json={"title": "x"}).status_code == 201
    for place in (WEB, "/orgs/acme"):
        assert of_app.github("POST", f"{place}/hooks", token, json=hook).status_code == 403
    permissions = {"repository_hooks": "write", "organization_hooks": "write"}
    of_app.control("github/installations", account="acme", permissions=permissions)
    assert of_app.github("POST", "/orgs/acme/hooks", token, json=hook).status_code == 201


def test_an_app_is_told_of_what_happens_where_it_is_installed(of_app: Any, receiver: Any) -> None:
    made = of_app.control("github/installations", account="acme", events=["issues"], repositories=["acme/web"])["id"]
    for repository in ("acme/web", "acme/api", "octo-hub/notes"):
        of_app.control("github/issues", repository=repository, title="x")
    of_app.control("settle")
    of_app.control("github/redeliver")
    of_app.control("github/installations", id=made, remove=["acme/web"])
    of_app.control("github/issues", repository="acme/web", title="x")
    of_app.control("github/installations", id=made, act="deleted")
    of_app.control("settle")
    told = [(one["x-github-event"], json.loads(body).get("action")) for one, body in receiver.received]
    assert sorted(told) == [
        ("installation", "created"),
        ("installation", "deleted"),
        ("installation_repositories", "removed"),
        ("issues", "opened"),
        ("issues", "opened"),
    ]
    issues = [(one, body) for one, body in receiver.received if one["x-github-event"] == "issues"]
    assert issues[0][0]["x-github-delivery"] == issues[1][0]["x-github-delivery"]
    headers, body = issues[0]
    secret = b"sandbox-github-webhook-secret"
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert headers["x-github-hook-installation-target-type"] == "integration"
    payload = json.loads(body)
    assert (payload["installation"]["id"], payload["repository"]["full_name"]) == (made, "acme/web")


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("installations", {"account": "nobody"}),
        ("installations", {"account": "acme", "repositories": ["octo-hub/notes"]}),
        ("installations", {"account": "acme", "client_id": "unknown"}),
        ("installations", {"id": 1}),
        ("redeliver", {}),
        ("access", {"repository": "acme/none", "user": "mona-lisa"}),
    ],
)
def test_a_wrong_call_of_the_control_is_refused(of_app: Any, call: str, body: dict[str, Any]) -> None:
    assert of_app.http.post(f"/_control/github/{call}", json=body).status_code == 400
