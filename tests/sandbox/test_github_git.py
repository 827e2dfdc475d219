"""What the emulated GitHub refuses about pull requests, git objects, releases and runs, and in which shape."""

from typing import Any

import pytest

WEB = "/repos/acme/web"


@pytest.fixture
def token(sandbox: Any) -> str:
    return str(sandbox.token("github", "octo-hub", ["repo"]))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/pulls", {"title": "x", "head": "develop"}, 422, "Validation Failed"),
        ("POST", "/pulls", {"title": "x", "head": "develop", "base": "main"}, 422, "Validation Failed"),
        ("PUT", "/pulls/1/merge", {"sha": "0" * 40}, 409, "Head branch was modified"),
        ("PUT", "/pulls/1/merge", {"merge_method": "x"}, 422, "merge_method"),
        ("PUT", "/pulls/9/merge", {}, 404, "Not Found"),
        ("POST", "/pulls/1/requested_reviewers", {"reviewers": ["mona-lisa"]}, 422, "author"),
        ("POST", "/pulls/1/requested_reviewers", {"reviewers": ["nobody"]}, 422, "collaborators"),
        ("POST", "/pulls/1/reviews", {"event": "COMMENT"}, 422, "Unprocessable"),
        ("POST", "/pulls/1/reviews", {"event": "x"}, 422, "event"),
        ("POST", "/pulls/1/comments/9/replies", {"body": "x"}, 404, "Not Found"),
        ("PUT", "/issues/1/lock", {"lock_reason": "bored"}, 422, "Validation Failed"),
        ("DELETE", "/issues/1/labels/none", None, 404, "Label does not exist"),
        ("POST", "/git/blobs", {"content": "%", "encoding": "base64"}, 422, "Base64"),
        ("POST", "/git/trees", {"tree": []}, 422, "Invalid tree info"),
        ("POST", "/git/trees", {"tree": [{"path": "../x", "mode": "100644"}]}, 422, "malformed path"),
        ("POST", "/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": "1"}]}, 422, "not a valid blob"),
        ("POST", "/git/trees", {"base_tree": "1", "tree": [{"path": "x", "mode": "100644"}]}, 422, "base_tree"),
        ("POST", "/git/commits", {"message": "m", "tree": "1"}, 422, "Tree SHA"),
        ("POST", "/git/tags", {"tag": "x", "message": "m", "object": "1", "type": "commit"}, 422, "does not exist"),
        ("GET", "/git/trees/none", None, 404, "Not Found"),
        ("GET", "/git/commits/none", None, 404, "Not Found"),
        ("GET", "/compare/main...none", None, 404, "Not Found"),
        ("POST", "/statuses/none", {"state": "success"}, 422, "No commit found"),
        ("POST", "/releases", {"tag_name": "x", "target_commitish": "none"}, 422, "Validation Failed"),
        ("GET", "/releases/latest", None, 404, "Not Found"),
        ("POST", "/actions/runs/9/cancel", None, 404, "Not Found"),
        ("POST", "/dispatches", {}, 422, "event_type"),
        ("POST", "/dispatches", {"event_type": "x" * 101}, 422, "too long"),
        ("POST", "/check-runs", {"name": "x"}, 403, "GitHub App"),
        ("POST", "/deployments", {"ref": "none"}, 422, "No ref found"),
        ("POST", "/deployments/9/statuses", {"state": "success"}, 404, "Not Found"),
    ],
)
def test_refusals(sandbox: Any, token: str, method: str, path: str, body: Any, status: int, words: str) -> None:
    answer = sandbox.github(method, WEB + path, token, json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["message"]
    assert answer.headers["x-ratelimit-remaining"]


def test_a_conflict_cannot_be_merged(sandbox: Any, token: str) -> None:
    sha = sandbox.github("GET", f"{WEB}/contents/src/app.py", token).json()["sha"]
    change = {"message": "m", "content": "eA==", "sha": sha}
    assert sandbox.github("PUT", f"{WEB}/contents/src/app.py", token, json=change).status_code == 200
    assert sandbox.github("GET", f"{WEB}/pulls/1", token).json()["mergeable_state"] == "dirty"
    answer = sandbox.github("PUT", f"{WEB}/pulls/1/merge", token, json={})
    assert (answer.status_code, answer.json()["message"]) == (405, "Pull Request is not mergeable")


def test_a_push_to_the_head_moves_the_pull_request(sandbox: Any, token: str) -> None:
    before = sandbox.github("GET", f"{WEB}/pulls/1", token).json()["head"]["sha"]
    change = {"message": "m", "content": "eA==", "branch": "feature/greeting"}
    made = sandbox.github("PUT", f"{WEB}/contents/new.txt", token, json=change).json()["commit"]["sha"]
    after = sandbox.github("GET", f"{WEB}/pulls/1", token).json()
    assert after["head"]["sha"] == made != before
    assert after["changed_files"] == 2
    assert sandbox.github("GET", f"{WEB}/pulls/1/merge", token).status_code == 404


def test_workflow_files_need_their_own_scope_in_trees_too(sandbox: Any, token: str) -> None:
    tree = {"tree": [{"path": ".github/workflows/x.yml", "mode": "100644", "content": "on: push"}]}
    assert sandbox.github("POST", f"{WEB}/git/trees", token, json=tree).status_code == 404
    able = sandbox.token("github", "octo-hub", ["repo", "workflow"])
    assert sandbox.github("POST", f"{WEB}/git/trees", able, json=tree).status_code == 201


def test_a_locked_conversation_is_closed_to_strangers(sandbox: Any, token: str) -> None:
    assert sandbox.github("PUT", f"{WEB}/issues/1/lock", token, json={"lock_reason": "spam"}).status_code == 204
    locked = sandbox.github("GET", f"{WEB}/issues/1", token).json()
    assert (locked["locked"], locked["active_lock_reason"]) == (True, "spam")


def test_drafts_are_seen_by_those_who_may_push(sandbox: Any, token: str) -> None:
    made = sandbox.github("POST", f"{WEB}/releases", token, json={"tag_name": "v5", "draft": True}).json()
    assert made["published_at"] is None
    assert len(sandbox.github("GET", f"{WEB}/releases", token).json()) == 1
    assert sandbox.http.get(f"/github/api/v3{WEB}/releases").json() == []
    assert "v5" in sandbox.http.get("/github/acme/web").text


def test_reads_have_etags(sandbox: Any, token: str) -> None:
    for path in ("/compare/main...feature/greeting", "/commits", "/releases", "/git/trees/main"):
        first = sandbox.github("GET", WEB + path, token)
        again = sandbox.github("GET", WEB + path, token, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
