"""Deliveries signed as Stripe signs them, made here by hand: taken when fresh and whole, refused otherwise."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations_app.errors import InvalidInput, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.providers.webhook.stripe import STRIPE
from integrations_app.sdk.registry import Registry, registry
from integrations_app.workflows import inbound as judge

KEY = "whsec_CNRY0123456789abcdef"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = json.dumps({"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}).encode()


def v1(body: bytes = BODY, at: datetime = NOW, key: str = KEY) -> str:
    signed = f"{int(at.timestamp())}.".encode() + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def check(header: str | None, body: bytes = BODY, now: datetime = NOW) -> None:
    STRIPE.events.verify(Secret(KEY), {} if header is None else {"stripe-signature": header}, body, now)


T = int(NOW.timestamp())


@pytest.mark.parametrize(
    "header",
    [
        f"t={T},v1={v1()}",
        f"t={T}, v1={v1()}, v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39",
        f"t={T},v1={v1(key='whsec_the_former_key')},v1={v1()}",
    ],
)
def test_a_signature_of_now_is_taken(header: str) -> None:
    check(header)
    check(header, now=NOW + timedelta(minutes=4, seconds=59))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=,v1=",
        f"v1={v1()}",
        f"t={T}",
        f"t={T},v0={v1()}",
        f"t={T + 1},v1={v1()}",
        f"t={T},t={T},v1={v1()}",
        f"t={T},v1={v1(key='another')}",
        f"t={T},v1={v1().upper()}",
        f"t={T},v1={v1()[:-1]}",
        f"t=+{T},v1={v1()}",
        f"t={'9' * 30},v1={v1()}",
        "\ud800",
        ",".join(["v1=x"] * 10_000) + f",t={T},v1={v1()}",
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    with pytest.raises(SignatureInvalid):
        check(header)


def test_another_body_or_a_stale_time_is_refused() -> None:
    with pytest.raises(SignatureInvalid) as refusal:
        check(f"t={T},v1={v1()}", BODY + b" ")
    assert refusal.value.code == "signature_invalid"
    with pytest.raises(SignatureInvalid) as refusal:
        check(f"t={T},v1={v1()}", now=NOW + timedelta(minutes=6))
    assert refusal.value.code == "timestamp_out_of_window"


def test_the_events_own_id_tells_repeats() -> None:
    inbound = STRIPE.events.parse({}, BODY)
    assert (inbound.kind, inbound.delivery_id, inbound.payload["data"]["object"]["id"]) == (
        "invoice.paid", "evt_1", "in_1",
    )  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"id": 1}', b'{"id": ""}'])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        STRIPE.events.parse({}, body)


def test_the_registry_knows_the_preset_and_no_provider_by_that_name() -> None:
    known = registry()
    assert [kind for kind, _ in known.senders if known.events(kind) is STRIPE.events] == ["stripe"]
    assert known.events("stripe") is STRIPE.events
    assert known.events("webhook") is None
    assert "stripe" not in known
    assert Registry(()).events("stripe") is None


def test_an_endpoint_of_that_kind_takes_what_it_signs() -> None:
    headers = {"stripe-signature": f"t={T},v1={v1()}"}
    judge.verify(registry(), "stripe", Secret(KEY), headers, BODY, NOW)
    assert judge.read(registry(), "stripe", headers, BODY).delivery_id == "evt_1"
    with pytest.raises(SignatureInvalid):
        judge.verify(registry(), "stripe", None, headers, BODY, NOW)
