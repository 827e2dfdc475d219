"""Webhooks of the emulated GitHub: ping, signatures, payloads, redelivery, no repetition of their own."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

WEB, ACME = "/repos/acme/web", "/orgs/acme"
SECRET = "It's a Secret to Everybody"


@pytest.fixture
def token(sandbox: Any) -> str:
    return str(sandbox.token("github", "octo-hub"))


def make_hook(sandbox: Any, token: str, url: str, events: list[str], **config: str) -> Any:
    body = {"name": "web", "events": events, "config": {"url": url, "content_type": "json", "secret": SECRET} | config}
    return sandbox.github("POST", f"{WEB}/hooks", token, json=body)


def test_a_ping_follows_creation(sandbox: Any, token: str, receiver: Any) -> None:
    made = make_hook(sandbox, token, receiver.url, ["issues"])
    assert made.status_code == 201
    assert made.json()["config"]["secret"] == "********"
    sandbox.control("settle")
    [(headers, body)] = receiver.received
    assert headers["x-github-event"] == "ping"
    assert headers["x-github-hook-id"] == str(made.json()["id"])
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert json.loads(body)["hook_id"] == made.json()["id"]
    for name, digest in (("x-hub-signature-256", "sha256"), ("x-hub-signature", "sha1")):
        assert headers[name] == f"{digest}=" + hmac.new(SECRET.encode(), body, digest).hexdigest()


def test_issues_comments_and_pushes_are_delivered(sandbox: Any, token: str, receiver: Any) -> None:
    make_hook(sandbox, token, receiver.url, ["issues", "issue_comment", "push"])
    sandbox.control("settle")
    receiver.received.clear()
    sandbox.github("POST", f"{WEB}/issues", token, json={"title": "Broken", "labels": ["bug"]})
    sandbox.github("POST", f"{WEB}/issues/1/comments", token, json={"body": "hm"})
    body = {"message": "Add", "content": "eA=="}
    sandbox.github("PUT", f"{WEB}/contents/new.txt", token, json=body)
    sandbox.control("settle")
    got = {headers["x-github-event"]: json.loads(body) for headers, body in receiver.received}
    assert got["issues"]["action"] == "opened"
    assert got["issues"]["issue"]["title"] == "Broken"
    assert got["issues"]["repository"]["full_name"] == "acme/web"
    assert got["issues"]["sender"]["login"] == "octo-hub"
    assert got["issue_comment"]["comment"]["body"] == "hm"
    assert "pull_request" in got["issue_comment"]["issue"]
    assert (got["push"]["ref"], got["push"]["head_commit"]["added"]) == ("refs/heads/main", ["new.txt"])
    guids = {headers["x-github-delivery"] for headers, _ in receiver.received}
    assert len(guids) == 3


def test_a_form_hook_signs_the_form(sandbox: Any, token: str, receiver: Any) -> None:
    make_hook(sandbox, token, receiver.url, ["issues"], content_type="form")
    sandbox.control("settle")
    [(headers, body)] = receiver.received
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "zen" in json.loads(parse_qs(body.decode())["payload"][0])
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_failure_is_recorded_and_redelivered_by_hand_with_the_same_guid(
    sandbox: Any, token: str, receiver: Any
) -> None:
    receiver.script = [200, 500]
    hook = make_hook(sandbox, token, receiver.url, ["issues"]).json()["id"]
    sandbox.control("settle")
    sandbox.control("github/issues", repository="acme/web", title="By a person", user="mona-lisa")
    sandbox.control("settle")
    path = f"{WEB}/hooks/{hook}/deliveries"
    failed = sandbox.github("GET", path, token).json()[0]
    assert (failed["event"], failed["status_code"], failed["redelivery"]) == ("issues", 500, False)
    assert len(receiver.received) == 2
    assert sandbox.github("POST", f"{path}/{failed['id']}/attempts", token).status_code == 202
    sandbox.control("settle")
    again = sandbox.github("GET", path, token).json()[0]
    assert (again["guid"], again["status_code"], again["redelivery"]) == (failed["guid"], 200, True)
    assert receiver.received[1][1] == receiver.received[2][1]
    whole = sandbox.github("GET", f"{path}/{failed['id']}", token).json()
    assert whole["request"]["payload"]["issue"]["user"]["login"] == "mona-lisa"
    assert whole["response"]["payload"] == "ok"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"events": ["nonsense"]}, "cannot listen"),
        ({"events": []}, "Events cannot be empty"),
        ({"config": {}}, 'config is missing "url"'),
        ({"config": {"url": "https://example.com/"}}, "loopback addresses only"),
        ({"config": {"url": "http://localhost/", "content_type": "xml"}}, "content_type"),
    ],
)
def test_a_wrong_hook_is_refused(sandbox: Any, token: str, change: dict[str, Any], words: str) -> None:
    body = {"name": "web", "events": ["push"], "config": {"url": "http://localhost/"}} | change
    answer = sandbox.github("POST", f"{WEB}/hooks", token, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["errors"][0]["message"]


def test_the_same_hook_twice_is_refused(sandbox: Any, token: str, receiver: Any) -> None:
    first = make_hook(sandbox, token, receiver.url, ["issues"])
    again = make_hook(sandbox, token, receiver.url, ["issues"])
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == "Hook already exists on this repository"
    assert sandbox.github("DELETE", f"{WEB}/hooks/{first.json()['id']}", token).status_code == 204
    assert make_hook(sandbox, token, receiver.url, ["issues"]).status_code == 201


def test_an_inactive_hook_stays_silent(sandbox: Any, token: str, receiver: Any) -> None:
    hook = make_hook(sandbox, token, receiver.url, ["issues"]).json()["id"]
    sandbox.control("settle")
    sandbox.github("PATCH", f"{WEB}/hooks/{hook}", token, json={"active": False})
    sandbox.control("github/issues", repository="acme/web", title="x")
    sandbox.control("settle")
    assert len(receiver.received) == 1
    assert sandbox.github("POST", f"{WEB}/hooks/{hook}/pings", token).status_code == 204
    sandbox.control("settle")
    assert len(receiver.received) == 2


def test_a_hook_of_an_organisation_hears_all_its_repositories_beside_their_own(
    sandbox: Any, token: str, receiver: Any
) -> None:
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    body = {"name": "web", "events": ["issues"], "config": config}
    made = sandbox.github("POST", f"{ACME}/hooks", token, json=body)
    assert (made.status_code, made.json()["type"]) == (201, "Organization")
    assert "/orgs/acme/hooks/" in made.json()["url"]
    again = sandbox.github("POST", f"{ACME}/hooks", token, json=body)
    assert again.json()["errors"][0]["message"] == "Hook already exists on this organization"
    make_hook(sandbox, token, receiver.url, ["issues"])
    sandbox.control("settle")
    pings = [(headers["x-github-hook-installation-target-type"], body) for headers, body in receiver.received]
    assert [kind for kind, _ in pings] == ["organization", "repository"]
    assert "repository" not in json.loads(pings[0][1])
    receiver.received.clear()
    for repository in ("acme/web", "acme/api", "octo-hub/notes"):
        sandbox.control("github/issues", repository=repository, title="x")
    sandbox.control("settle")
    got = [
        (headers["x-github-hook-installation-target-type"], json.loads(body)["repository"]["full_name"])
        for headers, body in receiver.received
    ]
    assert sorted(got) == [("organization", "acme/api"), ("organization", "acme/web"), ("repository", "acme/web")]
    assert len({headers["x-github-delivery"] for headers, _ in receiver.received}) == 3
    at = f"{ACME}/hooks/{made.json()['id']}"
    delivered = sandbox.github("GET", f"{at}/deliveries", token).json()[0]
    assert sandbox.github("POST", f"{at}/deliveries/{delivered['id']}/attempts", token).status_code == 202
    assert sandbox.github("DELETE", at, token).status_code == 204
    assert sandbox.github("GET", at, token).status_code == 404


def test_hooks_of_an_organisation_are_for_its_owners_with_the_scope(sandbox: Any) -> None:
    for login, scopes in (("mona-lisa", None), ("octo-hub", ["repo", "admin:org"])):
        answer = sandbox.github("GET", f"{ACME}/hooks", sandbox.token("github", login, scopes))
        assert (answer.status_code, answer.headers["x-accepted-oauth-scopes"]) == (404, "admin:org_hook")
    owner = sandbox.token("github", "octo-hub", ["admin:org_hook"])
    assert sandbox.github("GET", f"{ACME}/hooks", owner).json() == []
    assert sandbox.github("GET", "/orgs/octo-hub/hooks", owner).status_code == 404
    assert sandbox.github("GET", "/user/orgs", owner).status_code == 403


def test_the_app_hears_that_a_person_has_revoked_it(sandbox: Any, receiver: Any) -> None:
    token = str(sandbox.token("github", "octo-hub"))
    sandbox.settings(github={"app_webhook_url": receiver.url})
    sandbox.control("revoke", vendor="github", token=token)
    sandbox.control("revoke", vendor="github", token=token)  # it is gone: nothing more to tell
    sandbox.control("settle")
    [(headers, body)] = receiver.received
    assert headers["x-github-event"] == "github_app_authorization"
    told = json.loads(body)
    assert (told["action"], told["sender"]["login"]) == ("revoked", "octo-hub")
    secret = b"sandbox-github-webhook-secret"
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_the_app_hears_that_it_was_removed_from_an_account(sandbox: Any, receiver: Any) -> None:
    token = str(sandbox.token("github", "octo-hub"))
    sandbox.settings(github={"app_webhook_url": receiver.url})
    sandbox.control("revoke", vendor="github", token=token, uninstall=True)
    sandbox.control("settle")
    told = {headers["x-github-event"]: json.loads(body) for headers, body in receiver.received}
    assert set(told) == {"github_app_authorization", "installation"}
    assert told["installation"]["action"] == "deleted"
    assert told["installation"]["installation"]["account"]["login"] == "octo-hub"


def told(receiver: Any) -> list[tuple[str, Any]]:
    found = [(headers["x-github-event"], json.loads(body)) for headers, body in receiver.received]
    receiver.received.clear()
    return found


def test_what_the_rest_calls_do_is_told(sandbox: Any, token: str, receiver: Any) -> None:
    make_hook(sandbox, token, receiver.url, ["*"])
    sandbox.control("settle")
    receiver.received.clear()
    sandbox.github("POST", f"{WEB}/pulls/1/reviews", token, json={"event": "APPROVE"})
    sandbox.github("PUT", f"{WEB}/pulls/1/merge", token, json={})
    sandbox.github("POST", f"{WEB}/releases", token, json={"tag_name": "v2"})
    sandbox.github("DELETE", f"{WEB}/git/refs/tags/v2", token)
    sandbox.github("PUT", "/user/starred/acme/web", token)
    sandbox.github("POST", f"{WEB}/forks", token, json={})
    deployed = sandbox.github("POST", f"{WEB}/deployments", token, json={"ref": "main"}).json()["id"]
    sandbox.github("POST", f"{WEB}/deployments/{deployed}/statuses", token, json={"state": "failure"})
    body = {"ref": "main", "inputs": {"environment": "staging"}, "return_run_details": True}
    run = sandbox.github("POST", f"{WEB}/actions/workflows/deploy.yml/dispatches", token, json=body).json()
    sandbox.github("POST", f"{WEB}/actions/runs/{run['workflow_run_id']}/cancel", token)
    sandbox.control("settle")
    got = {(event, payload.get("action")): payload for event, payload in told(receiver)}
    assert got["pull_request_review", "submitted"]["review"]["state"] == "approved"
    assert got["pull_request", "closed"]["pull_request"]["merged"] is True
    assert len(got["push", None]["head_commit"]["id"]) == 40
    assert got["release", "published"]["release"]["tag_name"] == "v2"
    assert (got["create", None]["ref"], got["create", None]["ref_type"]) == ("v2", "tag")
    assert (got["delete", None]["ref"], got["delete", None]["ref_type"]) == ("v2", "tag")
    assert got["star", "created"]["starred_at"]
    assert got["fork", None]["forkee"]["full_name"] == "octo-hub/web"
    assert got["deployment_status", "created"]["deployment_status"]["state"] == "failure"
    assert got["workflow_run", "requested"]["workflow_run"]["conclusion"] is None
    assert got["workflow_run", "completed"]["workflow_run"]["conclusion"] == "cancelled"
    assert all(payload["repository"]["full_name"] == "acme/web" for payload in got.values())


@pytest.mark.parametrize(
    ("act", "subject", "event"),
    [
        ("Push a commit (branch)", "feature/greeting", "push"),
        ("Push a commit (branch)", "feature/greeting", "pull_request"),
        ("Merge pull request (number)", "1", "pull_request"),
        ("Approve pull request (number)", "1", "pull_request_review"),
        ("Create branch (name)", "new", "create"),
        ("Delete branch (name)", "develop", "delete"),
        ("Publish release (tag)", "v3", "release"),
        ("Deployment fails (environment)", "staging", "deployment_status"),
        ("Check ends: failure", "", "check_run"),
        ("Star", "", "star"),
        ("Fork", "", "fork"),
    ],
)
def test_what_a_person_makes_happen_is_told(
    sandbox: Any, token: str, receiver: Any, act: str, subject: str, event: str
) -> None:
    make_hook(sandbox, token, receiver.url, [event])
    sandbox.control("settle")
    receiver.received.clear()
    form = {"user": "octo-hub", "act": act, "subject": subject}
    assert sandbox.http.post("/github/acme/web/happen", data=form).status_code == 303
    sandbox.control("settle")
    assert event in [name for name, _ in told(receiver)]
    assert act in sandbox.http.get("/github/acme/web").text


@pytest.mark.parametrize(
    "form",
    [
        {"user": "nobody", "act": "Star"},
        {"user": "octo-hub", "act": "Nothing"},
        {"user": "octo-hub", "act": "Merge pull request (number)", "subject": "9"},
        {"user": "mona-lisa", "act": "Approve pull request (number)", "subject": "1"},
        {"user": "octo-hub", "act": "Delete branch (name)", "subject": "main"},
        {"user": "octo-hub", "act": "Finish the newest run: success"},
    ],
)
def test_what_cannot_happen_is_refused(sandbox: Any, form: dict[str, str]) -> None:
    assert sandbox.http.post("/github/acme/web/happen", data=form).status_code == 400
