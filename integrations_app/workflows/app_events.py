"""Events of an app: signed with the app's own secret, fanned out to every connection of the account they name."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections import health
from integrations_app.connections.app_choice import signing_secret
from integrations_app.connections.models import AppKind, Connection, OAuthApp, Status
from integrations_app.errors import NotFound, ReconnectRequired, SignatureInvalid, Unavailable
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import spend_verification_time
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.audit import ANONYMOUS, record
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.triggers import Headers, Inbound
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.events import Accepted, Duplicate, keep_delivery
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.storable import storable_text
from integrations_app.workflows.waiting import answer_waiting

WHY = "an app's event names its organisations only by the account at the vendor"
SIGNING_SECRET = "SIGNING_SECRET"  # noqa: S105 - the name of a setting


@dataclass(frozen=True, slots=True)
class _Signer:
    """An app that may have signed the delivery."""

    app_kinds: tuple[str, ...]
    secret: Secret
    organization_id: str = ""
    app_id: str | None = None


async def accept_app_event(
    hub: Hub, provider_key: str, app_id: str | None, headers: Headers, body: bytes
) -> Accepted | Duplicate:
    """Verify a delivery of the server's or the sandbox's app (or an organisation's own, by id) and fan it out.

    Nothing is kept of what no connection listens to: it is answered as `unused`. Raises NotFound, SignatureInvalid,
    InvalidInput, Unavailable (`endpoint_unconfigured` without a signing secret).
    """
    provider = hub.registry.get(provider_key) if provider_key in hub.registry else None
    if provider is None or provider.events is None:
        spend_verification_time(body, None)
        raise NotFound("There is no such endpoint.")
    signer = await _signed_by(hub, provider, app_id, headers, body)
    inbound = judge.read(hub.registry, provider_key, headers, body)
    delivery_id = judge.fit_delivery_id(inbound.delivery_id)
    if inbound.ignore:
        return Accepted(delivery_id, "", reply=inbound.reply)
    found = await hub.database.read(lambda session: _connections(session, provider_key, signer, inbound))
    if inbound.revoked:
        error = ReconnectRequired("The vendor says that the access was revoked.", inbound.kind)
        for organization_id, connection_id in found:
            await health.note_failure(hub, organization_id, connection_id, error, delivery_id=delivery_id)
    return await _fan_out(hub, provider, found, inbound, delivery_id, headers, body)


async def _signed_by(hub: Hub, provider: Provider, app_id: str | None, headers: Headers, body: bytes) -> _Signer:
    signers = await _signers(hub, provider, app_id)
    if not signers:
        raise Unavailable("The app has no signing secret yet.", None, "endpoint_unconfigured")
    refusal = SignatureInvalid("signature_invalid", "The signature does not match.")
    for signer in signers:
        try:
            judge.verify(hub.registry, provider.key, signer.secret, headers, body, hub.clock())
        except SignatureInvalid as error:
            refusal = error
        else:
            return signer
    await _note_rejected(hub, provider, refusal)
    raise refusal


async def _note_rejected(hub: Hub, provider: Provider, refusal: SignatureInvalid) -> None:
    """Audit it, at most once a minute per provider: whoever cannot sign must not even open a transaction."""
    now = hub.clock()
    count = hub.throttle.admit(f"webhook.rejected:{provider.key}", now)
    if not count:
        return
    detail = {"provider": provider.key, "code": refusal.code, "count": count}
    chain = ANONYMOUS.organization_id
    await hub.database.write(
        lambda session: record(
            session, hub.keyring, ANONYMOUS, "webhook.rejected", now=now, detail=detail, organization_id=chain
        )
    )


async def _signers(hub: Hub, provider: Provider, app_id: str | None) -> list[_Signer]:
    if app_id is not None:
        return await hub.database.read(lambda session: _own(hub, session, provider, app_id))
    found: list[_Signer] = []
    secret = hub.settings.provider_secret(provider.key, SIGNING_SECRET)
    if secret:
        # A pasted token may be of the same app: the operator's own.
        found.append(_Signer((AppKind.SERVER.value, AppKind.NONE.value), secret))
    if hub.settings.sandbox and provider.sandbox is not None and provider.sandbox.signing_secret:
        found.append(_Signer((AppKind.SANDBOX.value,), Secret(provider.sandbox.signing_secret)))
    return found


def _own(hub: Hub, session: Session, provider: Provider, app_id: str) -> list[_Signer]:
    if not is_id(app_id):
        raise NotFound("There is no such endpoint.")
    with across_organizations(WHY):
        row = session.scalars(select(OAuthApp).where(col(OAuthApp.id) == app_id)).one_or_none()
    if row is None or row.provider != provider.key:
        raise NotFound("There is no such endpoint.")
    secret = signing_secret(hub, session, row)
    return [_Signer((AppKind.ORGANIZATION.value,), secret, row.organization_id, app_id)] if secret else []


def _connections(session: Session, provider_key: str, signer: _Signer, inbound: Inbound) -> list[tuple[str, str]]:
    """Organisation and id of every connection to the account that was made with this app."""
    if not inbound.account_id:
        return []
    statement = select(col(Connection.organization_id), col(Connection.id)).where(
        col(Connection.provider) == provider_key,
        col(Connection.account_id) == storable_text(inbound.account_id),
        col(Connection.app_kind).in_(signer.app_kinds),
        col(Connection.status) != Status.DISCONNECTED.value,
    )
    if signer.app_id is not None:
        statement = statement.where(
            col(Connection.organization_id) == signer.organization_id, col(Connection.app_id) == signer.app_id
        )
    with across_organizations(WHY):
        return [(organization_id, connection_id) for organization_id, connection_id in session.execute(statement)]


async def _fan_out(
    hub: Hub,
    provider: Provider,
    found: list[tuple[str, str]],
    inbound: Inbound,
    delivery_id: str,
    headers: Headers,
    body: bytes,
) -> Accepted | Duplicate:
    """Keep the event once per connection that somebody listens on: a transaction each, safe to repeat."""
    kept: list[Accepted | Duplicate] = []
    used = inbound.revoked and bool(found)
    for organization_id, connection_id in found:

        def write(
            session: Session, organization_id: str = organization_id, connection_id: str = connection_id
        ) -> tuple[bool, Accepted | Duplicate | None]:
            answered = answer_waiting(hub, session, organization_id, connection_id, provider, inbound)
            row = Endpoints(session, organization_id).find_hook(connection_id, "")
            if row is None or not row.enabled:
                return answered, None
            endpoint = OpenEndpoint(organization_id, row.id, provider.key, row.enabled, None, connection_id)
            return answered, keep_delivery(hub, session, endpoint, inbound, headers, body)

        answered, one = await hub.database.write(write)
        used = used or answered
        if one is not None:
            kept.append(one)
    accepted = [one for one in kept if isinstance(one, Accepted)]
    if kept and not accepted:
        return Duplicate(delivery_id)
    runs = tuple(run_id for one in accepted for run_id in one.run_ids)
    first = accepted[0].event_id if accepted else ""
    return Accepted(delivery_id, first, runs, inbound.reply, unused=not (used or accepted))
