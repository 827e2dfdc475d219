"""One good call of every action of GitHub that writes, as its emulation takes it; and the request that does it."""

from typing import Any

from tests.providers.sample import Sample

_ISSUE = {"repository": "acme/web", "title": "Lost?"}
_FILE = {"repository": "acme/web", "path": "lost.txt", "content": "x", "message": "m"}

_WEB = {"repository": "acme/web"}
_ONE = _WEB | {"number": 1}


def _rest(vendor: Any, method: str, path: str, /, **body: Any) -> Any:
    """A call of a person at the emulated GitHub."""
    headers = {"Authorization": f"Bearer {vendor.token('github', 'octo-hub')}"}
    answer = vendor.http.request(method, f"{vendor.url}/github/api/v3/repos/acme/web{path}", headers=headers, json=body)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def _review_comment(vendor: Any) -> int:
    pull = _rest(vendor, "GET", "/pulls/1")
    body = {"body": "Here", "path": "src/app.py", "line": 1, "commit_id": pull["head"]["sha"]}
    return int(_rest(vendor, "POST", "/pulls/1/comments", **body)["id"])


def _branch(vendor: Any) -> str:
    head = _rest(vendor, "GET", "/branches/main")["commit"]["sha"]
    _rest(vendor, "POST", "/git/refs", ref="refs/heads/lost", sha=head)
    body = {"message": "m", "content": "eA==", "branch": "lost"}
    _rest(vendor, "PUT", "/contents/lost.txt", **body)
    return "lost"


def _head(vendor: Any) -> str:
    return str(_rest(vendor, "GET", "/branches/main")["commit"]["sha"])


def _label(vendor: Any) -> str:
    _rest(vendor, "POST", "/issues/1/labels", labels=["bug"])
    return "bug"


def _run_of_actions(vendor: Any) -> int:
    inputs = {"environment": "staging"}
    _rest(vendor, "POST", "/actions/workflows/deploy.yml/dispatches", ref="main", inputs=inputs)
    return int(_rest(vendor, "GET", "/actions/runs")["workflow_runs"][0]["id"])


def _ended_run(vendor: Any) -> int:
    identifier = _run_of_actions(vendor)
    _rest(vendor, "POST", f"/actions/runs/{identifier}/cancel")
    return identifier


def _release(vendor: Any) -> int:
    return int(_rest(vendor, "POST", "/releases", tag_name="found")["id"])


def _star(vendor: Any) -> str:
    identifier = _rest(vendor, "GET", "")["node_id"]
    return f'mutation {{ addStar(input: {{starrableId: "{identifier}"}}) {{ starrable {{ viewerHasStarred }} }} }}'


SAMPLES: dict[str, Sample] = {
    "comment_issue": Sample("POST", r"/issues/\d+/comments$", _ONE | {"body": "x"}),
    "update_issue": Sample("PATCH", r"/issues/1$", _ONE | {"title": "x"}),
    "close_issue": Sample("PATCH", r"/issues/1$", _ONE),
    "reopen_issue": Sample("PATCH", r"/issues/1$", _ONE),
    "add_labels": Sample("POST", r"/labels$", _ONE | {"labels": ["bug"]}),
    "remove_label": Sample("DELETE", r"/labels/", lambda label: _ONE | {"label": label}, _label),
    "add_assignees": Sample("POST", r"/assignees$", _ONE | {"assignees": ["mona-lisa"]}),
    "remove_assignees": Sample("DELETE", r"/assignees$", _ONE | {"assignees": ["mona-lisa"]}),
    "lock_issue": Sample("PUT", r"/lock$", _ONE),
    "unlock_issue": Sample("DELETE", r"/lock$", _ONE),
    "create_pull_request": Sample(
        "POST", r"/pulls$", lambda head: _WEB | {"title": "x", "head": head, "base": "main"}, _branch
    ),
    "update_pull_request": Sample("PATCH", r"/pulls/1$", _ONE | {"title": "x"}),
    "merge_pull_request": Sample("PUT", r"/merge$", _ONE),
    "request_reviewers": Sample("POST", r"/requested_reviewers$", _ONE | {"reviewers": ["octo-hub"]}),
    "create_review": Sample("POST", r"/reviews$", _ONE | {"body": "x"}),
    "create_review_comment": Sample(
        "POST", r"/pulls/1/comments$", _ONE | {"body": "x", "path": "src/app.py", "line": 1}
    ),
    "reply_review_comment": Sample(
        "POST", r"/pulls/1/comments", lambda comment: _ONE | {"body": "x", "comment_id": comment}, _review_comment
    ),
    "delete_file": Sample("DELETE", r"/contents/", _WEB | {"path": "README.md", "message": "m"}),
    "commit_files": Sample("PATCH", r"/git/refs/", _WEB | {"files": {"a.txt": "x"}, "message": "m"}),
    "set_commit_status": Sample("POST", r"/statuses/", lambda sha: _WEB | {"sha": sha, "state": "success"}, _head),
    "create_branch": Sample("POST", r"/git/refs$", _WEB | {"branch": "new"}),
    "delete_branch": Sample("DELETE", r"/git/refs/", lambda name: _WEB | {"branch": name}, _branch),
    "create_tag": Sample("POST", r"/git/refs$", _WEB | {"tag": "new"}),
    "create_release": Sample("POST", r"/releases$", _WEB | {"tag_name": "new"}),
    "upload_release_asset": Sample(
        "POST", r"/assets$", lambda made: _WEB | {"release_id": made, "name": "lost", "content": "x"}, _release
    ),
    "update_release": Sample(
        "PATCH", r"/releases/\d+$", lambda made: _WEB | {"release_id": made, "name": "x"}, _release
    ),
    "cancel_workflow_run": Sample("POST", r"/cancel$", lambda run: _WEB | {"run_id": run}, _run_of_actions),
    "rerun_workflow_run": Sample("POST", r"/rerun$", lambda run: _WEB | {"run_id": run}, _ended_run),
    "repository_dispatch": Sample("POST", r"/web/dispatches$", _WEB | {"event_type": "x"}),
    "graphql": Sample("POST", r"/graphql$", lambda text: {"query": text}, _star),
    "api_call": Sample(
        "POST", r"/issues$", {"method": "POST", "path": "/repos/acme/web/issues", "body": {"title": "x"}}
    ),
    "create_issue": Sample("POST", r"/issues$", _ISSUE),
    "create_pr_comment": Sample("POST", r"/issues/\d+/comments$", {"repository": "acme/web", "number": 1, "body": "x"}),
    "dispatch_workflow": Sample(
        "POST",
        r"/dispatches$",
        {
            "repository": "acme/web",
            "workflow": "deploy.yml",
            "ref": "main",
            "inputs": {"environment": "staging"},
        },
    ),
    "dispatch_and_wait": Sample(
        "POST",
        r"/dispatches$",
        {
            "repository": "acme/web",
            "workflow": "deploy.yml",
            "ref": "main",
            "inputs": {"environment": "staging"},
        },
    ),
    "create_or_update_file": Sample("PUT", r"/contents/", _FILE),
}

DEAD: dict[str, dict[str, Any]] = {"bad_credentials": {"status": 401, "body": {"message": "Bad credentials"}}}
"""How GitHub says that credentials are dead, as its documentation words it, by our code."""
