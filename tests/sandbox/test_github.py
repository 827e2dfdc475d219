"""The emulated REST API, driven by PyGithub and by plain HTTP."""

import base64
from typing import Any

import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

WEB = "/repos/acme/web"


@pytest.fixture
def token(sandbox: Any) -> str:
    return str(sandbox.token("github", "octo-hub"))


@pytest.fixture
def client(sandbox: Any, token: str, monkeypatch: pytest.MonkeyPatch) -> Github:
    """PyGithub on its own connections; in a run with the product's tests it has ours, for the whole process."""
    for name, value in (
        ("persist", True),
        ("httpConnectionClass", HTTPRequestsConnectionClass),
        ("httpsConnectionClass", HTTPSRequestsConnectionClass),
    ):
        monkeypatch.setattr(Requester, f"_Requester__{name}", value)
    base = f"{sandbox.url}/github/api/v3"
    return Github(
        auth=Auth.Token(token), base_url=base, retry=None, seconds_between_requests=0, seconds_between_writes=0
    )


def test_pygithub_lists_and_reads(client: Github) -> None:
    assert client.get_user().login == "octo-hub"
    names = [repository.full_name for repository in client.get_user().get_repos()]
    assert names == ["acme/api", "acme/web", "octo-hub/notes"]
    web = client.get_repo("acme/web")
    assert (web.default_branch, web.permissions.admin) == ("main", True)
    assert [branch.name for branch in web.get_branches()] == ["develop", "feature/greeting", "main"]
    assert web.get_branch("feature/greeting").commit.commit.message == "Greet the world"
    assert {label.name for label in web.get_labels()} >= {"bug", "urgent"}
    assert [pull.number for pull in web.get_pulls()] == [1]


def test_pygithub_opens_changes_and_finds_issues(client: Github, sandbox: Any) -> None:
    web = client.get_repo("acme/web")
    issue = web.create_issue("Broken", body="text <!-- marker-123 -->", labels=["bug"], assignees=["mona-lisa"])
    assert issue.number == 2
    assert issue.html_url == f"{sandbox.url}/github/acme/web/issues/2"
    assert [person.login for person in issue.assignees] == ["mona-lisa"]
    issue.create_comment("on it")
    assert [comment.body for comment in issue.get_comments()] == ["on it"]
    issue.edit(state="closed")
    assert [found.number for found in web.get_issues(state="closed")] == [2]
    assert [found.number for found in client.search_issues("marker-123 repo:acme/web")] == [2]
    comment = web.get_pull(1).create_issue_comment("nice")
    assert comment.html_url.startswith(f"{sandbox.url}/github/acme/web/pull/1#")


def test_pygithub_reviews_a_line(client: Github) -> None:
    web = client.get_repo("acme/web")
    pull = web.get_pull(1)
    commit = web.get_commit(pull.head.sha)
    assert pull.create_review_comment("good", commit, "src/app.py", line=1).body == "good"
    with pytest.raises(GithubException) as refused:
        pull.create_review_comment("where?", commit, "src/app.py", line=99)
    assert refused.value.status == 422


def test_pygithub_writes_files_by_sha(client: Github) -> None:
    web = client.get_repo("acme/web")
    made = web.create_file("docs/new.md", "Add", "one")
    path, old = "docs/new.md", made["content"].sha
    changed = web.update_file(path, "Change", "two", old)
    assert changed["content"].sha != old
    with pytest.raises(GithubException) as stale:
        web.update_file(path, "Change again", "three", old)
    assert stale.value.status == 409
    with pytest.raises(GithubException) as missing:
        web.create_file(path, "Add again", "one")
    assert missing.value.status == 422
    content = web.get_contents(path)
    assert not isinstance(content, list)
    assert content.decoded_content == b"two"
    web.delete_file(path, "Remove", content.sha)
    with pytest.raises(UnknownObjectException):
        web.get_contents(path)
    root = web.get_contents("")
    assert isinstance(root, list)
    assert [(entry.name, entry.type) for entry in root] == [(".github", "dir"), ("README.md", "file"), ("src", "dir")]


def test_pygithub_dispatches_a_workflow(client: Github) -> None:
    web = client.get_repo("acme/web")
    workflow = web.get_workflow("deploy.yml")
    assert workflow.create_dispatch("main", {"environment": "staging"}, throw=True)
    [run] = workflow.get_runs()
    assert (run.event, run.head_branch, run.status) == ("workflow_dispatch", "main", "queued")


@pytest.mark.parametrize(
    ("workflow", "body", "status", "words"),
    [
        ("deploy.yml", {"ref": "nowhere", "inputs": {"environment": "staging"}}, 422, "No ref found"),
        ("deploy.yml", {"ref": "main"}, 422, "Required input 'environment' not provided"),
        ("deploy.yml", {"ref": "main", "inputs": {"environment": "moon"}}, 422, "not in the list"),
        (
            "deploy.yml",
            {"ref": "main", "inputs": {"environment": "staging", "x": 1}},
            422,
            'Unexpected inputs provided: ["x"]',
        ),
        ("deploy.yml", {"ref": "main", "inputs": {"environment": "staging", "dry_run": "maybe"}}, 422, "boolean"),
        ("tests.yml", {"ref": "main"}, 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("nothing.yml", {"ref": "main"}, 404, "Not Found"),
    ],
)
def test_a_dispatch_is_refused(sandbox: Any, token: str, workflow: str, body: Any, status: int, words: str) -> None:
    answer = sandbox.github("POST", f"{WEB}/actions/workflows/{workflow}/dispatches", token, json=body)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert sandbox.github("GET", f"{WEB}/actions/runs", token).json()["total_count"] == 0


def test_a_dispatch_answers_with_the_run_when_asked(sandbox: Any, token: str) -> None:
    path = f"{WEB}/actions/workflows/deploy.yml/dispatches"
    body: dict[str, Any] = {"ref": "v1.0.0", "inputs": {"environment": "production"}}
    assert sandbox.github("POST", path, token, json=body).status_code == 204
    answer = sandbox.github("POST", path, token, json=body | {"return_run_details": True})
    assert answer.status_code == 200
    run = sandbox.http.get(answer.json()["run_url"], headers={"Authorization": f"token {token}"}).json()
    assert run["id"] == answer.json()["workflow_run_id"]
    newer = {"X-GitHub-Api-Version": "2026-03-10"}
    assert sandbox.github("POST", path, token, json=body, headers=newer).status_code == 200


def test_what_one_may_not_see_is_not_found(sandbox: Any, token: str) -> None:
    mona = sandbox.token("github", "mona-lisa")
    assert sandbox.github("GET", "/repos/octo-hub/notes", token).status_code == 200
    assert sandbox.github("GET", "/repos/octo-hub/notes", mona).status_code == 404
    assert sandbox.http.get("/github/api/v3/repos/acme/api").status_code == 404
    assert sandbox.http.get("/github/api/v3/repos/acme/web").status_code == 200
    assert sandbox.github("GET", "/user", "gho_nobody").json()["message"] == "Bad credentials"
    assert sandbox.github("GET", f"{WEB}/hooks", mona).status_code == 404


def test_scopes_are_enforced_and_shown(sandbox: Any) -> None:
    narrow = sandbox.token("github", "octo-hub", ["read:user"])
    public = sandbox.token("github", "octo-hub", ["public_repo"])
    assert sandbox.github("POST", f"{WEB}/issues", narrow, json={"title": "x"}).status_code == 404
    answer = sandbox.github("POST", f"{WEB}/issues", public, json={"title": "x"})
    assert answer.status_code == 201
    assert answer.headers["x-oauth-scopes"] == "public_repo"
    assert answer.headers["x-accepted-oauth-scopes"] == "repo, public_repo"
    assert sandbox.github("POST", "/repos/acme/api/issues", public, json={"title": "x"}).status_code == 404
    body = {"message": "m", "content": base64.b64encode(b"x").decode()}
    assert sandbox.github("PUT", f"{WEB}/contents/.github/workflows/x.yml", public, json=body).status_code == 404
    assert sandbox.github("PUT", f"{WEB}/contents/x.txt", public, json=body).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "title"),
        ({"title": "x" * 257}, 422, "title"),
        ({"title": "x", "body": "x" * 65_537}, 422, "body"),
        ({"title": "x", "assignees": ["nobody"]}, 422, "assignees"),
        ({"title": "x", "labels": [{}]}, 422, "name"),
    ],
)
def test_a_wrong_issue_names_the_field(sandbox: Any, token: str, body: Any, status: int, field: str) -> None:
    answer = sandbox.github("POST", f"{WEB}/issues", token, json=body)
    assert answer.status_code == status
    assert answer.json()["message"] == "Validation Failed"
    assert answer.json()["errors"][0]["field"] == field


def test_labels_and_assignees_are_dropped_without_push_access(sandbox: Any) -> None:
    sandbox.control("reset")
    mona = sandbox.token("github", "mona-lisa")
    body = {"title": "x", "labels": ["bug"], "assignees": ["octo-hub"]}
    made = sandbox.github("POST", f"{WEB}/issues", mona, json=body).json()
    assert [label["name"] for label in made["labels"]] == ["bug"]
    assert sandbox.github("POST", "/repos/octo-hub/notes/issues", mona, json=body).status_code == 404


def test_broken_bodies_are_400(sandbox: Any, token: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = sandbox.github("POST", f"{WEB}/issues", token, content="{", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    answer = sandbox.github("POST", f"{WEB}/issues", token, content="x", headers={"Content-Type": "text/xml"})
    assert answer.status_code == 415


def test_an_unchanged_answer_is_304_and_free(sandbox: Any, token: str) -> None:
    first = sandbox.github("GET", WEB, token)
    again = sandbox.github("GET", WEB, token, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"] == "1"
    sandbox.github("POST", f"{WEB}/issues", token, json={"title": "x"})
    assert sandbox.github("GET", WEB, token, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_says_when_it_ends(sandbox: Any, token: str, status: int) -> None:
    sandbox.settings(github={"primary_limit": 2, "limit_status": status})
    for _ in range(2):
        assert sandbox.github("GET", "/user", token).status_code == 200
    limited = sandbox.github("GET", "/user", token)
    assert limited.status_code == status
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert limited.json()["message"].startswith("API rate limit exceeded for user ID")
    assert sandbox.github("GET", "/rate_limit", token).json()["rate"]["remaining"] == 0


def test_the_secondary_limit_says_how_long_to_wait(sandbox: Any, token: str) -> None:
    sandbox.settings(github={"secondary_limit_per_minute": 1, "retry_after": 9})
    answers = [sandbox.github("POST", f"{WEB}/issues", token, json={"title": "x"}) for _ in range(3)]
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (403, "9")
    assert "secondary rate limit" in answers[-1].json()["message"]


def test_lists_are_paged_by_link(sandbox: Any, token: str) -> None:
    answer = sandbox.github("GET", "/user/repos", token, params={"per_page": 2})
    assert len(answer.json()) == 2
    following = answer.links["next"]["url"]
    assert following.startswith(sandbox.url)
    last = sandbox.http.get(following, headers={"Authorization": f"token {token}"})
    assert [repository["name"] for repository in last.json()] == ["notes"]
    assert "next" not in last.links


def test_refs_are_made_and_removed(sandbox: Any, token: str) -> None:
    sha = sandbox.github("GET", f"{WEB}/git/ref/heads/main", token).json()["object"]["sha"]
    body = {"ref": "refs/heads/topic/one", "sha": sha}
    assert sandbox.github("POST", f"{WEB}/git/refs", token, json=body).status_code == 201
    assert sandbox.github("POST", f"{WEB}/git/refs", token, json=body).json()["message"] == "Reference already exists"
    assert sandbox.github("GET", f"{WEB}/branches/topic%2Fone", token).json()["commit"]["sha"] == sha
    assert sandbox.github("DELETE", f"{WEB}/git/refs/heads/topic/one", token).status_code == 204
    assert sandbox.github("GET", f"{WEB}/branches/topic/one", token).status_code == 404
    wrong = body | {"sha": "0" * 40}
    assert sandbox.github("POST", f"{WEB}/git/refs", token, json=wrong).json()["message"] == "Object does not exist"


def test_a_ref_moves_forward_unless_forced(sandbox: Any, token: str) -> None:
    def sha(branch: str) -> str:
        return str(sandbox.github("GET", f"{WEB}/branches/{branch}", token).json()["commit"]["sha"])

    path = f"{WEB}/git/refs/heads/develop"
    old, new = sha("develop"), sha("feature/greeting")
    assert sandbox.github("PATCH", path, token, json={"sha": new}).json()["object"]["sha"] == new
    refused = sandbox.github("PATCH", path, token, json={"sha": old})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert sandbox.github("PATCH", path, token, json={"sha": old, "force": True}).status_code == 200
    assert sha("develop") == old
