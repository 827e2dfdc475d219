"""Every way to prove who sends is compared in constant time, each secret that may fit is tried, and so is a dummy."""

import hmac
from typing import Any

import pytest

from integrations_app.errors import NotFound, SignatureInvalid
from integrations_app.kit.columns import utc_now
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import show_standard_secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import registry
from integrations_app.sdk.samples import Sample, fill
from integrations_app.workflows import events, inbound
from integrations_app.workflows.endpoints import create_endpoint, delete_endpoint, set_enabled
from integrations_app.workflows.samples import sample_of
from tests.workflows.probe import ACTOR

pytestmark = pytest.mark.any_database  # compared in memory

SIGNED = [kind for kind in inbound.GENERIC_KINDS if kind != inbound.NONE]
KINDS = [*SIGNED, *(kind for kind, _ in registry().senders)]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What was compared by `hmac.compare_digest`."""
    found: list[tuple[Any, Any]] = []
    original = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        found.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return found


def sample(hub: Hub, kind: str) -> Sample:
    events_of = registry().events(kind)
    found = events_of.sample if events_of is not None else sample_of(hub, kind)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("right", [0, 1, None])
def test_each_secret_is_tried_whichever_fits(
    hub: Hub, compared: list[tuple[Any, Any]], kind: str, right: int | None
) -> None:
    secrets = [show_standard_secret(Secret(letter * 32)) for letter in (b"a", b"b", b"c")]
    headers, body = fill(sample(hub, kind), secrets[2 if right is None else right], "test-1", utc_now())
    compared.clear()
    if right is None:
        with pytest.raises(SignatureInvalid):
            inbound.verify_any(registry(), kind, secrets[:2], headers, body, utc_now())
    else:
        inbound.verify_any(registry(), kind, secrets[:2], headers, body, utc_now())
    assert len(compared) == len(secrets[:2])
    assert all(len(one) == len(other) for one, other in compared)


async def test_a_dummy_is_compared_where_there_is_no_endpoint(hub: Hub, compared: list[tuple[Any, Any]]) -> None:
    with pytest.raises(NotFound):
        await events.accept(hub, "0" * 32, {"x-hub-signature-256": "sha256=" + "0" * 64}, b"{}")
    assert len(compared) == 1


@pytest.mark.parametrize("state", ["disabled", "deleted"])
async def test_a_dummy_is_compared_where_an_endpoint_was(hub: Hub, compared: list[tuple[Any, Any]], state: str) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "hmac_sha256")
    if state == "disabled":
        await set_enabled(hub, ACTOR, made.row.id, enabled=False)
    else:
        await delete_endpoint(hub, ACTOR, made.row.id)
    compared.clear()
    with pytest.raises(NotFound):
        await events.accept(hub, made.row.id, {"x-hub-signature-256": "sha256=" + "0" * 64}, b"{}")
    assert len(compared) == 1
