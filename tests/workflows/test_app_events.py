"""Deliveries of an app: forged ones cost little, and a revocation that is told twice ends one grant only."""

import json

import pytest
from sqlmodel import Session

from integrations_app.connections.models import Connection, Status
from integrations_app.errors import SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.workflows.app_events import accept_app_event
from tests.workflows.probe import APP_SECRET, CONNECTION, ORGANIZATION


async def tell(hub: Hub, given: dict[str, str], secret: Secret = APP_SECRET) -> None:
    body = json.dumps(given).encode()
    headers = {"content-type": "application/json", "x-hub-signature-256": sign_hmac_sha256(secret, body, "sha256=")}
    await accept_app_event(hub, "probe", None, headers, body)


async def status(hub: Hub, make: str = "") -> str:
    """The connection's status, after it was made so."""

    def write(session: Session) -> str:
        row = session.get(Connection, (ORGANIZATION, CONNECTION))
        assert row is not None
        if make:
            row.status, row.error_code = make, ""
            session.add(row)
        return row.status

    return await hub.database.write(write)


async def test_a_revocation_that_is_told_again_does_not_end_what_was_reconnected_since(told: Hub) -> None:
    revocation = {"type": "revoked", "account": "acme", "id": "Ev1"}
    await tell(told, revocation)
    assert await status(told) == Status.NEEDS_REAUTH
    await status(told, make=Status.CONNECTED.value)
    await tell(told, revocation)
    assert await status(told) == Status.CONNECTED
    await tell(told, {**revocation, "id": "Ev2"})
    assert await status(told) == Status.NEEDS_REAUTH


async def test_a_flood_of_forgeries_is_one_row_that_counts(told: Hub) -> None:
    for _ in range(20):
        with pytest.raises(SignatureInvalid):
            await tell(told, {"type": "revoked", "account": "acme"}, Secret("another secret of theirs"))
    assert await status(told) == Status.CONNECTED

    def read(session: Session) -> list[dict[str, object]]:
        with across_organizations("a test looks at the system's chain"):
            return [row.detail for row in list_events(session, "system", Filters(name="webhook.rejected")).items]

    assert await told.database.read(read) == [{"provider": "probe", "code": "signature_invalid", "count": 1}]
