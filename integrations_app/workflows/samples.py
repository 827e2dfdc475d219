"""Test deliveries: a sample signed as its sender would sign it, judged like any other; and the same for a shell."""

from dataclasses import dataclass

from sqlmodel import Session

from integrations_app.errors import Conflict, Unavailable
from integrations_app.kit.jwt import USUAL, TokenRule
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk import samples
from integrations_app.sdk.samples import Sample
from integrations_app.workflows import events, inbound
from integrations_app.workflows.endpoint_terms import rule_of
from integrations_app.workflows.hooks import endpoint_url
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.sealing import open_endpoint_secret

_DELIVERY = {"Idempotency-Key": "{id}"}
_TOKEN = {"Authorization": "Bearer {token}"}
_CLAIMS = {"exp": 0, "jti": "{id}"}
_GENERIC = {
    inbound.HMAC_SHA256: Sample({**_DELIVERY, "X-Hub-Signature-256": "sha256={signature}"}, signed="{body}"),
    inbound.STANDARD_WEBHOOKS: Sample(
        {"webhook-id": "{id}", "webhook-timestamp": "{time}", "webhook-signature": "v1,{signature}"},
        signed="{id}.{time}.{body}",
        encoding="base64",
        key="standard",
    ),
    inbound.BEARER: Sample({**_DELIVERY, "Authorization": "Bearer {secret}"}),
    inbound.BASIC: Sample({**_DELIVERY, "Authorization": "Basic {basic}"}),
    inbound.API_KEY: Sample({**_DELIVERY, "X-API-Key": "{secret}"}),
    inbound.JWT: Sample(_TOKEN, claims=_CLAIMS),
    inbound.NONE: Sample(_DELIVERY),
}


@dataclass(frozen=True, slots=True)
class Tested:
    """A test delivery that was accepted."""

    event_id: str
    run_ids: tuple[str, ...]


def sample_of(hub: Hub, kind: str, rule: TokenRule = USUAL) -> Sample | None:
    """What an endpoint of that kind can be tried with; None where its provider declares nothing.

    None as well where only the sender can sign: a token that `rule` wants signed with a private key.
    """
    preset = inbound.preset_of(hub.registry, kind)
    if preset is not None:
        return preset.sample
    if kind != inbound.JWT:
        return _GENERIC.get(kind)
    if not rule.is_shared:
        return None
    named = {name: value for name, value in (("iss", rule.issuer), ("aud", rule.audience)) if value}
    return Sample(_TOKEN, claims=_CLAIMS | named, algorithm=rule.algorithm)


def curl_of(hub: Hub, endpoint_id: str, kind: str, rule: TokenRule = USUAL) -> str:
    """Lines for a shell that send a signed sample, the secret as `$SECRET`; empty where there is no sample."""
    sample = sample_of(hub, kind, rule)
    return samples.curl(sample, endpoint_url(hub, endpoint_id)) if sample is not None else ""


async def send_test(hub: Hub, actor: Actor, endpoint_id: str) -> Tested:
    """Sign a sample with the endpoint's secret and accept it as what comes from outside is accepted.

    Live workflows start. Raises NotFound, Forbidden, Conflict `no_sample`, and what `events.accept` raises.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    kind, secret, rule = await hub.database.read(lambda session: _read(hub, session, actor, endpoint_id))
    sample = sample_of(hub, kind, rule)
    if sample is None and kind == inbound.JWT:
        raise Conflict("no_sample", "Only the sender has the private key: let it send the test.")
    if sample is None:
        raise Conflict("no_sample", "Nothing is known that this endpoint could be tried with.")
    headers, body = samples.fill(sample, secret, f"test-{hub.new_id()}", hub.clock())
    found = await events.accept(hub, endpoint_id, headers, body)
    if not isinstance(found, events.Accepted):
        raise Conflict("test_repeated", "The same test was delivered before. Try again.")
    subject, detail = f"endpoint:{endpoint_id}", {"event": found.event_id, "runs": len(found.run_ids)}
    await hub.database.write(
        lambda session: record(
            session, hub.keyring, actor, "endpoint.tested", now=hub.clock(), subject=subject, detail=detail
        )
    )
    return Tested(found.event_id, found.run_ids)


def _read(hub: Hub, session: Session, actor: Actor, endpoint_id: str) -> tuple[str, Secret, TokenRule]:
    row = Endpoints(session, actor.organization_id).get(endpoint_id)
    if row.kind == inbound.NONE:
        return row.kind, Secret(""), USUAL
    if not row.secret:
        raise Unavailable("The endpoint has no secret yet.", None, "endpoint_unconfigured")
    return row.kind, open_endpoint_secret(hub, session, row), rule_of(row)
