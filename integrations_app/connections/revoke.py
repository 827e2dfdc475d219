"""Ends a grant at the vendor after the connection was cut here: tried once, its result audited."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from integrations_app.connections.app_choice import App, app_of
from integrations_app.connections.changes import note
from integrations_app.connections.credentials import access_for, client_of, open_secrets
from integrations_app.connections.models import Connection
from integrations_app.errors import Conflict, CredentialUnreadable, IntegrationsError
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.context import Access, RevokeContext
from integrations_app.sdk.provider import Provider

_log = logging.getLogger(__name__)

REVOKE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Farewell:
    """What a revocation needs, read before the envelopes were destroyed."""

    provider: Provider
    access: Access
    app: App | None


def farewell_of(hub: Hub, session: Session, row: Connection) -> Farewell | None:
    """What ends the grant at the vendor; None for a pasted token, which stays its owner's."""
    provider = hub.registry.get(row.provider)
    if row.auth_kind != "oauth2" or not row.account_id:
        return None
    try:
        secrets = open_secrets(hub, session, row)
        access = access_for(hub, provider, row, secrets)
    except (CredentialUnreadable, Conflict):
        return None
    return Farewell(provider, access, app_of(hub, session, provider, row)) if secrets else None


async def revoke(hub: Hub, actor: Actor, connection_id: str, farewell: Farewell) -> bool:
    """Revoke at the vendor; True when it said so. Raises nothing: the connection is cut here either way."""
    code = await _attempt(farewell)
    name = "connection.revoke_failed" if code else "connection.revoked"
    detail: dict[str, Any] = {"provider": farewell.provider.key} | ({"code": code} if code else {})
    await hub.database.write(lambda session: note(hub, session, actor, name, connection_id, **detail))
    return not code


async def _attempt(farewell: Farewell) -> str:
    """The code of what went wrong, empty when the grant is gone."""
    provider, app = farewell.provider, farewell.app
    hook = provider.oauth.revoke if provider.oauth else None
    if hook is None:
        return "unsupported"
    try:
        access = replace(farewell.access, watch=None)  # a grant is ended even when its calls are used up
        async with asyncio.timeout(REVOKE_SECONDS), client_of(provider, access) as client:
            await hook(RevokeContext(client, access, app.client_id if app else "", app.client_secret if app else None))
    except IntegrationsError as error:
        return error.code
    except TimeoutError:
        return "timeout"
    except Exception:  # noqa: BLE001 - a provider's own mistake must not look like a crash of the product
        _log.exception("the revocation of %s failed in its own code", provider.key)
        return "internal_error"
    return ""
