"""Rotation with a grace: both secrets fit until its end, then the former one is refused at once and erased soon."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session

from integrations_app.errors import Conflict, InvalidInput, NotFound, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_standard
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.samples import fill
from integrations_app.workflows import events
from integrations_app.workflows.endpoints import create_endpoint, list_endpoints, rotate_endpoint
from integrations_app.workflows.former_secrets import end_former_secret, erase_former_secrets
from integrations_app.workflows.inbound import GENERIC_KINDS, NONE
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.samples import sample_of
from tests.workflows.probe import ACTOR, ORGANIZATION

GRACE = timedelta(hours=1)
SIGNED = [kind for kind in GENERIC_KINDS if kind != NONE]


def later(hub: Hub, by: timedelta) -> Hub:
    return replace(hub, clock=partial((hub.clock() + by).replace))


async def deliver(hub: Hub, endpoint_id: str, kind: str, secret: Secret | None) -> events.Accepted | events.Duplicate:
    sample = sample_of(hub, kind)
    assert sample is not None
    assert secret is not None
    headers, body = fill(sample, secret, hub.new_id(), hub.clock())
    return await events.accept(hub, endpoint_id, headers, body)


async def former_of(hub: Hub, endpoint_id: str) -> bytes | None:
    def read(session: Session) -> bytes | None:
        return session.get_one(Endpoint, (ORGANIZATION, endpoint_id)).former_secret

    return await hub.database.read(read)


@pytest.mark.parametrize("kind", SIGNED)
async def test_both_secrets_fit_until_the_grace_ends(hub: Hub, kind: str) -> None:
    before = await create_endpoint(hub, ACTOR, "Orders", kind)
    after = await rotate_endpoint(hub, ACTOR, before.row.id, grace=GRACE)
    assert after.row.former_until is not None
    for secret in (before.secret, after.secret):
        await deliver(hub, before.row.id, kind, secret)
    with pytest.raises(SignatureInvalid):
        await deliver(hub, before.row.id, kind, Secret("whsec_" + "A" * 44))
    then = later(hub, GRACE)
    with pytest.raises(SignatureInvalid):
        await deliver(then, before.row.id, kind, before.secret)
    await deliver(then, before.row.id, kind, after.secret)


async def test_what_is_over_is_erased_and_audited(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    await rotate_endpoint(hub, ACTOR, made.row.id, grace=GRACE)
    assert await erase_former_secrets(hub) == 0
    assert await former_of(hub, made.row.id)
    assert await erase_former_secrets(later(hub, GRACE)) == 1
    assert await former_of(hub, made.row.id) is None
    assert (await list_endpoints(hub, ACTOR))[0].former_until is None
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters(name="endpoint.*")))
    assert [(row.name, row.actor) for row in page.items][:2] == [
        ("endpoint.former_secret_ended", "system"),
        ("endpoint.rotated", ACTOR.email),
    ]
    assert page.items[1].detail["grace_seconds"] == GRACE.total_seconds()


async def test_a_person_ends_it_earlier(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    await rotate_endpoint(hub, ACTOR, made.row.id, grace=GRACE)
    with pytest.raises(NotFound):
        await end_former_secret(hub, Actor("0" * 32, "o", "o@other.test", "owner"), made.row.id)
    await end_former_secret(hub, ACTOR, made.row.id)
    with pytest.raises(SignatureInvalid):
        await deliver(hub, made.row.id, "bearer", made.secret)
    with pytest.raises(Conflict):
        await end_former_secret(hub, ACTOR, made.row.id)


async def test_a_second_rotation_leaves_only_the_one_before_it(hub: Hub) -> None:
    first = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    second = await rotate_endpoint(hub, ACTOR, first.row.id, grace=GRACE)
    await rotate_endpoint(hub, ACTOR, first.row.id, grace=GRACE)
    await deliver(hub, first.row.id, "bearer", second.secret)
    with pytest.raises(SignatureInvalid):
        await deliver(hub, first.row.id, "bearer", first.secret)
    await rotate_endpoint(hub, ACTOR, first.row.id)
    assert await former_of(hub, first.row.id) is None


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
async def test_a_grace_has_bounds(hub: Hub, grace: timedelta) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    with pytest.raises(InvalidInput):
        await rotate_endpoint(hub, ACTOR, made.row.id, grace=grace)


async def test_a_right_signature_of_the_past_is_named_whichever_secret_made_it(hub: Hub) -> None:
    before = await create_endpoint(hub, ACTOR, "Orders", "standard_webhooks")
    await rotate_endpoint(hub, ACTOR, before.row.id, grace=GRACE)
    assert before.secret is not None
    headers = sign_standard(before.secret, "m1", b"{}", hub.clock() - timedelta(seconds=301))
    with pytest.raises(SignatureInvalid) as refusal:
        await events.accept(hub, before.row.id, headers, b"{}")
    assert refusal.value.code == "timestamp_out_of_window"
