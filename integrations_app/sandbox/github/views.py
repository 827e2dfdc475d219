"""Rows of the emulated GitHub in the shapes its REST API answers; `web` is the site's address."""

import hashlib
from typing import Any

from integrations_app.sandbox.github.git import is_mergeable
from integrations_app.sandbox.github.state import (
    Account,
    Asset,
    Comment,
    Commit,
    Delivery,
    Holder,
    Hook,
    Issue,
    Label,
    Milestone,
    Release,
    Repository,
    Review,
    stamp,
)

Json = dict[str, Any]


def account_view(account: Account, web: str) -> Json:
    """The short form of a person or organisation."""
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"U_{account.id}",
        "avatar_url": "",
        "url": f"{web}/api/v3/users/{account.login}",
        "html_url": f"{web}/{account.login}",
        "repos_url": f"{web}/api/v3/users/{account.login}/repos",
        "type": account.type,
        "site_admin": False,
    }


def repository_view(repository: Repository, web: str, viewer: str | None = None) -> Json:
    """A repository; with a viewer also what that person may do."""
    api = f"{web}/api/v3/repos/{repository.full_name}"
    html = f"{web}/{repository.full_name}"
    view: Json = {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "owner": account_view(repository.owner, web),
        "html_url": html,
        "description": repository.description,
        "fork": False,
        "url": api,
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues{{/number}}",
        "contents_url": f"{api}/contents/{{+path}}",
        "branches_url": f"{api}/branches{{/branch}}",
        "pulls_url": f"{api}/pulls{{/number}}",
        "clone_url": f"{html}.git",
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at),
        "pushed_at": stamp(repository.pushed_at),
        "has_issues": True,
        "archived": False,
        "disabled": False,
        "open_issues_count": sum(issue.state == "open" for issue in repository.issues.values()),
        "default_branch": repository.default_branch,
    }
    if viewer is not None:
        levels = {"admin": "admin", "push": "push", "pull": "pull"}
        view["permissions"] = {name: repository.may(viewer, level) for name, level in levels.items()}
    return view


def label_view(label: Label, repository: Repository, web: str) -> Json:
    """A label."""
    url = f"{web}/api/v3/repos/{repository.full_name}/labels/{label.name}"
    view: Json = {"id": label.id, "node_id": f"LA_{label.id}", "url": url, "name": label.name}
    return view | {"color": label.color, "default": False, "description": label.description}


def milestone_view(milestone: Milestone, repository: Repository, web: str) -> Json:
    """A milestone."""
    at = f"/repos/{repository.full_name}/milestones/{milestone.number}"
    return {
        "url": f"{web}/api/v3{at}",
        "html_url": f"{web}/{repository.full_name}/milestone/{milestone.number}",
        "id": milestone.id,
        "node_id": f"MI_{milestone.id}",
        "number": milestone.number,
        "title": milestone.title,
        "description": None,
        "state": "open",
        "created_at": stamp(milestone.created_at),
        "due_on": None,
    }


def review_view(review: Review, issue: Issue, repository: Repository, web: str) -> Json:
    """A review of a pull request."""
    html = f"{web}/{repository.full_name}/pull/{issue.number}"
    return {
        "id": review.id,
        "node_id": f"PRR_{review.id}",
        "user": account_view(review.user, web),
        "body": review.body,
        "state": review.state,
        "html_url": f"{html}#pullrequestreview-{review.id}",
        "pull_request_url": f"{web}/api/v3/repos/{repository.full_name}/pulls/{issue.number}",
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit_id,
        "author_association": "MEMBER",
    }


def asset_view(asset: Asset, release: Release, repository: Repository, web: str) -> Json:
    """A file of a release."""
    return {
        "url": f"{web}/api/v3/repos/{repository.full_name}/releases/assets/{asset.id}",
        "id": asset.id,
        "node_id": f"RA_{asset.id}",
        "name": asset.name,
        "label": asset.label or None,
        "uploader": account_view(asset.uploader, web),
        "content_type": asset.content_type,
        "state": "uploaded",
        "size": len(asset.content),
        "digest": f"sha256:{hashlib.sha256(asset.content).hexdigest()}",
        "download_count": 0,
        "created_at": stamp(asset.created_at),
        "updated_at": stamp(asset.created_at),
        "browser_download_url": f"{web}/{repository.full_name}/releases/download/{release.tag}/{asset.name}",
    }


def release_view(release: Release, repository: Repository, web: str) -> Json:
    """A release."""
    at, html = f"{web}/api/v3/repos/{repository.full_name}/releases/{release.id}", f"{web}/{repository.full_name}"
    return {
        "url": at,
        "assets_url": f"{at}/assets",
        "html_url": f"{html}/releases/tag/{release.tag}",
        "id": release.id,
        "author": account_view(release.author, web),
        "node_id": f"RE_{release.id}",
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name or None,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "created_at": stamp(release.created_at),
        "published_at": None if release.draft else stamp(release.published_at),
        "upload_url": f"{web}/api/uploads/repos/{repository.full_name}/releases/{release.id}/assets{{?name,label}}",
        "assets": [asset_view(one, release, repository, web) for one in release.assets],
        "tarball_url": f"{web}/api/v3/repos/{repository.full_name}/tarball/{release.tag}",
        "body": release.body or None,
    }


def issue_view(issue: Issue, repository: Repository, web: str) -> Json:
    """An issue; a pull request seen as an issue has `pull_request`."""
    api = f"{web}/api/v3/repos/{repository.full_name}"
    kind = "pull" if issue.pull else "issues"
    html = f"{web}/{repository.full_name}/{kind}/{issue.number}"
    people = [account_view(person, web) for person in issue.assignees]
    view: Json = {
        "url": f"{api}/issues/{issue.number}",
        "repository_url": api,
        "labels_url": f"{api}/issues/{issue.number}/labels{{/name}}",
        "comments_url": f"{api}/issues/{issue.number}/comments",
        "events_url": f"{api}/issues/{issue.number}/events",
        "html_url": html,
        "id": issue.id,
        "node_id": f"I_{issue.id}",
        "number": issue.number,
        "title": issue.title,
        "user": account_view(issue.user, web),
        "labels": [label_view(label, repository, web) for label in issue.labels],
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": issue.locked,
        "active_lock_reason": issue.lock_reason,
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": milestone_view(issue.milestone, repository, web) if issue.milestone else None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "author_association": "MEMBER",
        "body": issue.body,
    }
    if issue.pull:
        view["pull_request"] = {"url": f"{api}/pulls/{issue.number}", "html_url": html}
    return view


def pull_view(issue: Issue, repository: Repository, web: str) -> Json:
    """A pull request."""
    pull = issue.pull
    if pull is None:
        raise ValueError("not a pull request")
    api = f"{web}/api/v3/repos/{repository.full_name}"
    view = {name: value for name, value in issue_view(issue, repository, web).items() if name != "pull_request"}
    owner = repository.owner.login
    shown = repository_view(repository, web)

    def side(branch: str, sha: str) -> Json:
        user = account_view(repository.owner, web)
        return {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": user, "repo": shown}

    return view | {
        "url": f"{api}/pulls/{issue.number}",
        "issue_url": f"{api}/issues/{issue.number}",
        "review_comments_url": f"{api}/pulls/{issue.number}/comments",
        "diff_url": f"{view['html_url']}.diff",
        "head": side(pull.head, pull.head_sha),
        "base": side(pull.base, pull.base_sha),
        "draft": pull.draft,
        "merged": pull.merged,
        "mergeable": None if pull.merged else is_mergeable(repository, issue),
        "mergeable_state": "unknown" if pull.merged else "clean" if is_mergeable(repository, issue) else "dirty",
        "merged_at": stamp(pull.merged_at) if pull.merged else None,
        "merged_by": account_view(pull.merged_by, web) if pull.merged_by else None,
        "merge_commit_sha": pull.merge_sha or None,
        "requested_reviewers": [account_view(one, web) for one in pull.reviewers],
        "requested_teams": [],
        "review_comments": len(pull.review_comments),
        "commits": 1,
        "additions": 1,
        "deletions": 1,
        "changed_files": len(pull.files),
    }


def comment_view(comment: Comment, issue: Issue, repository: Repository, web: str) -> Json:
    """A comment in the timeline of an issue, or at a line of a pull request."""
    api = f"{web}/api/v3/repos/{repository.full_name}"
    kind, where = ("pull", "discussion_r") if comment.review else ("issues", "issuecomment-")
    if issue.pull:
        kind = "pull"
    view: Json = {
        "url": f"{api}/{'pulls' if comment.review else 'issues'}/comments/{comment.id}",
        "html_url": f"{web}/{repository.full_name}/{kind}/{issue.number}#{where}{comment.id}",
        "id": comment.id,
        "node_id": f"IC_{comment.id}",
        "user": account_view(comment.user, web),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": "MEMBER",
        "body": comment.body,
    }
    if comment.review:
        return view | comment.review | {"pull_request_url": f"{api}/pulls/{issue.number}"}
    return view | {"issue_url": f"{api}/issues/{issue.number}"}


def commit_view(commit: Commit, repository: Repository, web: str) -> Json:
    """A commit as the contents endpoints and pushes show it."""
    api = f"{web}/api/v3/repos/{repository.full_name}"
    who = {"name": commit.author.name, "email": commit.author.email, "date": stamp(commit.at)}
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha[:12]}",
        "url": f"{api}/git/commits/{commit.sha}",
        "html_url": f"{web}/{repository.full_name}/commit/{commit.sha}",
        "author": who | commit.signature,
        "committer": who,
        "message": commit.message,
        "tree": {"sha": commit.tree_sha, "url": f"{api}/git/trees/{commit.tree_sha}"},
        "parents": [{"sha": parent, "url": f"{api}/git/commits/{parent}"} for parent in commit.parents],
    }


def whole_commit_view(commit: Commit, repository: Repository, web: str) -> Json:
    """A commit as lists, comparisons and branches show it."""
    inner = commit_view(commit, repository, web)
    who = account_view(commit.author, web)
    view: Json = {"sha": commit.sha, "node_id": inner["node_id"], "commit": inner, "committer": who}
    view["author"] = None if commit.signature else who
    at = f"{web}/api/v3/repos/{repository.full_name}/commits/{commit.sha}"
    return view | {"url": at, "html_url": inner["html_url"], "parents": inner["parents"]}


def hook_view(hook: Hook, holder: Holder, web: str) -> Json:
    """A webhook; its secret is never shown. One of an organisation tells less."""
    of_repository = isinstance(holder, Repository)
    place = f"repos/{holder.full_name}" if isinstance(holder, Repository) else f"orgs/{holder.login}"
    url = f"{web}/api/v3/{place}/hooks/{hook.id}"
    config = {"url": hook.url, "content_type": hook.content_type, "insecure_ssl": "0"}
    if hook.secret:
        config["secret"] = "********"  # noqa: S105 - the vendor's own mask
    view: Json = {
        "type": "Repository" if of_repository else "Organization",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config,
        "updated_at": stamp(hook.updated_at),
        "created_at": stamp(hook.created_at),
        "url": url,
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
    }
    return view | ({"test_url": f"{url}/test", "last_response": _last_response(hook)} if of_repository else {})


def _last_response(hook: Hook) -> Json:
    last = hook.deliveries[-1] if hook.deliveries else None
    return {
        "code": last.status_code if last else None,
        "status": last.status if last else "unused",
        "message": None,
    }


def delivery_view(delivery: Delivery, whole: bool = False) -> Json:
    """A delivery attempt; the whole form has request and response."""
    view: Json = {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": stamp(delivery.at),
        "redelivery": delivery.redelivery,
        "duration": round(delivery.duration, 3),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": None,
        "repository_id": None,
        "throttled_at": None,
    }
    if whole:
        view["request"] = {"headers": delivery.request_headers, "payload": delivery.payload}
        view["response"] = {"headers": delivery.response_headers, "payload": delivery.response_body}
    return view
