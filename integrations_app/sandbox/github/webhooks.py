"""Webhook deliveries of the emulated GitHub: payloads, signatures, redelivery; never repeated by themselves."""

import hashlib
import hmac
import json
import uuid
from typing import Any
from urllib.parse import quote

from integrations_app.sandbox.github.settings import github_settings
from integrations_app.sandbox.github.state import (
    Account,
    AppDelivery,
    Comment,
    Delivery,
    Holder,
    Hook,
    Installation,
    Issue,
    Repository,
    Review,
    github_of,
)
from integrations_app.sandbox.github.views import (
    account_view,
    comment_view,
    commit_view,
    hook_view,
    issue_view,
    pull_view,
    repository_view,
    review_view,
)
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.world import World

Json = dict[str, Any]
KEPT = 200
INSTALLATION = 4711
"""Id of an installation that is told of and was never made."""
USER_AGENT = "GitHub-Hookshot/sandbox"


def fire(world: World, web: str, repository: Repository, event: str, sender: Account, payload: Json) -> None:
    """Deliver an event to every active hook of the repository and of its owner that listens to it."""
    whole = payload | {"repository": repository_view(repository, web), "sender": account_view(sender, web)}
    if repository.owner.type == "Organization":
        whole["organization"] = account_view(repository.owner, web)
    for installation in github_of(world).installations.values():
        if installation.covers(repository) and event in installation.events:
            tell_app(world, installation, event, whole)
    holders: tuple[Holder, ...] = (repository, repository.owner)
    for holder in holders:
        for hook in holder.hooks.values():
            if hook.active and (event in hook.events or "*" in hook.events):
                deliver(world, holder, hook, event, whole)


def ping(world: World, web: str, holder: Holder, hook: Hook, sender: Account) -> None:
    """The event that follows the creation of a hook."""
    payload: Json = {"zen": "Keep it logically awesome.", "hook_id": hook.id, "hook": hook_view(hook, holder, web)}
    if isinstance(holder, Repository):
        payload["repository"] = repository_view(holder, web)
    else:
        payload["organization"] = account_view(holder, web)
    deliver(world, holder, hook, "ping", payload | {"sender": account_view(sender, web)})


def fire_app_event(world: World, event: str, payload: Json, app: App | None = None) -> None:
    """Tell an app (the first that is registered) something, signed with the app's own webhook secret."""
    app = app or next((one for (vendor, _), one in world.apps.items() if vendor == "github"), None)
    url = (app.request_url if app else "") or github_settings(world).app_webhook_url
    if not url or app is None:
        return
    raw = json.dumps(payload, separators=(",", ":")).encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-GitHub-Event": event,
        "X-GitHub-Hook-Installation-Target-ID": str(app_number(app)),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": "sha256=" + hmac.new(app.signing_secret.encode(), raw, hashlib.sha256).hexdigest(),
    }
    delivery = AppDelivery(url, headers, raw)
    kept = github_of(world).app_deliveries
    kept.append(delivery)
    del kept[:-KEPT]
    world.courier.start(_post_app_event(world, delivery))


async def _post_app_event(world: World, delivery: AppDelivery) -> None:
    limit = github_settings(world).delivery_timeout
    await world.courier.post(delivery.url, delivery.headers, delivery.body, limit)


def redeliver_to_app(world: World, delivery: AppDelivery) -> None:
    """Send an App the same once more: GUID, body and signature."""
    world.courier.start(_post_app_event(world, delivery))


def app_number(app: App) -> int:
    """The App's id, which is another thing than its client id."""
    return int(app.app_id) if app.app_id.isdigit() else 1


def tell_app(world: World, installation: Installation, event: str, payload: Json) -> None:
    """Tell the App of an installation something that happened there."""
    app = world.app("github", installation.client_id)
    if app is not None:
        where = {"id": installation.id, "node_id": f"MDI_{installation.id}"}
        fire_app_event(world, event, {"installation": where, **payload}, app)


def fire_authorization_revoked(world: World, web: str, account: Account) -> None:
    """`github_app_authorization`: the person has taken the app's access back."""
    payload: Json = {"action": "revoked", "sender": account_view(account, web)}
    fire_app_event(world, "github_app_authorization", payload)


def fire_installation(world: World, web: str, account: Account, action: str) -> None:
    """`installation`: the app was `deleted` from the account, or its access to it suspended (`suspend`)."""
    installation: Json = {"id": INSTALLATION, "account": account_view(account, web)}
    installation |= {"target_id": account.id, "target_type": account.type, "repository_selection": "all"}
    payload: Json = {"action": action, "installation": installation, "repositories": [], "requester": None}
    fire_app_event(world, "installation", payload | {"sender": account_view(account, web)})


def deliver(world: World, holder: Holder, hook: Hook, event: str, payload: Json) -> Delivery:
    """Begin one delivery with a new GUID."""
    guid = str(uuid.uuid4())
    delivery = Delivery(
        github_of(world).next_id(), guid, event, payload.get("action"), world.clock(), False, {}, payload, ""
    )
    _prepare(holder, hook, delivery)
    return _send(world, hook, delivery)


def redeliver(world: World, holder: Holder, hook: Hook, old: Delivery) -> Delivery:
    """Deliver again what was delivered: the same GUID and payload, a new id."""
    again = Delivery(
        github_of(world).next_id(), old.guid, old.event, old.action, world.clock(), True, {}, old.payload, old.body
    )
    _prepare(holder, hook, again)
    return _send(world, hook, again)


def _prepare(holder: Holder, hook: Hook, delivery: Delivery) -> None:
    text = json.dumps(delivery.payload, separators=(",", ":"))
    is_json = hook.content_type == "json"
    delivery.body = text if is_json else f"payload={quote(text, safe='')}"
    delivery.request_headers = {
        "Accept": "*/*",
        "Content-Type": "application/json" if is_json else "application/x-www-form-urlencoded",
        "User-Agent": USER_AGENT,
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(holder.id),
        "X-GitHub-Hook-Installation-Target-Type": "repository" if isinstance(holder, Repository) else "organization",
    }
    if hook.secret:
        raw, key = delivery.body.encode(), hook.secret.encode()
        delivery.request_headers["X-Hub-Signature"] = "sha1=" + hmac.new(key, raw, hashlib.sha1).hexdigest()
        delivery.request_headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest()


def _send(world: World, hook: Hook, delivery: Delivery) -> Delivery:
    hook.deliveries.append(delivery)
    del hook.deliveries[:-KEPT]
    world.courier.start(_post(world, hook, delivery))
    return delivery


async def _post(world: World, hook: Hook, delivery: Delivery) -> None:
    limit = github_settings(world).delivery_timeout
    receipt = await world.courier.post(hook.url, delivery.request_headers, delivery.body.encode(), limit)
    delivery.status_code, delivery.duration = receipt.status, receipt.duration
    delivery.response_headers, delivery.response_body = receipt.headers, receipt.body
    failure = "timed out" if receipt.error == "timeout" else "failed to connect to host"
    delivery.status = ("OK" if receipt.accepted else "Invalid HTTP Response") if receipt.status else failure


def fire_issue(
    world: World, web: str, repository: Repository, issue: Issue, action: str, sender: Account, **more: Any
) -> None:
    """`issues`, or `pull_request` for a pull request."""
    if issue.pull:
        payload: Json = {"action": action, "number": issue.number, "pull_request": pull_view(issue, repository, web)}
        fire(world, web, repository, "pull_request", sender, payload | more)
    else:
        payload = {"action": action, "issue": issue_view(issue, repository, web)}
        fire(world, web, repository, "issues", sender, payload | more)


def fire_comment(world: World, web: str, repository: Repository, issue: Issue, comment: Comment) -> None:
    """`issue_comment`, or `pull_request_review_comment` for one at a line."""
    payload: Json = {"action": "created", "comment": comment_view(comment, issue, repository, web)}
    if comment.review:
        payload["pull_request"] = pull_view(issue, repository, web)
        fire(world, web, repository, "pull_request_review_comment", comment.user, payload)
    else:
        payload["issue"] = issue_view(issue, repository, web)
        fire(world, web, repository, "issue_comment", comment.user, payload)


def fire_review(world: World, web: str, repository: Repository, issue: Issue, review: Review) -> None:
    """`pull_request_review`; the payload writes the state in small letters."""
    view = review_view(review, issue, repository, web)
    payload: Json = {"action": "submitted", "review": view | {"state": review.state.lower()}}
    payload["pull_request"] = pull_view(issue, repository, web)
    fire(world, web, repository, "pull_request_review", review.user, payload)


def fire_ref(world: World, web: str, repository: Repository, event: str, ref: str, sender: Account) -> None:
    """`create` or `delete` of a branch or a tag, and the push that a removal is."""
    kind, name = ref.removeprefix("refs/").split("/", 1)
    if kind not in ("heads", "tags"):
        return
    payload: Json = {"ref": name, "ref_type": "branch" if kind == "heads" else "tag", "pusher_type": "user"}
    if event == "create":
        payload |= {"master_branch": repository.default_branch, "description": repository.description}
    fire(world, web, repository, event, sender, payload)


def fire_push(world: World, web: str, repository: Repository, ref: str, before: str, sender: Account) -> None:
    """`push` for a ref that moved from `before` to where it is now."""
    after = repository.head(ref)
    if after is None:
        return
    old = repository.commits[before].files if before in repository.commits else {}
    changed = commit_view(after, repository, web)
    commit = {"id": after.sha, "tree_id": after.tree_sha, "distinct": True, "message": after.message}
    commit |= {"timestamp": changed["author"]["date"], "url": changed["html_url"]}
    commit |= {"author": changed["author"] | {"username": after.author.login}, "committer": changed["committer"]}
    commit["added"] = [path for path in after.files if path not in old]
    commit["removed"] = [path for path in old if path not in after.files]
    commit["modified"] = [path for path, sha in after.files.items() if path in old and old[path] != sha]
    payload: Json = {"ref": ref, "before": before, "after": after.sha, "base_ref": None}
    payload |= {"created": before == "0" * 40, "deleted": False, "forced": False}
    payload |= {"compare": f"{web}/{repository.full_name}/compare/{before[:12]}...{after.sha[:12]}"}
    payload |= {"commits": [commit], "head_commit": commit, "pusher": {"name": sender.login, "email": sender.email}}
    fire(world, web, repository, "push", sender, payload)
