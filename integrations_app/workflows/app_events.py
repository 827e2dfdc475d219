"""Events of an app: signed with the app's own secret, fanned out to whom they concern.

That is every connection of the account they name, and every endpoint that the app feeds with what they are about.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections import health
from integrations_app.connections.models import Connection, Status
from integrations_app.errors import IntegrationsError, NotFound, ReconnectRequired, SignatureInvalid, Unavailable
from integrations_app.kit.signing import spend_verification_time
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.audit import ANONYMOUS, record
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.triggers import Headers, Inbound
from integrations_app.workflows import app_feeds
from integrations_app.workflows import inbound as judge
from integrations_app.workflows.app_signers import WHY, Signer, signers
from integrations_app.workflows.endpoint_cache import OpenEndpoint
from integrations_app.workflows.events import Accepted, Duplicate, keep_delivery
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.storable import storable_text
from integrations_app.workflows.waiting import answer_waiting

_log = logging.getLogger(__name__)


class _Faults:
    """What went wrong for single organisations, which keeps no other from hearing."""

    def __init__(self) -> None:
        self._first: Exception | None = None

    @contextmanager
    def apart(self, provider_key: str) -> Iterator[None]:
        """Go on after the block, whatever it raises."""
        try:
            yield
        except IntegrationsError as error:
            _log.warning("an event of %s did not reach an organisation: %s", provider_key, error.code)
            self._first = self._first or error
        except Exception as error:  # noqa: BLE001 - a fault of ours about one organisation must not deafen the others
            _log.exception("an event of %s did not reach an organisation", provider_key)
            self._first = self._first or error

    def raise_first(self) -> None:
        """Let the vendor deliver it again: whom it has reached, it starts nothing more for."""
        if self._first is not None:
            raise self._first


async def accept_app_event(
    hub: Hub, provider_key: str, app_id: str | None, headers: Headers, body: bytes
) -> Accepted | Duplicate:
    """Verify a delivery of the server's or the sandbox's app (or an organisation's own, by id) and fan it out.

    Nothing is kept of what no connection listens to: it is answered as `unused`. Raises NotFound, SignatureInvalid,
    InvalidInput, Unavailable (`endpoint_unconfigured` without a signing secret); and once everybody else has been told,
    what telling the first one raised for whom it failed.
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
    faults = _Faults()
    if inbound.revoked:
        error = ReconnectRequired("The vendor says that the access was revoked.", inbound.kind)
        for organization_id, connection_id in found:
            with faults.apart(provider_key):
                await health.note_failure(hub, organization_id, connection_id, error, delivery_id=delivery_id)
    kept, used = await _tell_connections(hub, provider, found, inbound, headers, body, faults)
    kept += await _feed(hub, provider_key, signer, inbound, headers, body, faults)
    faults.raise_first()
    return _summed(kept, inbound, delivery_id, used=used)


async def _signed_by(hub: Hub, provider: Provider, app_id: str | None, headers: Headers, body: bytes) -> Signer:
    found = await hub.database.read(lambda session: signers(hub, session, provider, app_id))
    if not found:
        raise Unavailable("The app has no signing secret yet.", None, "endpoint_unconfigured")
    refusal = SignatureInvalid("signature_invalid", "The signature does not match.")
    for signer in found:
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


def _connections(session: Session, provider_key: str, signer: Signer, inbound: Inbound) -> list[tuple[str, str]]:
    """Organisation and id of every connection to the account that was made with this app."""
    if not inbound.account_id:
        return []
    statement = select(col(Connection.organization_id), col(Connection.id)).where(
        col(Connection.provider) == provider_key,
        col(Connection.account_id) == storable_text(inbound.account_id),
        col(Connection.status) != Status.DISCONNECTED.value,
        *signer.connections(),
    )
    with across_organizations(WHY):
        return [(organization_id, connection_id) for organization_id, connection_id in session.execute(statement)]


async def _tell_connections(
    hub: Hub,
    provider: Provider,
    found: list[tuple[str, str]],
    inbound: Inbound,
    headers: Headers,
    body: bytes,
    faults: _Faults,
) -> tuple[list[Accepted | Duplicate], bool]:
    """Keep the event once per connection that somebody listens on, and whether it was of use otherwise.

    A transaction each, safe to repeat.
    """
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

        with faults.apart(provider.key):
            answered, one = await hub.database.write(write)
            used = used or answered
            if one is not None:
                kept.append(one)
    return kept, used


async def _feed(
    hub: Hub, provider_key: str, signer: Signer, inbound: Inbound, headers: Headers, body: bytes, faults: _Faults
) -> list[Accepted | Duplicate]:
    """Keep the event once per endpoint that the app feeds with it; what the app has lost is taken away first."""
    if not inbound.source:
        return []
    now = hub.clock()
    if inbound.reach_changed or inbound.lost:
        await hub.database.write(lambda session: app_feeds.note_reach(session, provider_key, signer, inbound, now))
    fed = await hub.database.read(lambda session: app_feeds.hearing(session, provider_key, signer, inbound, now))
    kept: list[Accepted | Duplicate] = []
    for place in fed:
        with faults.apart(provider_key):
            one = await hub.database.write(partial(_keep_fed, hub, place, inbound, headers, body))
            if one is not None:
                kept.append(one)
    return kept


def _keep_fed(
    hub: Hub, place: tuple[str, str], inbound: Inbound, headers: Headers, body: bytes, session: Session
) -> Accepted | Duplicate | None:
    """Keep the event at one endpoint, if live workflows wait for its kind there and it may still hear of the place."""
    organization_id, endpoint_id = place
    endpoints = Endpoints(session, organization_id)
    row, shown = endpoints.find(endpoint_id), endpoints.feed(endpoint_id)
    if row is None or shown is None or shown.source != inbound.source or inbound.place not in shown.places:
        return None
    listening = endpoints.subscriptions(endpoint_id)
    if not any(inbound.kind in _kinds(hub, one.trigger_type) for one in listening):
        return None
    endpoint = OpenEndpoint(organization_id, row.id, row.kind, row.enabled, None, row.connection_id)
    return keep_delivery(hub, session, endpoint, inbound, headers, body)


def _kinds(hub: Hub, trigger_type: str) -> tuple[str, ...]:
    """What a trigger listens to; nothing when it is not installed any more."""
    try:
        return hub.registry.trigger(trigger_type)[1].kinds
    except NotFound:
        return ()


def _summed(
    kept: list[Accepted | Duplicate], inbound: Inbound, delivery_id: str, *, used: bool
) -> Accepted | Duplicate:
    """One answer for all who kept the event: a duplicate when it was new to none of them."""
    accepted = [one for one in kept if isinstance(one, Accepted)]
    if kept and not accepted:
        return Duplicate(delivery_id)
    runs = tuple(run_id for one in accepted for run_id in one.run_ids)
    first = accepted[0].event_id if accepted else ""
    return Accepted(delivery_id, first, runs, inbound.reply, unused=not (used or accepted))
