"""Registers and removes webhooks of a repository, for the triggers."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from github import Github

from integrations_app.errors import Rejected
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.names import repository_of
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.reach import is_private_host
from integrations_app.sdk.triggers import HookRequest, Hooks, HookState

_NOT_KNOWN: Mapping[str, str] = MappingProxyType({})


async def create(request: HookRequest, ctx: ActionContext[GitHubClient]) -> str:
    """Register the hook, or bring the one with the same address to these events and this secret; its id."""
    name = target(request.config)
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
        hooks = github.get_repo(name).get_hooks()
        return next((hook.id for hook in hooks if hook.config.get("url") == request.url), None)

    def register(github: Github, existing: int | None) -> str:
        if existing is None:
            return str(github.get_repo(name).create_hook("web", settings, events, active=True).id)
        change = {"config": settings, "events": events, "active": True}
        github.requester.requestJsonAndCheck("PATCH", f"/repos/{name}/hooks/{existing}", input=change)
        return str(existing)

    existing = await ctx.client.read(find)
    return await ctx.client.change(lambda github: register(github, existing))


async def remove(hook_id: str, config: Mapping[str, Any], ctx: ActionContext[GitHubClient]) -> None:
    """Delete the hook; one that is gone, or whose repository is, is success."""
    name = target(config)

    def delete(github: Github) -> None:
        github.requester.requestJsonAndCheck("DELETE", f"/repos/{name}/hooks/{int(hook_id)}")

    try:
        await ctx.client.change(delete)
    except Rejected as error:
        if error.code != "not_found_or_no_access":
            raise


def target(config: Mapping[str, Any]) -> str:
    """Name the repository the hook hangs on."""
    return repository_of(str(config.get("repository") or ""), None).lower()


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
    """Ask for the hook and its newest delivery ("Repository webhooks", "List deliveries for a repository webhook")."""
    path = f"/repos/{target(config)}/hooks/{int(hook_id)}"

    def read(github: Github) -> HookState:
        _, hook = github.requester.requestJsonAndCheck("GET", path)
        _, newest = github.requester.requestJsonAndCheck("GET", f"{path}/deliveries", parameters={"per_page": 1})
        return _state(hook, newest)

    try:
        return await ctx.client.read(read)
    except Rejected as error:
        if error.code != "not_found_or_no_access":
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


HOOKS = Hooks(create=create, remove=remove, target=target, refusal=refusal, look=look)
