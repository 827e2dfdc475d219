"""Deliveries of the emulated Linear: payloads and signatures; a refused one is not repeated."""

import hashlib
import hmac
import json
import uuid
from typing import Any

from integrations_app.sandbox.linear.settings import linear_settings
from integrations_app.sandbox.linear.state import Comment, Hook, Issue, Person, Team, linear_of, stamp
from integrations_app.sandbox.linear.views import comment_view, issue_view
from integrations_app.sandbox.world import World

Json = dict[str, Any]
USER_AGENT = "Linear-Webhook"


def tell_issue(world: World, action: str, issue: Issue, actor: Person) -> None:
    """An issue was created, changed (`update`) or removed."""
    ids = {"teamId": issue.team.id, "stateId": issue.state.id, "labelIds": [one.id for one in issue.labels]}
    view = issue_view(issue, linear_of(world))
    labels = {"labels": view["labels"]["nodes"]}
    _tell(world, "Issue", action, view | labels | ids, issue.team, actor)


def tell_comment(world: World, action: str, comment: Comment, actor: Person) -> None:
    """Somebody commented."""
    issue = comment.issue
    short = {"id": issue.id, "identifier": issue.identifier, "title": issue.title, "teamId": issue.team.id}
    ids = {"issueId": issue.id, "userId": comment.user.id, "issue": short}
    _tell(world, "Comment", action, comment_view(comment, linear_of(world)) | ids, issue.team, actor)


def _tell(world: World, kind: str, action: str, data: Json, team: Team, actor: Person) -> None:
    workspace, now = linear_of(world), world.clock()
    for hook in workspace.hooks.values():
        if not hook.enabled or kind not in hook.kinds or hook.team not in (None, team):
            continue
        payload: Json = {
            "action": action,
            "type": kind,
            "createdAt": stamp(now),
            "organizationId": workspace.id,
            "webhookTimestamp": round(now * 1000),
            "webhookId": hook.id,
            "actor": {"id": actor.id, "name": actor.name, "type": "user"},
            "url": data["url"],
            "data": data,
        }
        world.courier.start(_deliver(world, hook, kind, json.dumps(payload, separators=(",", ":")).encode()))


async def _deliver(world: World, hook: Hook, kind: str, body: bytes) -> None:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "Linear-Delivery": str(uuid.uuid4()),
        "Linear-Event": kind,
        "Linear-Signature": hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    await world.courier.post(hook.url, headers, body, linear_settings(world).delivery_timeout)
