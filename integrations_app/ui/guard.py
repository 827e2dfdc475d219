"""Deny by default: no event reaches a handler without a live session, the right tab and the declared permission."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import reflex as rx
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from integrations_app.errors import StartRefused
from integrations_app.organizations import sessions
from integrations_app.organizations.denials import note_denied
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, allowed
from integrations_app.organizations.signed_in import SignedIn
from integrations_app.ui.session import SessionState, show_signed_in
from integrations_app.ui.tabs import TABS, Tabs

Handler = TypeVar("Handler", bound=Callable[..., Any])

_MARK = "__integrations_permission__"
# What Reflex's own pages send (reflex 0.10.1, reflex/state.py). `setvar` is registered on every state and is not here.
FRAMEWORK_EVENTS = frozenset(
    {
        "hydrate",
        "hydrate_and_load",
        "on_load_internal",
        "set_is_hydrated",
        "update_vars_internal",
        "handle_frontend_exception",
    }
)
NOT_ALLOWED = "Your role does not allow this."
TOO_FAST = "Too many actions at once. Wait a moment."
SESSION_ENDED = "Your session has ended. Sign in again."


def guard(permission: Permission) -> Callable[[Handler], Handler]:
    """Declare what a person must be allowed to do for this event handler; works above and below `@rx.event`."""

    def mark(handler: Handler) -> Handler:
        setattr(handler, _MARK, permission)
        return handler

    return mark


class GuardMiddleware(rx.Middleware):
    """Judges every event before its handler: foreground, background and chained ones alike."""

    def __init__(self, hub: Callable[[], Hub], tabs: Tabs = TABS) -> None:
        self._hub = hub
        self._tabs = tabs

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002 - Reflex passes the app
        """None lets the event through; a StateUpdate (at most a message for the person) ends it."""
        root = state._get_root_state()  # noqa: SLF001 - middleware is given any state of the tree
        hub, now = self._hub(), self._hub().clock()
        token = str(root.router_data.get("token", ""))
        signed_in = await _who(hub, root.router_data)
        if signed_in is None:
            await self._forget(hub, root.router_data, token)
            return await _refuse(root, SESSION_ENDED, signed_out=True)
        actor = signed_in.actor
        if not token or not self._tabs.bind(token, actor, now):
            await note_denied(hub, actor, {"handler": event.name}, "foreign_tab")
            return StateUpdate()  # the state is another session's: not even a delta leaves it
        if not self._tabs.admit(actor.session_hash, now):
            return await _refuse(root, TOO_FAST)
        if not _is_allowed(event.name, actor):
            await note_denied(hub, actor, {"handler": event.name}, "permission")
            return await _refuse(root, NOT_ALLOWED)
        show_signed_in(await root.get_state(SessionState), signed_in)
        return None

    async def _forget(self, hub: Hub, router_data: dict[str, Any], token: str) -> None:
        cookie = _cookie(router_data)
        if cookie and not hub.keyring.sealed:
            self._tabs.leave(token, hub.keyring.hash_token(sessions.PURPOSE, cookie))


def assert_guarded(*, framework: str = "reflex") -> None:
    """Refuse to start (StartRefused `handler_unguarded`) when a public handler declares no permission.

    Handlers of the framework's own modules are judged by name at every event instead.
    """
    missing = [name for name, handler in _handlers() if not _is_framework(handler, framework) and not _mark(handler)]
    if missing:
        raise StartRefused("handler_unguarded", f"Event handlers without @guard: {', '.join(sorted(missing))}")


def guarded_handlers() -> dict[str, Permission]:
    """Every handler of ours by its full name with its permission, for the tests that walk them."""
    return {name: permission for name, handler in _handlers() if (permission := _mark(handler)) is not None}


def _handlers() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, registered in RegistrationContext.get().event_handlers.items():
        yield name, registered.handler.fn


def _mark(handler: Callable[..., Any]) -> Permission | None:
    return getattr(handler, _MARK, None)


def _is_framework(handler: Callable[..., Any], framework: str) -> bool:
    return handler.__module__.partition(".")[0] in {framework, "reflex_base", "reflex_components_core"}


def _is_allowed(name: str, actor: Actor) -> bool:
    registered = RegistrationContext.get().event_handlers.get(name)
    if registered is None:
        return False
    handler = registered.handler.fn
    permission = _mark(handler)
    if permission is not None:
        return allowed(actor.role, permission)
    return _is_framework(handler, "reflex") and handler.__name__ in FRAMEWORK_EVENTS


def _cookie(router_data: dict[str, Any]) -> str:
    return sessions.cookie_token(str((router_data.get("headers") or {}).get("cookie", "")))


async def _who(hub: Hub, router_data: dict[str, Any]) -> SignedIn | None:
    cookie = _cookie(router_data)
    if not cookie:
        return None
    return await sessions.find(hub, cookie, str(router_data.get("ip", "")))


async def _refuse(root: BaseState, why: str, *, signed_out: bool = False) -> StateUpdate:
    shown = await root.get_state(SessionState)
    shown.not_allowed = why
    shown.signed_out = signed_out
    delta = await shown._get_resolved_delta()  # noqa: SLF001 - only our two vars leave, nothing else that is dirty
    return StateUpdate(delta=delta)
