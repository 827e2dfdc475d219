"""The OAuth round trip: `begin` sends a person to the vendor, `complete` takes the answer back."""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from sqlmodel import Session

from integrations_app.connections.addresses import Reach, reach
from integrations_app.connections.adopt import Redeemed, adopt
from integrations_app.connections.apps import App, app_of, asked_scopes, choose_app, require_oauth
from integrations_app.connections.attempts import LIFE, restore, safe_next
from integrations_app.connections.callback import Judged, Outcome, judge, refuse_later
from integrations_app.connections.changes import settle
from integrations_app.connections.credentials import access_for
from integrations_app.connections.health import examine
from integrations_app.connections.models import AppKind, Connection, OAuthAttempt, Status
from integrations_app.connections.repository import Connections, OAuthAttempts
from integrations_app.errors import Conflict, IntegrationsError, InvalidInput, Rejected, Unauthenticated, Unavailable
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN, Grant, OAuth2, Pkce
from integrations_app.sdk.provider import Provider

ATTEMPT_KIND = "oauth_attempt"
"""Kind of record in the place a verifier is sealed to; record is the hash of the state."""
VERIFIER = "verifier"
MODES = ("redirect", "popup")
TOKEN_SECONDS = 10.0
TOTAL_SECONDS = 14.0
"""Exchange and check together; the person waits for both."""
TOKEN_BYTES = 64 * 1024
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749 §3.3
_HEADERS = {"User-Agent": "integrations-app", "Accept-Encoding": "identity"}

Token = Callable[[int], str]
"""Random text of so many bytes."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the authorize URL is made of once the attempt is written."""

    app: App
    scopes: tuple[str, ...]


async def begin(
    hub: Hub,
    actor: Actor,
    provider_key: str,
    selector: str | None = None,
    *,
    connection_id: str | None = None,
    mode: str = "redirect",
    next_path: str = "/integrations",
    scopes: Sequence[str] = (),
    token: Token = secrets.token_urlsafe,
) -> str:
    """Write the attempt of a signed-in person and return the vendor's address to send them to.

    `selector` is an own app's id or `sandbox`; `connection_id` reconnects. Needs MANAGE_CONNECTIONS. Raises
    NotFound, Unauthenticated without a browser session, InvalidInput `oauth_bad_request`, Conflict
    `oauth_app_missing` or `app_mismatch`.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    if not actor.session_hash:
        raise Unauthenticated("Connecting needs a browser where you are signed in.")
    _check_request(mode, scopes)
    provider = hub.registry.get(provider_key)
    oauth = require_oauth(provider)
    state, verifier = token(32), token(48)

    def write(session: Session) -> _Begun:
        row, app, creates = _target(hub, session, actor, provider, selector, connection_id)
        held = tuple(row.scopes) if row.account_id else ()
        asked = asked_scopes(oauth, (*held, *scopes))
        attempt = _attempt(hub, actor, row, app, state, asked)
        attempt.creates_connection, attempt.mode, attempt.next_path = creates, mode, safe_next(next_path)
        if oauth.pkce is Pkce.ON:
            attempt.verifier = _seal_verifier(hub, session, attempt, verifier)
        OAuthAttempts(session, actor.organization_id).add(attempt)
        settle(hub, session, actor, "oauth.started", row.id, provider=provider.key, app=app.kind.value)
        return _Begun(app, asked)

    begun = await hub.database.write(write)
    return _authorize_url(hub, actor.organization_id, provider, oauth, begun, state, verifier)


def _check_request(mode: str, scopes: Sequence[str]) -> None:
    if mode not in MODES:
        raise InvalidInput({"mode": "is popup or redirect"}, "", "oauth_bad_request")
    if len(scopes) > 50 or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise InvalidInput({"scopes": "holds something that is no scope"}, "", "oauth_bad_request")


def _target(
    hub: Hub, session: Session, actor: Actor, provider: Provider, selector: str | None, connection_id: str | None
) -> tuple[Connection, App, bool]:
    """The row the attempt is for, the app, and whether the attempt made the row."""
    organization_id = actor.organization_id
    connections = Connections(session, organization_id)
    if connection_id is None:
        app = choose_app(hub, session, organization_id, provider, selector)
        open_attempts = OAuthAttempts(session, organization_id).list_open(hub.clock())
        for other in open_attempts:
            # Clicked again: the second window is for the same new row, which then shows only once.
            same = (other.user_id, other.provider, other.app_kind, other.app_id)
            if other.creates_connection and same == (actor.user_id, provider.key, app.kind.value, app.id):
                found = connections.find(other.connection_id)
                if found is not None and found.status == Status.PENDING.value:
                    return found, app, True
        return connections.add(_pending_row(hub, actor, provider, app)), app, True
    row = connections.lock(connection_id)
    if row.provider != provider.key:
        raise InvalidInput({"connection": "belongs to another provider"}, "", "oauth_bad_request")
    app = None if selector is not None else app_of(hub, session, provider, row)
    app = app or choose_app(hub, session, organization_id, provider, selector)
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


def _attempt(
    hub: Hub, actor: Actor, row: Connection, app: App, state: str, scopes: tuple[str, ...]
) -> OAuthAttempt:
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


def _seal_verifier(hub: Hub, session: Session, attempt: OAuthAttempt, verifier: str) -> bytes:
    return hub.keyring.seal(
        session,
        attempt.organization_id,
        record=attempt.state_hash,
        kind=ATTEMPT_KIND,
        field=VERIFIER,
        version=1,
        secret=Secret(verifier),
    )


def _open_verifier(hub: Hub, session: Session, attempt: OAuthAttempt) -> Secret | None:
    if attempt.verifier is None:
        return None
    return hub.keyring.open(
        session,
        attempt.organization_id,
        record=attempt.state_hash,
        kind=ATTEMPT_KIND,
        field=VERIFIER,
        version=1,
        envelope=attempt.verifier,
    )


def _client(hub: Hub, organization_id: str, app: App, oauth: OAuth2, reached: Reach, **more: Any) -> AsyncOAuth2Client:
    """Authlib as the protocol's voice; every byte goes through the door."""
    transport = hub.door.transport(
        pool=organization_id,
        passport=reached.passport,
        deadline=TOKEN_SECONDS,
        max_response_bytes=TOKEN_BYTES,
    )
    return AsyncOAuth2Client(
        client_id=app.client_id,
        token_endpoint_auth_method=oauth.client_auth,
        redirect_uri=app.callback_url,
        transport=transport,
        headers=_HEADERS,
        timeout=None,
        trust_env=False,
        follow_redirects=False,
        **more,
    )


def _authorize_url(
    hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, begun: _Begun, state: str, verifier: str
) -> str:
    reached = reach(hub.settings, provider, begun.app.kind.value)
    more: dict[str, Any] = {"scope": oauth.scope_separator.join(begun.scopes) or None}
    challenge = {"code_verifier": verifier} if oauth.pkce is Pkce.ON else {}
    if challenge:
        more["code_challenge_method"] = "S256"
    client = _client(hub, organization_id, begun.app, oauth, reached, **more)
    url, _ = client.create_authorization_url(
        reached.bases["web"] + oauth.authorize_path, state=state, **challenge, **oauth.authorize_extra
    )
    return str(url)


async def complete(
    hub: Hub,
    actor: Actor | None,
    provider_key: str,
    selector: str | None,
    params: Sequence[tuple[str, str]],
    *,
    address: str = "",
) -> Outcome:
    """Take a callback: judge and consume the attempt, exchange the code once, keep the credentials.

    `actor` is who is signed in in the browser that came back, None without a session; `params` are the query's
    pairs, duplicates included. Never raises for what the browser or the vendor sent: the outcome says it.
    """
    judged = await judge(hub, actor, provider_key, selector, params, address=address)
    if isinstance(judged, Outcome):
        return judged
    error: IntegrationsError
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            redeemed = await _redeem(hub, judged)
    except TimeoutError:
        error = Unavailable("The vendor took too long to answer.", None, "timeout")
    except IntegrationsError as refusal:
        error = refusal
    else:
        return await adopt(hub, judged, redeemed)
    return await _give_up(hub, judged, error)


async def _redeem(hub: Hub, judged: Judged) -> Redeemed:
    """Exchange the code and ask who we are, with no transaction open."""
    attempt = judged.attempt
    provider = hub.registry.get(attempt.provider)
    oauth = require_oauth(provider)
    app, verifier, stored = await hub.database.read(lambda session: _tools(hub, session, provider, attempt))
    grant = await exchange(hub, attempt.organization_id, provider, oauth, app, judged.code, verifier)
    kept = _secrets(grant)
    now = hub.clock()
    trial = Connection(
        organization_id=attempt.organization_id,
        id=attempt.connection_id,
        provider=provider.key,
        name=provider.name,
        app_kind=app.kind.value,
        settings=dict(stored),
        extra=dict(grant.extra),
        created_at=now,
        updated_at=now,
    )
    findings = await examine(provider, access_for(hub, provider, trial, kept))
    if findings.account is None:
        raise findings.error or Rejected("check_failed", "The vendor did not say who we are.")
    account = findings.account if findings.account.scopes else replace(findings.account, scopes=grant.scopes)
    return Redeemed(provider, app, grant, kept, account)


def _tools(
    hub: Hub, session: Session, provider: Provider, attempt: OAuthAttempt
) -> tuple[App, Secret | None, Mapping[str, Any]]:
    """What the exchange needs beside the code: the app the attempt was begun with, its verifier, the settings."""
    selector = attempt.app_id
    if attempt.app_kind == AppKind.ORGANIZATION.value or selector is not None:
        app = choose_app(hub, session, attempt.organization_id, provider, selector)
    else:
        shape = Connection(provider=provider.key, organization_id=attempt.organization_id, app_kind=attempt.app_kind)
        found = app_of(hub, session, provider, shape)
        if found is None:
            raise Conflict("oauth_app_missing", "The OAuth app this began with is no longer there.")
        app = found
    row = Connections(session, attempt.organization_id).find(attempt.connection_id)
    return replace(app, callback_url=attempt.redirect_uri), _open_verifier(hub, session, attempt), row.settings if row else {}


def _secrets(grant: Grant) -> dict[str, Secret]:
    kept = {ACCESS_TOKEN: grant.access_token}
    if grant.refresh_token:
        kept[REFRESH_TOKEN] = grant.refresh_token
    return kept


async def exchange(
    hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, app: App, code: Secret, verifier: Secret | None
) -> Grant:
    """Turn the one-time code into a grant, with one request that is never repeated.

    Raises Rejected with the vendor's code, and the door's errors.
    """
    reached = reach(hub.settings, provider, app.kind.value)
    secret = app.client_secret.reveal("token request")
    more: dict[str, Any] = {"client_secret": secret}
    sent: dict[str, str] = {"code": code.reveal("token request")}
    if verifier is not None:
        sent["code_verifier"] = verifier.reveal("token request")
    async with _client(hub, organization_id, app, oauth, reached, **more) as client:
        client.register_compliance_hook("access_token_response", _refuse_odd_answer)
        try:
            answer = await client.fetch_token(
                reached.bases["web"] + oauth.token_path, grant_type="authorization_code", **sent
            )
        except OAuthError as error:
            raise Rejected(vendor_code(error.error), "The vendor refused the exchange.") from None
    return read_grant(oauth, answer)


def _refuse_odd_answer(response: Any) -> Any:
    """Authlib takes any JSON for a token; refuse what cannot be one before it looks."""
    if response.status_code >= 500:
        raise Rejected(f"http_{response.status_code}", "The vendor failed.")
    try:
        body = response.json()
    except (ValueError, RecursionError):
        raise Rejected("not_json", "The vendor's answer is not JSON.") from None
    if not isinstance(body, dict) or ("error" in body and not isinstance(body["error"], str)):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.")
    if response.status_code >= 300 and "error" not in body:
        raise Rejected(f"http_{response.status_code}", "The vendor refused the exchange.")
    return response


def read_grant(oauth: OAuth2, answer: Mapping[str, Any]) -> Grant:
    """The provider's reading of a token answer, with its type checked. Raises Rejected."""
    try:
        grant = oauth.parse_grant(answer)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.") from None
    if not isinstance(grant.access_token, Secret) or not grant.access_token:
        raise Rejected("no_access_token", "The vendor gave no access token.")
    return grant


def vendor_code(code: object) -> str:
    """A vendor's error code, made safe to keep: short, one word."""
    text = str(code)
    return text if re.fullmatch(r"[A-Za-z0-9_.\-]{1,80}", text) else "unknown_error"


async def _give_up(hub: Hub, judged: Judged, error: IntegrationsError) -> Outcome:
    """The code is spent and gave nothing: earlier status, one audit row, a page that offers another try."""
    code = "oauth_exchange_failed"
    detail = {"provider": judged.attempt.provider, "provider_code": error.code}

    def write(session: Session) -> None:
        restore(hub, session, judged.attempt)
        settle(hub, session, judged.actor, "oauth.exchange_failed", judged.attempt.connection_id, **detail)

    await hub.database.write(write)
    return refuse_later(hub, judged, code, 400 if isinstance(error, Rejected) else 502, error.code)
