"""Registers and removes webhooks of a team, or of every public team, for the triggers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from integrations_app.errors import OutcomeUnknown, Rejected, ResponseRefused
from integrations_app.providers.linear import queries
from integrations_app.providers.linear.client import LinearClient
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.reach import is_private_host
from integrations_app.sdk.triggers import HookRequest, Hooks, HookState

EVERY_TEAM = "all"
_NOT_KNOWN: Mapping[str, str] = MappingProxyType({})


async def create(request: HookRequest, ctx: ActionContext[LinearClient]) -> str:
    """Register the webhook, or bring the one with the same address to these kinds and this secret; its id."""
    if why := refusal(request.url, ctx.client.bases):
        raise Rejected("address_unreachable", why)
    existing = next((hook for hook in await _all(ctx) if hook.get("url") == request.url), None)
    given: dict[str, Any] = {
        "url": request.url,
        "secret": request.secret.reveal("linear hook"),
        "resourceTypes": sorted(request.events),
        "enabled": True,
    }
    if existing is not None:
        await ctx.client.change(queries.UPDATE_WEBHOOK, id=str(existing["id"]), input=given)
        return str(existing["id"])
    place = target(request.config)
    given |= {"allPublicTeams": True} if place == EVERY_TEAM else {"teamId": place}
    made = (await ctx.client.change(queries.CREATE_WEBHOOK, input=given | {"label": "Integrations"})).get("webhook")
    if not isinstance(made, Mapping) or not made.get("id"):
        raise OutcomeUnknown("Linear's answer names no webhook: the call may have taken effect.")
    return str(made["id"])


async def remove(hook_id: str, config: Mapping[str, Any], ctx: ActionContext[LinearClient]) -> None:
    """Delete the webhook; one that is gone is success."""
    del config
    try:
        await ctx.client.change(queries.DELETE_WEBHOOK, id=hook_id)
    except Rejected as error:
        if error.code != "entity_not_found":
            raise


def target(config: Mapping[str, Any]) -> str:
    """The team, or every public one."""
    return str(config.get("team") or "") or EVERY_TEAM


def refusal(url: str, bases: Mapping[str, str] = _NOT_KNOWN) -> str | None:
    """Why Linear could not deliver to this address: it must be public https. An emulation beside us can.

    Source: linear.app/developers/webhooks. Without `bases` nothing is known about the vendor's place.
    """
    parts, beside = urlsplit(url), urlsplit(bases.get("api", "")).hostname
    if beside and is_private_host(beside):
        return None
    if parts.scheme != "https" or is_private_host(parts.hostname or ""):
        return (
            "Linear delivers to public https addresses only. Set INTEGRATIONS_PUBLIC_URL to an address that can be "
            "reached from outside."
        )
    return None


async def look(hook_id: str, config: Mapping[str, Any], ctx: ActionContext[LinearClient]) -> HookState | None:
    """Ask for the webhook; Linear tells nothing of its deliveries, and switches off one that keeps failing."""
    del config
    found = next((hook for hook in await _all(ctx) if hook.get("id") == hook_id), None)
    return None if found is None else HookState(found.get("enabled") is True)


async def _all(ctx: ActionContext[LinearClient]) -> list[Mapping[str, Any]]:
    found = (await ctx.client.read(queries.LIST_WEBHOOKS)).get("webhooks")
    nodes = found.get("nodes") if isinstance(found, Mapping) else None
    if not isinstance(nodes, list):
        raise ResponseRefused("protocol_error", "Linear's answer cannot be read.")
    return [hook for hook in nodes if isinstance(hook, Mapping)]


HOOKS = Hooks(create=create, remove=remove, target=target, refusal=refusal, look=look)
