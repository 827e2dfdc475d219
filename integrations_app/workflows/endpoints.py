"""Endpoints: our inbound addresses, created, rotated, switched and deleted."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.jwt import ALGORITHMS, USUAL, TokenRule, require_key
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import parse_standard_secret
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.workflows import inbound
from integrations_app.workflows.endpoint_cache import forget
from integrations_app.workflows.endpoint_terms import AS_IT_COMES, Terms, rule_of
from integrations_app.workflows.hooks import endpoint_url
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.sealing import open_endpoint_secret, seal_endpoint_secret

MAX_NAME = 200
MOST_GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint as people see it; never its secret."""

    id: str
    name: str
    kind: str
    url: str
    enabled: bool
    connection_id: str | None
    """Set when the product registered it at a vendor itself."""
    target: str
    created_at: datetime
    last_event_at: datetime | None
    former_until: datetime | None
    """Until when the secret before the last rotation is taken too; None when it is not."""
    per_minute: int
    """Deliveries that each process takes a minute; 0 for no cap."""
    limited_at: datetime | None
    """When the cap last turned one away."""
    allowed_addresses: tuple[str, ...] = ()
    """Addresses and networks that deliveries may come from; none: any."""
    jwt: dict[str, str] | None = None
    """Of the kind `jwt`: algorithm, issuer and audience of the senders' tokens."""
    answer_seconds: int = 0
    """How long a delivery waits for what its run answers; 0: it is answered at once."""

    @property
    def rule(self) -> TokenRule:
        """What the senders' tokens must be, of the kind `jwt`."""
        return TokenRule(**self.jwt) if self.jwt else USUAL

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the REST API, times as datetime."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CreatedEndpoint:
    """A new or rotated endpoint, with its secret for this one time."""

    row: EndpointRow
    secret: Secret | None


async def list_endpoints(hub: Hub, actor: Actor) -> tuple[EndpointRow, ...]:
    """Every endpoint of the organisation, oldest first."""
    actor.require(Permission.VIEW)
    return await hub.database.read(
        lambda session: tuple(_row(hub, one) for one in Endpoints(session, actor.organization_id).list_all())
    )


async def create_endpoint(
    hub: Hub, actor: Actor, name: str, kind: str, secret: Secret | None = None, terms: Terms = AS_IT_COMES
) -> CreatedEndpoint:
    """Open an inbound address; its secret (ours, or the sender's own given here) is shown this once.

    `kind` is a generic kind or the key of a provider with events. Raises Forbidden, InvalidInput, VaultSealed.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    if kind == inbound.JWT and terms.jwt is None:
        terms = replace(terms, jwt=USUAL)
    _require_valid(hub, name, kind, secret, terms.rule_over(USUAL))
    used = secret or inbound.new_secret(kind)
    endpoint_id = hub.new_id()

    def write(session: Session) -> EndpointRow:
        row = Endpoint(
            organization_id=actor.organization_id, id=endpoint_id, name=name.strip(), kind=kind, created_at=hub.clock()
        )
        told = terms.put_on(row)
        row.secret = seal_endpoint_secret(hub, session, row, used) if used is not None else None
        Endpoints(session, actor.organization_id).add(row)
        note(hub, session, actor, "endpoint.created", row, kind=kind, **told)
        return _row(hub, row)

    return CreatedEndpoint(await hub.database.write(write), used)


async def change_endpoint(hub: Hub, actor: Actor, endpoint_id: str, terms: Terms) -> EndpointRow:
    """Set what the terms say, from the next deliveries on. Raises NotFound, Forbidden, Conflict, InvalidInput."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> EndpointRow:
        row = Endpoints(session, actor.organization_id).get(endpoint_id)
        _require_own(row)
        told = terms.put_on(row)
        session.add(row)
        note(hub, session, actor, "endpoint.changed", row, **told)
        return _row(hub, row)

    changed = await hub.database.write(write)
    forget(endpoint_id)
    return changed


async def rotate_endpoint(
    hub: Hub, actor: Actor, endpoint_id: str, secret: Secret | None = None, grace: timedelta = timedelta(0)
) -> CreatedEndpoint:
    """Replace the secret; the one before it is taken too for `grace`, at most MOST_GRACE, and erased then.

    A former one that was still taken is erased now. Raises NotFound, Conflict, InvalidInput, VaultSealed.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    if not timedelta(0) <= grace <= MOST_GRACE:
        raise InvalidInput({"grace_seconds": "is 0 to 604800: seven days at most"})

    def write(session: Session) -> CreatedEndpoint:
        row = Endpoints(session, actor.organization_id).get(endpoint_id)
        _require_own(row)
        rule = rule_of(row) if row.kind == inbound.JWT else None
        if secret is None and rule is not None and not rule.is_shared:
            raise Conflict("key_needed", "The new public key comes from the sender: give it in Settings, Endpoints.")
        used = secret or inbound.new_secret(row.kind)
        if used is None:
            raise Conflict("no_secret", "This endpoint has no secret to rotate.")
        _require_valid(hub, row.name, row.kind, used, rule)
        row.former_secret, row.former_until = None, None
        if grace and row.secret:
            before = open_endpoint_secret(hub, session, row)
            row.former_secret = seal_endpoint_secret(hub, session, row, before, "former_secret")
            row.former_until = hub.clock() + grace
        row.secret = seal_endpoint_secret(hub, session, row, used)
        session.add(row)
        note(hub, session, actor, "endpoint.rotated", row, grace_seconds=int(grace.total_seconds()))
        return CreatedEndpoint(_row(hub, row), used)

    made = await hub.database.write(write)
    forget(endpoint_id)
    return made


async def set_enabled(hub: Hub, actor: Actor, endpoint_id: str, *, enabled: bool) -> None:
    """Switch the endpoint: while off it answers as if it did not exist. Raises NotFound."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> None:
        row = Endpoints(session, actor.organization_id).get(endpoint_id)
        row.enabled = enabled
        session.add(row)
        note(hub, session, actor, "endpoint.enabled" if enabled else "endpoint.disabled", row)

    await hub.database.write(write)
    forget(endpoint_id)


async def delete_endpoint(hub: Hub, actor: Actor, endpoint_id: str) -> None:
    """Close the address for good; its events stay as history.

    Raises NotFound; Conflict `endpoint_in_use` while live workflows listen on it.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> None:
        endpoints = Endpoints(session, actor.organization_id)
        row = endpoints.get(endpoint_id)
        listening = len(endpoints.subscriptions(endpoint_id))
        if listening:
            raise Conflict("endpoint_in_use", f"{listening} live workflows listen on it. Unpublish them first.")
        endpoints.remove(row)
        note(hub, session, actor, "endpoint.deleted", row)

    await hub.database.write(write)
    forget(endpoint_id)


def _require_own(row: Endpoint) -> None:
    if row.connection_id is not None:
        raise Conflict("endpoint_managed", "This endpoint belongs to a connection and is kept by the product.")


def _require_valid(hub: Hub, name: str, kind: str, secret: Secret | None, rule: TokenRule | None = None) -> None:
    wrong: dict[str, str] = {}
    if not (name.strip() and name.isprintable() and len(name) <= MAX_NAME):
        wrong["name"] = f"has 1 to {MAX_NAME} readable characters"
    if kind not in inbound.GENERIC_KINDS and inbound.preset_of(hub.registry, kind) is None:
        wrong["kind"] = "is no kind of endpoint"
    if secret is not None and not secret:
        wrong["secret"] = "is empty"  # noqa: S105 - words for people
    if why := _misfit(kind, secret, rule):
        wrong["secret"] = why
    if wrong:
        raise InvalidInput(wrong)


def _misfit(kind: str, secret: Secret | None, rule: TokenRule | None) -> str:
    """Why senders of that kind cannot use the secret that was given; empty when they can, or none was needed."""
    if kind == inbound.JWT and rule is not None and rule.algorithm in ALGORITHMS and not rule.is_shared and not secret:
        return "is needed: the sender's public key in PEM form"
    try:
        if kind == inbound.STANDARD_WEBHOOKS and secret:
            parse_standard_secret(secret)
        elif kind == inbound.JWT and rule is not None and rule.algorithm in ALGORITHMS and secret:
            require_key(rule.algorithm, secret)
    except ValueError as error:
        return str(error)
    return ""


def _row(hub: Hub, row: Endpoint) -> EndpointRow:
    made: dict[str, Any] = {
        "url": endpoint_url(hub, row.id),
        "allowed_addresses": tuple(row.allowed_addresses),
    }
    stored = {name: getattr(row, name) for name in EndpointRow.__dataclass_fields__ if name not in made}
    return EndpointRow(**stored, **made)


def note(hub: Hub, session: Session, actor: Actor, act: str, row: Endpoint, **detail: Any) -> None:
    """Audit an act on an endpoint. Call it last in the transaction."""
    detail = {"name": row.name, **detail}
    record(session, hub.keyring, actor, act, now=hub.clock(), subject=f"endpoint:{row.id}", detail=detail)
