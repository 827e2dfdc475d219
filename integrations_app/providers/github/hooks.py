"""Registers and removes webhooks of a repository, or of a whole organisation, for the triggers.

An organisation's: "REST API endpoints for organization webhooks". Its owners only, and of the tokens with scopes those
with admin:org_hook; an OAuth app sees only the hooks that it made itself.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from github import Github
from github.Hook import Hook
from github.PaginatedList import PaginatedList

from integrations_app.errors import Rejected
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.feed import feed
from integrations_app.providers.github.names import owner_of, target_of
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.reach import is_private_host
from integrations_app.sdk.triggers import HookRequest, Hooks, HookState

ORGANIZATION_SCOPE = "admin:org_hook"
_NO_SUCH_ORGANIZATION = (
    "There is no organisation {owner} at GitHub whose webhooks the connected account may manage. Only an owner of the "
    "organisation may, and people have none: choose their repositories one by one."
)
_GONE = "not_found_or_no_access"
_NOT_KNOWN: Mapping[str, str] = MappingProxyType({})


async def create(request: HookRequest, ctx: ActionContext[GitHubClient]) -> str:
    """Register the hook, or bring the one with the same address to these events and this secret; its id."""
    place = _place(request.config)
    if why := refusal(request.url, ctx.client.bases):
        raise Rejected("address_unreachable", why)
    settings = {
        "url": request.url,
        "content_type": "json",
        "secret": request.secret.reveal("github hook"),
        "insecure_ssl": "0",
    }
    events = sorted(request.events)

    def find(github: Github) -> int | None:
        hooks = PaginatedList(Hook, github.requester, place, None)
        return next((hook.id for hook in hooks if hook.config.get("url") == request.url), None)

    def register(github: Github, existing: int | None) -> str:
        wanted = {"config": settings, "events": events, "active": True}
        if existing is None:
            _, made = github.requester.requestJsonAndCheck("POST", place, input=wanted | {"name": "web"})
            return str(made["id"])
        github.requester.requestJsonAndCheck("PATCH", f"{place}/{existing}", input=wanted)
        return str(existing)

    try:
        existing = await ctx.client.read(find, hidden=True)
    except Rejected as error:
        owner = owner_of(target_of(request.config))
        if error.code != _GONE or owner is None:
            raise
        raise Rejected(_GONE, _NO_SUCH_ORGANIZATION.format(owner=owner)) from error
    return await ctx.client.change(lambda github: register(github, existing))


async def remove(hook_id: str, config: Mapping[str, Any], ctx: ActionContext[GitHubClient]) -> None:
    """Delete the hook; one that is gone, or whose repository or organisation is, is success."""
    place = _place(config)

    def delete(github: Github) -> None:
        github.requester.requestJsonAndCheck("DELETE", f"{place}/{int(hook_id)}")

    try:
        await ctx.client.change(delete)
    except Rejected as error:
        if error.code != _GONE:
            raise


def of_organization(config: Mapping[str, Any]) -> bool:
    """Whether it is a hook of a whole organisation; a draft's config may hold anything."""
    return owner_of(str(config.get("repository") or "")) is not None


def _place(config: Mapping[str, Any]) -> str:
    """The path that the endpoints of its hooks begin with."""
    name = target_of(config)
    owner = owner_of(name)
    return f"/orgs/{owner}/hooks" if owner else f"/repos/{name}/hooks"


def refusal(url: str, bases: Mapping[str, str] = _NOT_KNOWN) -> str | None:
    """Why GitHub could not deliver to this address; an emulator or a server beside us can.

    Without `bases` nothing is known about the vendor's place and nothing refused: `create` knows it and asks again.
    """
    host = urlsplit(url).hostname or ""
    if is_private_host(host) and not is_private_host(urlsplit(bases.get("api", "")).hostname or ""):
        return (
            "GitHub delivers from the internet and cannot reach this installation's address. Set "
            "INTEGRATIONS_PUBLIC_URL to an address that can be reached from outside."
        )
    return None


async def look(hook_id: str, config: Mapping[str, Any], ctx: ActionContext[GitHubClient]) -> HookState | None:
    """Ask for the hook and its newest delivery ("Repository webhooks", "List deliveries for a repository webhook").

    Raises MissingScope when the token may not see any, so that none is taken for deleted.
    """
    path = f"{_place(config)}/{int(hook_id)}"

    def read(github: Github) -> HookState:
        _, hook = github.requester.requestJsonAndCheck("GET", path)
        _, newest = github.requester.requestJsonAndCheck("GET", f"{path}/deliveries", parameters={"per_page": 1})
        return _state(hook, newest)

    try:
        return await ctx.client.read(read, hidden=True)
    except Rejected as error:
        if error.code != _GONE:
            raise
        return None


def _state(hook: Any, newest: Any) -> HookState:
    active = hook.get("active") is True
    last = newest[0] if isinstance(newest, list) and newest else None
    if last is None:
        return HookState(active)
    code = int(last.get("status_code") or 0)
    answer = " ".join(part for part in (str(code or ""), str(last.get("status") or "")[:100]) if part)
    return HookState(active, datetime.fromisoformat(str(last["delivered_at"])), 200 <= code < 300, answer)  # noqa: PLR2004


HOOKS = Hooks(create=create, remove=remove, target=target_of, refusal=refusal, look=look, feed=feed)
