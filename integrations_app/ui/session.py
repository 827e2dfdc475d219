"""The signed-in person as pages see it: the state that every page's state extends, and the actor behind an event."""

from typing import Any

import reflex as rx

from integrations_app.errors import Unauthenticated
from integrations_app.organizations.permissions import Actor, Permission, allowed
from integrations_app.organizations.signed_in import SignedIn
from integrations_app.ui.tabs import TABS

# Compiled into the page, so it runs under a policy without eval; a client-side route cannot reach the sign-in page.
_LEAVE = "window.location.assign('/login?next=' + encodeURIComponent(location.pathname + location.search))"


class SessionState(rx.State):
    """Who is signed in, for showing only: what a person may do is decided from the server's session at every event."""

    email: str = ""
    organization_name: str = ""
    role: str = ""
    can_edit: bool = False
    """Workflows: create, edit, run, replay."""
    can_manage: bool = False
    """Connections: connect, configure, test, disconnect."""
    can_manage_members: bool = False
    can_manage_keys: bool = False
    not_allowed: str = ""
    """Why the last event was refused, for people; empty when it was not."""
    signed_out: bool = False
    """The session has ended; `leave_when_signed_out` then opens the sign-in page."""


def current_actor(state: rx.State) -> Actor:
    """The person behind the event that `state` handles, from the server-side session; Unauthenticated when gone."""
    actor = TABS.actor(client_token(state))
    if actor is None:
        raise Unauthenticated("Your session has ended. Sign in again.")
    return actor


def client_token(state: Any) -> str:
    """The name of the tab in whose state we are."""
    return str(state.router.session.client_token)


def show_signed_in(state: SessionState, signed_in: SignedIn) -> None:
    """Copy what pages show about the person; vars that did not change are left alone."""
    actor = signed_in.actor
    shown = {
        "email": actor.email,
        "organization_name": signed_in.organization_name,
        "role": actor.role,
        "can_edit": allowed(actor.role, Permission.EDIT_WORKFLOWS),
        "can_manage": allowed(actor.role, Permission.MANAGE_CONNECTIONS),
        "can_manage_members": allowed(actor.role, Permission.MANAGE_MEMBERS),
        "can_manage_keys": allowed(actor.role, Permission.MANAGE_KEYS),
        "not_allowed": "",
        "signed_out": False,
    }
    for name, value in shown.items():
        if getattr(state, name) != value:
            setattr(state, name, value)


def leave_when_signed_out() -> rx.Component:
    """Put once on every page: opens the sign-in page when the session has ended."""
    leave = rx.el.span(on_mount=rx.run_script(rx.Var(_LEAVE)), aria_hidden="true")
    return rx.fragment(rx.cond(SessionState.signed_out, leave))
