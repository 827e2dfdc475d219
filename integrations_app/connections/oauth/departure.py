"""Begins an OAuth round trip: writes the attempt of a signed-in person and says where to send them."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from integrations_app.connections.app_choice import App, app_of, asked_scopes, at_place_of, choose_app, require_oauth
from integrations_app.connections.attempts import LIFE
from integrations_app.connections.changes import settle
from integrations_app.connections.models import AppKind, Connection, OAuthAttempt, Status
from integrations_app.connections.oauth.protocol import authorize_url, seal_verifier
from integrations_app.connections.repository import Connections, OAuthAttempts
from integrations_app.errors import Conflict, InvalidInput, Unauthenticated
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.organizations.return_page import safe_next
from integrations_app.sdk.auth import Pkce
from integrations_app.sdk.provider import Provider

MODES = ("redirect", "popup")
MOST_SCOPES = 50
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749 §3.3

Token = Callable[[int], str]
"""Random text of so many bytes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asked for with the authorize route.

    `selector` is an own app's id or `sandbox`; `connection_id` reconnects; `scopes` are asked beside the usual, and
    so are those that workflows need, which the caller tells: workflows are not known here.
    With `switch_account` the connection may become another account's: only a person who was asked may say so.
    """

    provider: str
    selector: str | None = None
    connection_id: str | None = None
    mode: str = "redirect"
    next_path: str = "/integrations"
    scopes: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    switch_account: bool = False


async def begin(hub: Hub, actor: Actor, ask: Ask, *, token: Token = secrets.token_urlsafe) -> str:
    """Write the attempt of a signed-in person and return the vendor's address to send them to.

    Needs MANAGE_CONNECTIONS. Raises NotFound, Unauthenticated without a browser session, InvalidInput
    `oauth_bad_request`, Conflict `oauth_app_missing` or `app_mismatch`.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    if not actor.session_hash:
        raise Unauthenticated("Connecting needs a browser where you are signed in.")
    _check_request(ask)
    provider = hub.registry.get(ask.provider)
    oauth = require_oauth(provider)
    state, verifier = token(32), token(48)

    def write(session: Session) -> tuple[App, OAuthAttempt]:
        row, app, creates = _target(hub, session, actor, provider, ask)
        app = at_place_of(app, provider, row)
        held = tuple(row.scopes) if row.account_id else ()
        asked = asked_scopes(oauth, (*held, *ask.needed, *ask.scopes))
        attempt = _attempt(hub, actor, row, app, state, asked)
        attempt.switches_account = ask.switch_account
        attempt.creates_connection, attempt.mode, attempt.next_path = creates, ask.mode, safe_next(ask.next_path)
        if oauth.pkce is Pkce.ON:
            attempt.verifier = seal_verifier(hub, session, attempt, verifier)
        OAuthAttempts(session, actor.organization_id).add(attempt)
        settle(hub, session, actor, "oauth.started", row.id, provider=provider.key, app=app.kind.value)
        return app, attempt

    app, attempt = await hub.database.write(write)
    return authorize_url(hub, provider, app, attempt, state, verifier)


def _check_request(ask: Ask) -> None:
    if ask.switch_account and ask.connection_id is None:
        raise InvalidInput({"switch": "needs a connection"}, "", "oauth_bad_request")
    if ask.mode not in MODES:
        raise InvalidInput({"mode": "is popup or redirect"}, "", "oauth_bad_request")
    if len(ask.scopes) > MOST_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in ask.scopes):
        raise InvalidInput({"scopes": "holds something that is no scope"}, "", "oauth_bad_request")


def _target(hub: Hub, session: Session, actor: Actor, provider: Provider, ask: Ask) -> tuple[Connection, App, bool]:
    """The row the attempt is for, the app, and whether an attempt made the row."""
    if ask.connection_id is not None:
        return _existing(hub, session, actor, provider, ask)
    app = choose_app(hub, session, actor.organization_id, provider, ask.selector)
    connections = Connections(session, actor.organization_id)
    for other in OAuthAttempts(session, actor.organization_id).list_open(hub.clock()):
        # Clicked again: the second window is for the same new row, which then shows only once.
        same = (other.user_id, other.provider, other.app_kind, other.app_id)
        if other.creates_connection and same == (actor.user_id, provider.key, app.kind.value, app.id):
            found = connections.find(other.connection_id)
            if found is not None and found.status == Status.PENDING.value:
                return found, app, True
    return connections.add(_pending_row(hub, actor, provider, app)), app, True


def _existing(hub: Hub, session: Session, actor: Actor, provider: Provider, ask: Ask) -> tuple[Connection, App, bool]:
    row = Connections(session, actor.organization_id).lock(ask.connection_id or "")
    if row.provider != provider.key:
        raise InvalidInput({"connection": "belongs to another provider"}, "", "oauth_bad_request")
    own = None if ask.selector is not None else app_of(hub, session, provider, row)
    app = own or choose_app(hub, session, actor.organization_id, provider, ask.selector)
    if row.account_id and (row.app_kind == AppKind.SANDBOX.value) != (app.kind is AppKind.SANDBOX):
        raise Conflict("app_mismatch", "A sandbox connection and a real one are two connections: add another.")
    if row.status != Status.PENDING.value:
        row.earlier_status, row.status = row.status, Status.PENDING.value
        session.add(row)
        session.flush()
    return row, app, _made_by_attempt(hub, session, row)


def _made_by_attempt(hub: Hub, session: Session, row: Connection) -> bool:
    others = OAuthAttempts(session, row.organization_id).list_open(hub.clock(), row.id)
    return any(other.creates_connection for other in others)


def _pending_row(hub: Hub, actor: Actor, provider: Provider, app: App) -> Connection:
    now = hub.clock()
    return Connection(
        organization_id=actor.organization_id,
        id=hub.new_id(),
        provider=provider.key,
        name=provider.name,
        status=Status.PENDING.value,
        app_kind=app.kind.value,
        app_id=app.id,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )


def _attempt(hub: Hub, actor: Actor, row: Connection, app: App, state: str, scopes: tuple[str, ...]) -> OAuthAttempt:
    now = hub.clock()
    return OAuthAttempt(
        organization_id=actor.organization_id,
        state_hash=hub.keyring.hash_token("oauth state", state),
        user_id=actor.user_id,
        session_hash=actor.session_hash,
        provider=row.provider,
        app_kind=app.kind.value,
        app_id=app.id,
        connection_id=row.id,
        redirect_uri=app.callback_url,
        scopes=list(scopes),
        created_at=now,
        expires_at=now + LIFE,
    )
