"""Vendor hooks: deliveries registered and removed at a vendor, shared by all workflows that need the same."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from sqlmodel import Session

from integrations_app.connections.access import use
from integrations_app.connections.addresses import reach
from integrations_app.connections.repository import Connections
from integrations_app.errors import Conflict, IntegrationsError, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import record
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, system_actor
from integrations_app.sdk.triggers import HookRequest, Hooks, Trigger
from integrations_app.workflows import app_feeds, polling
from integrations_app.workflows.definition import Definition, TriggerPart
from integrations_app.workflows.endpoint_cache import forget
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.repository import Endpoints, Workflows
from integrations_app.workflows.sealing import open_endpoint_secret, seal_endpoint_secret

_log = logging.getLogger(__name__)
SECRET_BYTES = 32
_leases: "WeakValueDictionary[tuple[str, ...], asyncio.Lock]" = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class _Hook:
    """A hook of ours at a vendor, or the wish for one."""

    endpoint_id: str
    connection_id: str
    provider: str
    config: Mapping[str, Any]
    hook_id: str
    secret: Secret
    kinds: tuple[str, ...]


def lease(hub: Hub, actor: Actor, part: TriggerPart) -> AbstractAsyncContextManager[None]:
    """Be alone with what the trigger's hook hangs on, from before `ensure` until the subscription is written.

    Else one workflow's last listener could remove the hook that another has just been promised, or two first
    listeners could each register only what they themselves listen to. It binds this process only, which is enough
    while one process serves an installation; `require_open` and `_dismiss` look again in their transactions.
    Nobody may hold two of them.
    """
    try:
        _, trigger = hub.registry.trigger(part.type)
    except NotFound:  # started by hand, by a schedule or by an endpoint of its own: there is no hook
        return nullcontext()
    return _alone(actor.organization_id, part.connection, trigger.target(part.config))


@asynccontextmanager
async def _alone(*place: str) -> AsyncIterator[None]:
    lock = _leases.setdefault(place, asyncio.Lock())
    async with lock:
        yield


def endpoint_url(hub: Hub, endpoint_id: str) -> str:
    """The address that an outsider posts to."""
    return f"{hub.settings.public_origin}/api/webhooks/{endpoint_id}"


async def delivery_refusal(hub: Hub, actor: Actor, definition: Definition) -> str:
    """Why the vendor could not reach this address, said before publishing; empty when it can.

    Judged by where the trigger's connection leads: an emulator beside us reaches what the vendor's cloud cannot.
    Raises Conflict `sandbox_off`.
    """
    try:
        provider, trigger = hub.registry.trigger(definition.trigger.type)
    except NotFound:
        return ""
    chosen, organization_id = definition.trigger.connection, actor.organization_id
    row = await hub.database.read(lambda session: Connections(session, organization_id).find(chosen))
    if trigger.hooks is None or row is None:
        return ""
    return trigger.hooks.refusal(hub.settings.public_origin, reach(hub.settings, provider, row.app_kind).bases) or ""


async def ensure(hub: Hub, actor: Actor, definition: Definition, workflow_id: str = "") -> str:
    """Make sure that we hear what the definition's trigger listens to; our endpoint's id.

    By the vendor's app where that tells of it already, else by a hook, or by asking: by one of them only, since each
    is an endpoint of its own and a workflow listens on one. Safe to repeat: the endpoint is kept between tries, and
    the vendor's side finds an identical hook. `workflow_id` is whose definition it is, to leave it where it listens.
    The network is used with no transaction open. Raises what the vendor's call raises.
    """
    part = definition.trigger
    provider, trigger = hub.registry.trigger(part.type)
    organization_id, now = actor.organization_id, hub.clock()
    target = trigger.target(part.config)
    fresh_id, fresh_secret = hub.new_id(), Secret(secrets.token_hex(SECRET_BYTES))
    proof, fence = await _prove(hub, organization_id, part, trigger, workflow_id)

    def prepare(session: Session) -> _Hook:
        hold(session, f"hook:{part.connection}:{target}")
        endpoints = Endpoints(session, organization_id)
        row = endpoints.find_hook(part.connection, target, fed=proof is not None)
        known = fence if row is not None else None
        if row is None:
            name = f"{provider.name} {target}".strip()
            row = Endpoint(organization_id=organization_id, id=fresh_id, name=name, kind=provider.key, created_at=now)
            row.connection_id, row.target, row.config = part.connection, target, dict(part.config)
            row.secret = seal_endpoint_secret(hub, session, row, fresh_secret) if trigger.hooks else None
            endpoints.add(row)
        if proof is not None:
            # Soon again: for all who listen, and since nothing remembers what the vendor told before there was a feed.
            app_feeds.keep(hub, session, row, proof, fence=known, lasts=timedelta(0))
        return _wish(hub, session, row, trigger.kinds)

    hook = await hub.database.write(prepare)
    if proof is not None:
        return hook.endpoint_id
    if trigger.hooks is not None:
        await _register(hub, organization_id, trigger.hooks, hook)
    elif trigger.poll is not None:
        await polling.begin(hub, organization_id, hook.endpoint_id, part, trigger.poll)
    return hook.endpoint_id


async def _prove(
    hub: Hub, organization_id: str, part: TriggerPart, trigger: Trigger, workflow_id: str
) -> tuple[app_feeds.Proof | None, int | None]:
    """What the vendor shows of its app, None where a hook is listened to already or must do; and the fence before."""
    place = part.connection, trigger.target(part.config)

    def look(session: Session) -> tuple[bool, int | None]:
        endpoints = Endpoints(session, organization_id)
        fed = endpoints.find_hook(*place, fed=True)
        shown = endpoints.feed(fed.id) if fed is not None else None
        return _is_hooked(session, organization_id, place, workflow_id), shown.fence if shown is not None else None

    if trigger.hooks is None:
        return None, None
    hooked, fence = await hub.database.read(look)
    if hooked:
        return None, None
    wanted = app_feeds.Wanted(part.connection, part.config, trigger.kinds, workflow_id)
    return await app_feeds.prove(hub, organization_id, trigger.hooks, wanted), fence


def _is_hooked(session: Session, organization_id: str, place: tuple[str, str], workflow_id: str) -> bool:
    """Whether a hook is to be listened to without asking for the app's events.

    What listens to a hook is never moved to the app while it is live, since what happens in that moment would come by
    both; others join it there, unless the app feeds somebody already.
    """
    endpoints = Endpoints(session, organization_id)
    listening = Workflows(session, organization_id).subscription(workflow_id)
    own = endpoints.find(listening.endpoint_id) if listening else None
    if own is not None and (own.connection_id, own.target) == place:
        return bool(own.hook_id)
    fed, hooked = endpoints.find_hook(*place, fed=True), endpoints.find_hook(*place)
    if fed is not None and endpoints.subscriptions(fed.id):
        return False
    return hooked is not None and bool(hooked.hook_id and endpoints.subscriptions(hooked.id))


def require_open(session: Session, actor: Actor, endpoint_id: str) -> None:
    """Keep the endpoint for this transaction; Conflict `endpoint_gone` when it was closed meanwhile."""
    hold(session, f"endpoint:{endpoint_id}")
    if Endpoints(session, actor.organization_id).find(endpoint_id) is None:
        raise Conflict("endpoint_gone", "Its endpoint was closed meanwhile. Publish again.")


async def repair(hub: Hub, actor: Actor, endpoint_id: str) -> None:
    """Register the hook of an endpoint again, for all that its live workflows listen to. Safe to repeat.

    One that the vendor's app fed is fed again, or gets a hook instead. Needs MANAGE_CONNECTIONS. Raises NotFound when
    the endpoint is gone or not the product's own, Conflict `endpoint_unused` when nobody listens to it, and what the
    vendor's call raises.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    place = await hub.database.read(partial(_place, actor=actor, endpoint_id=endpoint_id))
    if place is None:
        raise NotFound("There is no such hook.")
    async with _alone(actor.organization_id, *place):
        hook, hooks = await hub.database.read(lambda session: _listened_to(hub, session, actor, endpoint_id))
        if not await _feed_again(hub, actor.organization_id, hooks, hook):
            await _register(hub, actor.organization_id, hooks, hook)
        await hub.database.write(lambda session: _note_repaired(hub, session, actor, hook))


async def renew_feed(hub: Hub, organization_id: str, endpoint_id: str) -> None:
    """Let the vendor show anew what its app feeds an endpoint with; a hook takes its place when it does not.

    Raises what the vendor's calls raise. With nothing shown and no hook the endpoint hears nothing.
    """
    actor = system_actor(organization_id)
    place = await hub.database.read(partial(_place, actor=actor, endpoint_id=endpoint_id))
    if place is None:
        return
    async with _alone(organization_id, *place):
        hook, hooks = await hub.database.read(lambda session: _listened_to(hub, session, actor, endpoint_id))
        if await hub.database.read(lambda session: Endpoints(session, organization_id).feed(endpoint_id)) is None:
            return
        if not await _feed_again(hub, organization_id, hooks, hook):
            await _register(hub, organization_id, hooks, hook)


async def _feed_again(hub: Hub, organization_id: str, hooks: Hooks, hook: _Hook) -> bool:
    """Whether the app feeds the endpoint still; one that it does not hears nothing from here on."""
    before = await hub.database.write(lambda session: app_feeds.begin(session, organization_id, hook.endpoint_id))
    if before is None:
        return False
    wanted = app_feeds.Wanted(hook.connection_id, hook.config, hook.kinds, hook.endpoint_id)
    proof = await app_feeds.prove(hub, organization_id, hooks, wanted, renews=True)

    def write(session: Session) -> bool:
        row = Endpoints(session, organization_id).find(hook.endpoint_id)
        if row is not None and proof is not None:
            app_feeds.keep(hub, session, row, proof, fence=before)
            return True
        shown = app_feeds.find(session, organization_id, hook.endpoint_id)
        if shown is not None:
            app_feeds.silence(session, shown, hub.clock())
        if row is not None and shown is not None and not shown.error_code:
            detail = {"provider": row.kind, "target": row.target}
            subject, actor = f"endpoint:{row.id}", system_actor(organization_id)
            record(session, hub.keyring, actor, "endpoint.feed_lost", now=hub.clock(), subject=subject, detail=detail)
        return False

    return await hub.database.write(write)


def _listened_to(hub: Hub, session: Session, actor: Actor, endpoint_id: str) -> tuple[_Hook, Hooks]:
    row = Endpoints(session, actor.organization_id).get(endpoint_id)
    hooks, hook = _hooks_of(hub, row), _wish(hub, session, row)
    if hooks is None or not hook.kinds:
        raise Conflict("endpoint_unused", "No live workflow listens to this hook.")
    return hook, hooks


def _note_repaired(hub: Hub, session: Session, actor: Actor, hook: _Hook) -> None:
    subject, detail = f"endpoint:{hook.endpoint_id}", {"provider": hook.provider}
    record(session, hub.keyring, actor, "endpoint.hook_repaired", now=hub.clock(), subject=subject, detail=detail)


async def release(hub: Hub, actor: Actor, endpoint_ids: Iterable[str]) -> None:
    """Remove the hooks of endpoints that nobody listens to any more. Safe to repeat; takes the lease of each.

    A vendor that cannot be asked keeps the hook: its deliveries meet a disabled endpoint, and the audit says so.
    """
    for endpoint_id in endpoint_ids:
        place = await hub.database.read(partial(_place, actor=actor, endpoint_id=endpoint_id))
        if place is not None:
            async with _alone(actor.organization_id, *place):
                await _release(hub, actor, endpoint_id)


async def _release(hub: Hub, actor: Actor, endpoint_id: str) -> None:
    hook, hooks = await hub.database.read(lambda session: _unused(hub, session, actor, endpoint_id))
    if hook is None:
        return
    left = ""
    if hooks is not None and hook.hook_id:
        try:
            await _remove(hub, actor.organization_id, hooks, hook)
        except IntegrationsError as error:
            _log.warning("a hook of %s was left at the vendor: %s", hook.provider, error.code)
            left = error.code
    wanted = await hub.database.write(lambda session: _dismiss(hub, session, actor, hook, left))
    if wanted is not None and hooks is not None:  # another process published meanwhile, or a write came late
        await _register(hub, actor.organization_id, hooks, wanted)
    forget(endpoint_id)


async def _register(hub: Hub, organization_id: str, hooks: Hooks, hook: _Hook) -> None:
    hook_id = await _create(hub, organization_id, hooks, hook)
    await hub.database.write(lambda session: _enable(session, organization_id, hook.endpoint_id, hook_id))
    forget(hook.endpoint_id)


async def _create(hub: Hub, organization_id: str, hooks: Hooks, hook: _Hook) -> str:
    request = HookRequest(endpoint_url(hub, hook.endpoint_id), hook.secret, hook.config, hook.kinds)
    return await use(
        hub,
        organization_id,
        hook.connection_id,
        lambda connected: hooks.create(request, connected.context(hook.endpoint_id, hub.clock())),
    )


async def _remove(hub: Hub, organization_id: str, hooks: Hooks, hook: _Hook) -> None:
    await use(
        hub,
        organization_id,
        hook.connection_id,
        lambda connected: hooks.remove(hook.hook_id, hook.config, connected.context(hook.endpoint_id, hub.clock())),
    )


def _enable(session: Session, organization_id: str, endpoint_id: str, hook_id: str) -> None:
    endpoints = Endpoints(session, organization_id)
    row = endpoints.get(endpoint_id)
    row.hook_id, row.enabled = hook_id, True
    session.add(row)
    endpoints.end_feed(endpoint_id)


def _unused(hub: Hub, session: Session, actor: Actor, endpoint_id: str) -> tuple[_Hook | None, Hooks | None]:
    """The hook of an endpoint that the product made and nobody listens to; None when there is none."""
    endpoints = Endpoints(session, actor.organization_id)
    row = endpoints.find(endpoint_id)
    if row is None or row.connection_id is None or endpoints.subscriptions(endpoint_id):
        return None, None
    hook = _Hook(row.id, row.connection_id, row.kind, row.config, row.hook_id, Secret(""), ())
    return hook, None if endpoints.feed(endpoint_id) else _hooks_of(hub, row)


def _hooks_of(hub: Hub, row: Endpoint) -> Hooks | None:
    triggers: Iterable[Trigger] = hub.registry.get(row.kind).triggers if row.kind in hub.registry else ()
    return next((trigger.hooks for trigger in triggers if trigger.hooks is not None), None)


def _wish(hub: Hub, session: Session, row: Endpoint, kinds: Iterable[str] = ()) -> _Hook:
    """The hook that this endpoint needs for `kinds` and for all that its live workflows listen to."""
    wanted = set(kinds)
    for listening in Endpoints(session, row.organization_id).subscriptions(row.id):
        wanted |= set(hub.registry.trigger(listening.trigger_type)[1].kinds)
    secret = open_endpoint_secret(hub, session, row) if row.secret else Secret("")
    return _Hook(row.id, row.connection_id or "", row.kind, row.config, row.hook_id, secret, tuple(sorted(wanted)))


def _place(session: Session, actor: Actor, endpoint_id: str) -> tuple[str, str] | None:
    """Connection and target of an endpoint that the product made, which name its lease."""
    row = Endpoints(session, actor.organization_id).find(endpoint_id)
    return (row.connection_id, row.target) if row is not None and row.connection_id is not None else None


def _dismiss(hub: Hub, session: Session, actor: Actor, hook: _Hook, left: str) -> _Hook | None:
    """Forget the endpoint; the hook it needs when somebody listens to it by now."""
    hold(session, f"endpoint:{hook.endpoint_id}")
    endpoints = Endpoints(session, actor.organization_id)
    row = endpoints.find(hook.endpoint_id)
    if row is None:
        return None
    if endpoints.subscriptions(hook.endpoint_id):
        return _wish(hub, session, row)
    if not left:
        endpoints.remove(row)
        return None
    row.enabled = False
    session.add(row)
    detail = {"provider": hook.provider, "target": row.target, "code": left}
    subject = f"endpoint:{row.id}"
    record(session, hub.keyring, actor, "endpoint.hook_left", now=hub.clock(), subject=subject, detail=detail)
    return None
