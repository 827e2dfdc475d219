"""One good call of every action that writes, as every vendor's emulation takes it; and the request that does it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ROW = "Account"


@dataclass(frozen=True)
class Sample:
    """`inputs` may be made from what `before` has prepared at the vendor."""

    method: str
    path: str
    """A regular expression, searched in the path of the request that takes effect."""
    inputs: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]
    before: Callable[[Any], Any] = field(default=lambda _vendor: None)

    def prepared(self, vendor: Any) -> dict[str, Any]:
        """Prepare what the call needs, and return its inputs."""
        made = self.before(vendor)
        return dict(self.inputs(made) if callable(self.inputs) else self.inputs)


def _message(vendor: Any) -> str:
    return str(vendor.control("slack/messages", channel="C0GENERAL", text="Something to answer")["ts"])


def _own_message(vendor: Any) -> str:
    """A message of the app that is connected: the one named as the sandbox names it."""
    headers = {"Authorization": f"Bearer {vendor.token('slack')}"}
    people = vendor.http.get(f"{vendor.url}/slack/api/users.list", headers=headers).json()["members"]
    bot = next(one["id"] for one in people if one["is_bot"] and one["real_name"] == "Integrations")
    return str(vendor.control("slack/messages", channel="C0GENERAL", text="Mine", user=bot)["ts"])


def _soon(_vendor: Any) -> str:
    return str(int(time.time()) + 3600)


def _scheduled(vendor: Any) -> dict[str, Any]:
    """A message that waits, of the app that is connected: only that may take it back."""
    own = vendor.calls("/slack/api/auth.test")[-1]["headers"]["authorization"]
    body = {"channel": "C0GENERAL", "text": "Later", "post_at": _soon(vendor)}
    address = f"{vendor.url}/slack/api/chat.scheduleMessage"
    made = vendor.http.post(address, headers={"Authorization": own}, json=body).json()
    return {"channel": "C0GENERAL", "scheduled_message_id": made["scheduled_message_id"]}


def _account(vendor: Any) -> str:
    return str(vendor.control("salesforce/records", object=ROW, fields={"Name": "Sample"})["id"])


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


def _star(vendor: Any) -> str:
    identifier = _rest(vendor, "GET", "")["node_id"]
    return f'mutation {{ addStar(input: {{starrableId: "{identifier}"}}) {{ starrable {{ viewerHasStarred }} }} }}'


GITHUB: dict[str, Sample] = {
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
    "cancel_workflow_run": Sample("POST", r"/cancel$", lambda run: _WEB | {"run_id": run}, _run_of_actions),
    "rerun_workflow_run": Sample("POST", r"/rerun$", lambda run: _WEB | {"run_id": run}, _ended_run),
    "repository_dispatch": Sample("POST", r"/web/dispatches$", _WEB | {"event_type": "x"}),
    "graphql": Sample("POST", r"/graphql$", lambda text: {"query": text}, _star),
    "api_call": Sample(
        "POST", r"/issues$", {"method": "POST", "path": "/repos/acme/web/issues", "body": {"title": "x"}}
    ),
}

SAMPLES: dict[str, Sample] = {
    "slack.send_message": Sample("POST", r"chat\.postMessage", {"channel": "C0GENERAL", "text": "x"}),
    "slack.send_dm": Sample("POST", r"chat\.postMessage", {"user": "U0GRACE", "text": "x"}),
    "slack.post_to_thread": Sample(
        "POST",
        r"chat\.postMessage",
        lambda ts: {"channel": "C0GENERAL", "thread_ts": ts, "text": "x"},
        _message,
    ),
    "slack.add_reaction": Sample(
        "POST",
        r"reactions\.add",
        lambda ts: {"channel": "C0GENERAL", "timestamp": ts, "emoji": "eyes"},
        _message,
    ),
    "slack.remove_reaction": Sample(
        "POST",
        r"reactions\.remove",
        lambda ts: {"channel": "C0GENERAL", "timestamp": ts, "emoji": "eyes"},
        _message,
    ),
    "slack.update_message": Sample(
        "POST", r"chat\.update", lambda ts: {"channel": "C0GENERAL", "ts": ts, "text": "x"}, _own_message
    ),
    "slack.delete_message": Sample(
        "POST", r"chat\.delete$", lambda ts: {"channel": "C0GENERAL", "ts": ts}, _own_message
    ),
    "slack.send_ephemeral": Sample(
        "POST", r"chat\.postEphemeral", {"channel": "C0GENERAL", "user": "U0ADA", "text": "x"}
    ),
    "slack.schedule_message": Sample(
        "POST", r"chat\.scheduleMessage", lambda at: {"channel": "C0GENERAL", "post_at": at, "text": "x"}, _soon
    ),
    "slack.cancel_scheduled_message": Sample(
        "POST", r"chat\.deleteScheduledMessage", lambda waiting: waiting, _scheduled
    ),
    "slack.upload_file": Sample(
        "POST", r"files\.completeUploadExternal", {"channel": "C0GENERAL", "filename": "a.txt", "content": "x"}
    ),
    "slack.send_and_wait": Sample("POST", r"chat\.postMessage", {"channel": "C0GENERAL", "text": "Shall we?"}),
    "slack.create_channel": Sample("POST", r"conversations\.create", {"name": "lost"}),
    "slack.archive_channel": Sample("POST", r"conversations\.archive", {"channel": "C0TRIAGE"}),
    "slack.join_channel": Sample("POST", r"conversations\.join", {"channel": "C0OPS0001"}),
    "slack.invite_to_channel": Sample("POST", r"conversations\.invite", {"channel": "C0TRIAGE", "users": ["U0KEN"]}),
    "slack.set_topic": Sample("POST", r"conversations\.setTopic", {"channel": "C0TRIAGE", "topic": "x"}),
    "slack.api_call": Sample(
        "POST",
        r"chat\.postMessage",
        {"method": "chat.postMessage", "parameters": {"channel": "C0GENERAL", "text": "x"}},
    ),
    "github.create_issue": Sample("POST", r"/issues$", _ISSUE),
    "github.create_pr_comment": Sample(
        "POST", r"/issues/\d+/comments$", {"repository": "acme/web", "number": 1, "body": "x"}
    ),
    "github.dispatch_workflow": Sample(
        "POST",
        r"/dispatches$",
        {
            "repository": "acme/web",
            "workflow": "deploy.yml",
            "ref": "main",
            "inputs": {"environment": "staging"},
        },
    ),
    "github.create_or_update_file": Sample("PUT", r"/contents/", _FILE),
    **{f"github.{name}": sample for name, sample in GITHUB.items()},
    "salesforce.create_record": Sample("POST", rf"/sobjects/{ROW}$", {"object": ROW, "fields": {"Name": "x"}}),
    "salesforce.update_record": Sample(
        "PATCH",
        rf"/sobjects/{ROW}/",
        lambda row: {"object": ROW, "id": row, "fields": {"Phone": "1"}},
        _account,
    ),
    "salesforce.upsert_record": Sample(
        "PATCH",
        r"/sobjects/Invoice__c/",
        {
            "object": "Invoice__c",
            "external_id_field": "External_Key__c",
            "external_id": "S-1",
            "fields": {"Status__c": "Draft"},
        },
    ),
    "salesforce.upsert_records": Sample(
        "PATCH",
        r"/composite/sobjects/",
        {
            "object": "Invoice__c",
            "external_id_field": "External_Key__c",
            "records": [{"External_Key__c": "S-2", "Status__c": "Draft"}],
        },
    ),
    "salesforce.create_records": Sample(
        "POST", r"/composite/sobjects$", {"object": ROW, "records": [{"Name": "x"}, {"Name": "y"}]}
    ),
    "salesforce.update_records": Sample(
        "PATCH",
        r"/composite/sobjects$",
        lambda row: {"object": ROW, "records": [{"Id": row, "Phone": "1"}]},
        _account,
    ),
    "salesforce.delete_records": Sample("DELETE", r"/composite/sobjects", lambda row: {"ids": [row]}, _account),
    "salesforce.upload_file": Sample("POST", r"/sobjects/ContentVersion$", {"name": "a.txt", "content": "x"}),
    "salesforce.delete_record": Sample(
        "DELETE", rf"/sobjects/{ROW}/", lambda row: {"object": ROW, "id": row}, _account
    ),
    "salesforce.api_call": Sample(
        "POST", rf"/sobjects/{ROW}$", {"method": "POST", "path": f"sobjects/{ROW}", "body": {"Name": "x"}}
    ),
}
