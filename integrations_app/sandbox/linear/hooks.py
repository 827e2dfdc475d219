"""Webhooks of the emulated Linear, as an app with admin rights registers them."""

import uuid
from typing import Any

from integrations_app.sandbox.linear.acts import NotFound, WrongAct
from integrations_app.sandbox.linear.state import Hook, Linear

KINDS = ("Issue", "Comment", "IssueLabel", "Project", "Cycle", "Reaction")
Json = dict[str, Any]


def create_hook(workspace: Linear, given: Json) -> Hook:
    """A webhook of `WebhookCreateInput`: of one team, or of every public one. Raises WrongAct, NotFound."""
    team = next((one for one in workspace.teams if one.id == given.get("teamId")), None)
    if team is None and given.get("teamId"):
        raise NotFound("Team")
    if team is None and given.get("allPublicTeams") is not True:
        raise WrongAct("Either teamId or allPublicTeams must be given")
    hook = Hook(str(uuid.uuid4()), str(given.get("url") or ""), str(given.get("secret") or ""), _kinds(given), team)
    if not hook.url:
        raise WrongAct("url must be a URL address")
    workspace.hooks[hook.id] = hook
    return hook


def change_hook(workspace: Linear, identifier: str, given: Json) -> Hook:
    """Change a webhook as `WebhookUpdateInput` says. Raises WrongAct, NotFound."""
    hook = workspace.hooks.get(identifier)
    if hook is None:
        raise NotFound("Webhook")
    if "resourceTypes" in given:
        hook.kinds = _kinds(given)
    hook.url, hook.secret = str(given.get("url") or hook.url), str(given.get("secret") or hook.secret)
    hook.enabled = given.get("enabled", hook.enabled) is True
    return hook


def remove_hook(workspace: Linear, identifier: str) -> None:
    """Delete a webhook. Raises NotFound."""
    if workspace.hooks.pop(identifier, None) is None:
        raise NotFound("Webhook")


def _kinds(given: Json) -> list[str]:
    kinds = given.get("resourceTypes")
    if not isinstance(kinds, list) or not kinds or set(kinds) - set(KINDS):
        raise WrongAct("each value in resourceTypes must be a known resource")
    return [str(one) for one in kinds]
