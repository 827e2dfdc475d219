"""Typed secrets tried before they are kept: some buy an access token first; then the vendor is asked who we are."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from integrations_app.connections.client_grant import client_terms
from integrations_app.connections.credentials import access_for, stored_settings
from integrations_app.connections.health import Findings, examine
from integrations_app.connections.models import Connection
from integrations_app.connections.refresh import WRONG_APP
from integrations_app.connections.refresh_lease import FAILED, MISCONFIGURED, TROUBLES
from integrations_app.connections.refresh_plan import chance, forget_refresh, plan_refresh
from integrations_app.connections.token_endpoint import buy
from integrations_app.errors import IntegrationsError
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import ACCESS_TOKEN, Grant, OAuth2
from integrations_app.sdk.provider import Provider


@dataclass(frozen=True, slots=True)
class Bought:
    """What typed secrets came to: all that is to be sealed, what the check found, and the token's life."""

    secrets: Mapping[str, Secret]
    findings: Findings
    oauth: OAuth2 | None = None
    grant: Grant | None = None

    def plan(self, hub: Hub, row: Connection) -> None:
        """Write into the row when its token is renewed; at once when none was given."""
        now = hub.clock()
        if self.oauth is not None and self.grant is not None:
            row.refreshed_at = now
            plan_refresh(row, self.oauth, self.grant, now, chance(hub.new_id), renewable=True)
            return
        forget_refresh(row)
        row.expires_at = None
        row.next_refresh_at = now if self.oauth is not None else None
        error = self.findings.error
        if self.oauth is not None and error is not None:  # named as a renewal would, which then also mends it
            row.error_code = MISCONFIGURED if error.code in WRONG_APP else FAILED
            row.error_message = TROUBLES[row.error_code].format(error.code)


def judge_way(hub: Hub, provider: Provider, row: Connection, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
    """The secrets as they are to be kept. May take a second, unless there are none.

    Raises InvalidInput by field where the row's settings and these secrets do not go together.
    """
    judge = next((one.judge for one in provider.typed if one.kind == row.auth_kind), None)
    return judge(stored_settings(provider, row), secrets, hub.clock()) if judge is not None else secrets


async def try_secrets(hub: Hub, provider: Provider, row: Connection, typed: Mapping[str, Secret]) -> Bought:
    """Buy a token where the way to connect wants one, then ask the vendor who we are. No transaction may be open.

    A failure is a finding. Raises InvalidInput for settings without what the token needs, and as `judge_way`.
    """
    secrets = await asyncio.to_thread(judge_way, hub, provider, row, typed)
    request_of = next((one.token for one in provider.typed if one.kind == row.auth_kind), None)
    if request_of is not None:
        request_of(stored_settings(provider, row))
    terms = client_terms(provider, row, secrets)
    if terms is None:
        return Bought(secrets, await examine(provider, access_for(hub, provider, row, secrets)))
    try:
        grant = await buy(hub, row.organization_id, provider, *terms)
    except IntegrationsError as error:
        return Bought(secrets, Findings(0, None, error), terms[0])
    whole = {**secrets, ACCESS_TOKEN: grant.access_token}
    return Bought(whole, await examine(provider, access_for(hub, provider, row, whole)), terms[0], grant)
