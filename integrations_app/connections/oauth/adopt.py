"""Transaction 2 of a connect: which row takes the new credentials, and that it is the same account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from integrations_app.connections.app_choice import App, require_oauth
from integrations_app.connections.attempts import restore
from integrations_app.connections.budgets import forget_budget
from integrations_app.connections.changes import announce, settle
from integrations_app.connections.credentials import replace_secrets
from integrations_app.connections.health import apply_account
from integrations_app.connections.models import AppKind, Connection, OAuthAttempt, Status
from integrations_app.connections.names import free_name
from integrations_app.connections.oauth.callback import GONE, REJECTED, Judged, Outcome, refuse_later, succeed
from integrations_app.connections.oauth.unwanted import turn_down
from integrations_app.connections.refresh_plan import chance, plan_refresh
from integrations_app.connections.repository import Connections, OAuthAttempts
from integrations_app.connections.revoke import Farewell, farewell_of
from integrations_app.connections.views import standing
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import Grant
from integrations_app.sdk.context import Access, Account
from integrations_app.sdk.provider import Provider


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What the vendor gave for the code, and who it says we are."""

    provider: Provider
    app: App
    grant: Grant
    secrets: Mapping[str, Secret]
    account: Account
    access: Access


async def adopt(hub: Hub, judged: Judged, redeemed: Redeemed) -> Outcome:
    """Store what a grant gave.

    A reconnect keeps its account or is refused, unless the person has asked for the switch before leaving: the former
    account's grant is ended at the vendor then. A fresh connect of an account that is known already revives that
    connection instead of making a second one. When the connection was disconnected or removed while the person was
    at the vendor, the new grant is ended there again.
    """
    attempt, former = judged.attempt, list[Farewell]()

    def write(session: Session) -> Outcome:
        row = _row(hub, session, attempt, redeemed.provider, redeemed.account)
        if row is None:
            settle(hub, session, judged.actor, REJECTED, attempt.connection_id, reason="connection_gone")
            return refuse_later(hub, judged, GONE, 409)
        if row.account_id and row.account_id != redeemed.account.id:
            if not attempt.switches_account:
                return _refuse_account(hub, session, judged, redeemed, row)
            taken = _known(Connections(session, row.organization_id), attempt, redeemed.provider, redeemed.account)
            if taken is not None and taken.status != Status.DISCONNECTED.value:
                return _refuse_account(hub, session, judged, redeemed, row, "account_taken")
            farewell = farewell_of(hub, session, row)
            former.extend([farewell] if farewell else [])
            _switch_account(hub, session, judged, redeemed, row)
        return _store(hub, session, judged, redeemed, row)

    outcome = await hub.database.write(write)
    if outcome.code == GONE:
        access = replace(redeemed.access, connection_id=attempt.connection_id)
        await turn_down(hub, judged, Farewell(redeemed.provider, access, redeemed.app))
    for farewell in former:
        await turn_down(hub, judged, farewell)
    return outcome


def _refuse_account(
    hub: Hub, session: Session, judged: Judged, redeemed: Redeemed, row: Connection, code: str = "account_mismatch"
) -> Outcome:
    """Another account than the connection's. Its grant stays: it may serve another connection."""
    restore(hub, session, judged.attempt)
    detail = {"expected": row.account_id, "got": redeemed.account.id}
    settle(hub, session, judged.actor, f"oauth.{code}", row.id, provider=row.provider, **detail)
    refused = refuse_later(hub, judged, code, 409)
    return replace(refused, expected_account=row.account_name, got_account=redeemed.account.name[:200])


def _switch_account(hub: Hub, session: Session, judged: Judged, redeemed: Redeemed, row: Connection) -> None:
    """From now on the connection is that other account's, as a person has asked for."""
    if row.name == row.account_name:  # named by us after the account, not by a person
        row.name = free_name(Connections(session, row.organization_id), row, redeemed.account.name or row.name)
    forget_budget(hub, session, row.organization_id, row.id)
    detail = {"from": row.account_id, "to": redeemed.account.id}
    settle(hub, session, judged.actor, "connection.account_switched", row.id, provider=row.provider, **detail)


def _row(hub: Hub, session: Session, attempt: OAuthAttempt, provider: Provider, account: Account) -> Connection | None:
    connections = Connections(session, attempt.organization_id)
    own = connections.find(attempt.connection_id)
    if own is not None:
        own = connections.lock(own.id)
    gone = own is None or own.status == Status.DISCONNECTED.value
    if gone and not attempt.creates_connection:
        return None
    if own is not None and own.account_id and not attempt.creates_connection:
        return own
    known = _known(connections, attempt, provider, account)
    if known is not None and (own is None or known.id != own.id):
        if own is not None and own.status == Status.PENDING.value and not own.account_id:
            _forget_pending(hub, session, connections, own)
        return connections.lock(known.id)
    if own is not None and (not own.account_id or own.account_id == account.id):
        return own
    # Another window of the same click was faster and its row belongs to another account now.
    return connections.add(_new_row(hub, attempt))


def _known(connections: Connections, attempt: OAuthAttempt, provider: Provider, account: Account) -> Connection | None:
    """The connection of that account made through OAuth in the same world; a sandbox is another world."""
    sandbox = attempt.app_kind == AppKind.SANDBOX.value
    same = [
        row
        for row in connections.list_by_account(provider.key, account.id)
        if row.auth_kind == "oauth2" and (row.app_kind == AppKind.SANDBOX.value) == sandbox
    ]
    return next(iter(same), None)


def _forget_pending(hub: Hub, session: Session, connections: Connections, own: Connection) -> None:
    if not OAuthAttempts(session, own.organization_id).list_open(hub.clock(), own.id):
        connections.remove(own)
        announce(hub, session, own.organization_id, own.id)


def _new_row(hub: Hub, attempt: OAuthAttempt) -> Connection:
    now = hub.clock()
    return Connection(
        organization_id=attempt.organization_id,
        id=hub.new_id(),
        provider=attempt.provider,
        name="",
        created_by=attempt.user_id,
        created_at=now,
        updated_at=now,
    )


def _store(hub: Hub, session: Session, judged: Judged, redeemed: Redeemed, row: Connection) -> Outcome:
    """Write account and credentials into the row. One that a person paused stays paused."""
    now, grant, account = hub.clock(), redeemed.grant, redeemed.account
    first = not row.account_id
    paused = standing(row) is Status.PAUSED
    row.status, row.earlier_status = (Status.PAUSED if paused else Status.CONNECTED).value, ""
    row.disconnected_at = None
    apply_account(row, replace(account, scopes=grant.scopes) if grant.scopes else account, now)
    row.auth_kind, row.app_kind, row.app_id = "oauth2", redeemed.app.kind.value, redeemed.app.id
    row.extra = dict(grant.extra)
    oauth, renewable = require_oauth(redeemed.provider), grant.refresh_token is not None
    plan_refresh(row, oauth, grant, now, chance(hub.new_id), renewable=renewable)
    row.refreshed_at = None
    if first and row.name in {"", redeemed.provider.name}:
        wanted = account.name or redeemed.provider.name
        row.name = free_name(Connections(session, row.organization_id), row, wanted)
    session.add(row)
    session.flush()
    replace_secrets(hub, session, row, redeemed.secrets)
    session.add(row)
    session.flush()
    name = "connection.connected" if first else "connection.reconnected"
    detail = {"provider": row.provider, "account": account.id, "app": row.app_kind, "scopes": list(row.scopes)}
    settle(hub, session, judged.actor, name, row.id, version=row.credential_version, **detail)
    return succeed(hub, judged.attempt, row.id, row.name, paused=paused)
