"""Ends a grant that the vendor gave and no connection took, unless its tokens serve a connection already."""

from collections.abc import Mapping

from sqlmodel import Session

from integrations_app.connections.changes import note
from integrations_app.connections.oauth.callback import Judged
from integrations_app.connections.repository import Connections, Credentials
from integrations_app.connections.revoke import Farewell, revoke
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub

KEPT = "connection.grant_kept"


async def turn_down(hub: Hub, judged: Judged, farewell: Farewell) -> bool:
    """Revoke what an attempt gained and nobody keeps, once and audited; True when the vendor ended it.

    A vendor may give an app that is installed already the very token that another connection of the
    organisation uses: revoking it would cut that connection, so it stays.
    """
    attempt, secrets = judged.attempt, farewell.access.secrets

    def write(session: Session) -> bool:
        if not _is_in_use(hub, session, attempt.organization_id, secrets):
            return False
        note(hub, session, judged.actor, KEPT, attempt.connection_id, provider=attempt.provider, reason="in_use")
        return True

    if await hub.database.write(write):
        return False
    return await revoke(hub, judged.actor, attempt.connection_id, farewell)


def _is_in_use(hub: Hub, session: Session, organization_id: str, secrets: Mapping[str, Secret]) -> bool:
    prints = {hub.keyring.fingerprint(secret, organization_id) for secret in secrets.values()}
    rows = Connections(session, organization_id).list_all()
    stored = Credentials(session, organization_id).list_by_connections(row.id for row in rows)
    return any(one.fingerprint in prints for one in stored)
