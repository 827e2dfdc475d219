"""Completes an OAuth round trip: judge the callback, exchange the code once, keep the credentials."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from integrations_app.connections.app_choice import App, at_place_of, choose_app, installed_app, require_oauth
from integrations_app.connections.attempts import restore
from integrations_app.connections.changes import settle
from integrations_app.connections.credentials import access_for
from integrations_app.connections.health import examine
from integrations_app.connections.models import AppKind, Connection, OAuthAttempt
from integrations_app.connections.oauth.adopt import Redeemed, adopt
from integrations_app.connections.oauth.callback import Judged, Outcome, judge, refuse_later
from integrations_app.connections.oauth.protocol import open_verifier
from integrations_app.connections.oauth.unwanted import turn_down
from integrations_app.connections.repository import Connections
from integrations_app.connections.revoke import Farewell
from integrations_app.connections.token_endpoint import exchange
from integrations_app.errors import Conflict, IntegrationsError, Rejected, Unavailable
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN, Grant
from integrations_app.sdk.context import Access
from integrations_app.sdk.provider import Provider

TOTAL_SECONDS = 14.0
"""Exchange and check together; the person waits for both."""


@dataclass(frozen=True, slots=True)
class Gained:
    """What the vendor gave for the code, before anybody knows whose it is."""

    provider: Provider
    app: App
    grant: Grant
    access: Access


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
    gained: Gained | None = None
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            gained = await _exchange(hub, judged)
            redeemed = await _identify(gained)
    except TimeoutError:
        error = Unavailable("The vendor took too long to answer.", None, "timeout")
    except IntegrationsError as refusal:
        error = refusal
    else:
        return await adopt(hub, judged, redeemed)
    return await _give_up(hub, judged, error, gained)


async def _exchange(hub: Hub, judged: Judged) -> Gained:
    """Exchange the code, with no transaction open."""
    attempt = judged.attempt
    provider = hub.registry.get(attempt.provider)
    oauth = require_oauth(provider)
    app, verifier, stored = await hub.database.read(lambda session: _tools(hub, session, provider, attempt))
    now = hub.clock()
    trial = Connection(
        organization_id=attempt.organization_id,
        id=attempt.connection_id,
        provider=provider.key,
        name=provider.name,
        app_kind=app.kind.value,
        settings=dict(stored),
        created_at=now,
        updated_at=now,
    )
    access = access_for(hub, provider, trial, {})  # what is wrong with the settings shows before the code is spent
    grant = await exchange(hub, attempt.organization_id, provider, oauth, app, judged.code, verifier)
    return Gained(provider, app, grant, replace(access, secrets=_secrets(grant), extra=dict(grant.extra)))


async def _identify(gained: Gained) -> Redeemed:
    """Ask the vendor who we are; raises what the check found wrong."""
    findings = await examine(gained.provider, gained.access)
    if findings.account is None:
        raise findings.error or Rejected("check_failed", "The vendor did not say who we are.")
    account = findings.account if findings.account.scopes else replace(findings.account, scopes=gained.grant.scopes)
    return Redeemed(gained.provider, gained.app, gained.grant, gained.access.secrets, account, gained.access)


def _tools(
    hub: Hub, session: Session, provider: Provider, attempt: OAuthAttempt
) -> tuple[App, Secret | None, Mapping[str, Any]]:
    """What the exchange needs beside the code: the app the attempt was begun with, its verifier, the settings."""
    selector = attempt.app_id
    if attempt.app_kind == AppKind.ORGANIZATION.value or selector is not None:
        app = choose_app(hub, session, attempt.organization_id, provider, selector)
    else:
        found = installed_app(hub.settings, provider, attempt.app_kind)
        if found is None:
            raise Conflict("oauth_app_missing", "The OAuth app this began with is no longer there.")
        app = found
    row = Connections(session, attempt.organization_id).find(attempt.connection_id)
    verifier = open_verifier(hub, session, attempt)
    app = at_place_of(app, provider, row) if row else app
    return replace(app, callback_url=attempt.redirect_uri), verifier, row.settings if row else {}


def _secrets(grant: Grant) -> dict[str, Secret]:
    kept = {ACCESS_TOKEN: grant.access_token}
    if grant.refresh_token:
        kept[REFRESH_TOKEN] = grant.refresh_token
    return kept


async def _give_up(hub: Hub, judged: Judged, error: IntegrationsError, gained: Gained | None) -> Outcome:
    """The code is spent for nothing: earlier status, one audit row, a page that offers another try.

    What it gave all the same is ended at the vendor: nobody would ever use or revoke it.
    """
    code = "oauth_exchange_failed"
    detail = {"provider": judged.attempt.provider, "provider_code": error.code}

    def write(session: Session) -> None:
        restore(hub, session, judged.attempt)
        settle(hub, session, judged.actor, "oauth.exchange_failed", judged.attempt.connection_id, **detail)

    await hub.database.write(write)
    if gained is not None:
        await turn_down(hub, judged, Farewell(gained.provider, gained.access, gained.app))
    return refuse_later(hub, judged, code, 400 if isinstance(error, Rejected) else 502, error.code)
