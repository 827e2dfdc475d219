"""Every core action over HTTP without what it needs: a permission, its object, a token that lives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from integrations_app.errors import IntegrationsError, MissingScope, ReconnectRequired, Rejected
from integrations_app.sdk.actions import Effect
from integrations_app.sdk.registry import registry

STAMP = "1700000000.000001"
WEB = {"repository": "acme/web"}


class Case(NamedTuple):
    """An action of a provider, parameters that are good, and the change that names what is not there."""

    provider: str
    action: str
    good: dict[str, Any]
    absent: dict[str, Any]
    code: str


ONE = {"number": 1}
SAID = ONE | {"body": "x"}
IN_A_REPOSITORY: dict[str, dict[str, Any]] = {
    "comment_issue": SAID,
    "update_issue": ONE | {"title": "x"},
    "close_issue": ONE,
    "reopen_issue": ONE,
    "add_labels": ONE | {"labels": ["bug"]},
    "remove_label": ONE | {"label": "enhancement"},
    "add_assignees": ONE | {"assignees": ["mona-lisa"]},
    "remove_assignees": ONE | {"assignees": ["mona-lisa"]},
    "lock_issue": ONE,
    "unlock_issue": ONE,
    "get_issue": ONE,
    "list_issues": {},
    "create_pull_request": {"title": "x", "head": "develop", "base": "main"},
    "update_pull_request": ONE | {"title": "x"},
    "merge_pull_request": ONE,
    "request_reviewers": ONE | {"reviewers": ["octo-hub"]},
    "create_review": SAID,
    "create_review_comment": SAID | {"path": "src/app.py", "line": 1},
    "reply_review_comment": SAID | {"comment_id": 1},
    "get_pull_request": ONE,
    "list_pull_requests": {},
    "get_pull_request_files": ONE,
    "get_file": {"path": "README.md"},
    "delete_file": {"path": "README.md", "message": "m"},
    "list_tree": {},
    "commit_files": {"files": {"a.txt": "x"}, "message": "m"},
    "list_commits": {},
    "compare": {"base": "main", "head": "develop"},
    "set_commit_status": {"sha": "main", "state": "success"},
    "create_branch": {"branch": "new"},
    "delete_branch": {"branch": "develop"},
    "create_tag": {"tag": "new"},
    "create_release": {"tag_name": "new"},
    "update_release": {"release_id": 1, "name": "x"},
    "upload_release_asset": {"release_id": 1, "name": "a", "content": "x"},
    "get_latest_release": {},
    "get_release": {"tag_name": "new"},
    "list_workflow_runs": {},
    "get_workflow_run": {"run_id": 1},
    "cancel_workflow_run": {"run_id": 1},
    "rerun_workflow_run": {"run_id": 1},
    "repository_dispatch": {"event_type": "x"},
    "download_run_logs": {"run_id": 1},
    "list_artifacts": {},
    "download_artifact": {"artifact_id": 1},
}
CASES = (
    Case("slack", "send_message", {"channel": "C0GENERAL", "text": "x"}, {"channel": "C0NONE001"}, "channel_not_found"),
    Case("slack", "send_dm", {"user": "U0MONA001", "text": "x"}, {"user": "U0NOBODY1"}, "user_not_found"),
    Case(
        "slack",
        "post_to_thread",
        {"channel": "C0GENERAL", "thread_ts": STAMP, "text": "x"},
        {"thread_ts": "1700000000.000002"},
        "thread_not_found",
    ),
    Case(
        "slack",
        "add_reaction",
        {"channel": "C0GENERAL", "timestamp": STAMP, "emoji": "eyes"},
        {"timestamp": "1700000000.000002"},
        "message_not_found",
    ),
    *(
        Case("github", action, WEB | good, {"repository": "acme/none"}, "not_found_or_no_access")
        for action, good in IN_A_REPOSITORY.items()
    ),
    Case("github", "create_issue", WEB | {"title": "x"}, {"repository": "acme/none"}, "not_found_or_no_access"),
    Case("github", "create_pr_comment", WEB | {"number": 1, "body": "x"}, {"number": 99_999}, "not_found_or_no_access"),
    Case(
        "github",
        "dispatch_workflow",
        WEB | {"workflow": "deploy.yml", "ref": "main", "inputs": {"environment": "staging"}},
        {"workflow": "none.yml"},
        "not_found_or_no_access",
    ),
    Case(
        "github",
        "dispatch_and_wait",
        WEB | {"workflow": "deploy.yml", "ref": "main", "inputs": {"environment": "staging"}},
        {"workflow": "none.yml"},
        "not_found_or_no_access",
    ),
    Case(
        "github",
        "create_or_update_file",
        WEB | {"path": "a.txt", "message": "m", "content": "x"},
        {"repository": "acme/none"},
        "not_found_or_no_access",
    ),
    Case("github", "search_issues", {"query": "x"}, {"query": "repo:acme/none"}, "validation_failed"),
    Case(
        "github",
        "graphql",
        {"query": "{ viewer { login } }"},
        {"query": '{ repository(owner: "acme", name: "none") { id } }'},
        "not_found_or_no_access",
    ),
    Case(
        "github",
        "api_call",
        {"method": "POST", "path": "/repos/acme/web/issues", "body": {"title": "x"}},
        {"path": "/repos/acme/none/issues"},
        "not_found_or_no_access",
    ),
)
OPEN_TO_ALL = ("graphql",)
"""What any token may ask, as it may read in public."""
CORE = {
    "slack": ("send_message", "send_dm", "post_to_thread", "add_reaction"),
    "github": tuple(action.key for action in registry().get("github").actions),
}
"""What is tried here; what else a provider can do has its refusals in its own folder."""
FEW: dict[str, list[str]] = {"slack": ["users:read"], "github": ["read:user"]}
"""Scopes that are good for none of the actions."""
every_action = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider}.{case.action}")


@pytest.fixture
def refuse(connect: Any, sandbox: Any) -> Callable[..., Any]:
    """Run an action with a token of these scopes, once `before` was done; gives what it raised."""

    async def run(
        case: Case,
        kind: type[IntegrationsError],
        scopes: list[str] | None = None,
        before: Callable[[], object] = lambda: None,
        **change: Any,
    ) -> Any:
        connected = connect(case.provider, access_token=sandbox.token(case.provider, scopes=scopes))
        before()
        with pytest.raises(kind) as refused:
            await connected.run(case.action, **(case.good | change))
        assert sandbox.requests(f"/{case.provider}/"), "nothing was asked over HTTP"
        return refused.value

    return run


def test_no_core_action_is_left_out() -> None:
    known = [(key, action) for key, actions in CORE.items() for action in actions]
    assert all(registry().get(key).action(action) for key, action in known)
    assert sorted(known) == sorted((case.provider, case.action) for case in CASES)


def needs_a_scope(case: Case) -> bool:
    action = registry().get(case.provider).action(case.action)
    assert action is not None
    return (case.provider != "github" or action.effect is not Effect.READ) and case.action not in OPEN_TO_ALL


NEEDING = [case for case in CASES if needs_a_scope(case)]


@pytest.mark.parametrize("case", NEEDING, ids=lambda case: f"{case.provider}.{case.action}")
async def test_a_missing_permission_is_named(case: Case, refuse: Any) -> None:
    error = await refuse(case, MissingScope, FEW[case.provider])
    action = registry().get(case.provider).action(case.action)
    assert action is not None
    assert set(error.needed) & set(action.scopes)
    assert error.granted == tuple(FEW[case.provider])


@every_action
async def test_what_is_not_there_is_refused(case: Case, refuse: Any) -> None:
    error = await refuse(case, Rejected, **case.absent)
    assert (type(error), error.code) == (Rejected, case.code)


@every_action
async def test_a_revoked_token_asks_for_a_person(case: Case, refuse: Any, sandbox: Any) -> None:
    error = await refuse(case, ReconnectRequired, before=lambda: sandbox.post("revoke", vendor=case.provider, all=True))
    assert error.vendor_code in {"token_revoked", "bad_credentials"}
