"""Test deliveries: signed as each sender signs, judged by the same code as all others, and made by a shell alike."""

import asyncio

import pytest
from sqlmodel import Session

from integrations_app.errors import Forbidden, NotFound, SignatureInvalid, Unavailable
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import events, samples
from integrations_app.workflows.endpoints import create_endpoint, list_endpoints, set_enabled
from integrations_app.workflows.inbound import GENERIC_KINDS, NONE
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.samples import curl_of, sample_of, send_test
from tests.workflows.probe import ACTOR, ORGANIZATION

TELL = "curl() { printf '%s\\0' \"$@\"; }\n"
"""Stands in place of curl: says what it was called with."""


async def in_shell(lines: str, secret: str) -> tuple[dict[str, str], bytes]:
    """What curl would send: headers in lower case, and the body."""
    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        TELL + lines,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "SECRET": secret},
    )
    output, _ = await shell.communicate()
    given = output.decode().split("\0")[:-1]
    headers = dict(given[place + 1].split(": ", 1) for place, word in enumerate(given) if word == "-H")
    return {name.lower(): value for name, value in headers.items()}, given[-1].encode()


@pytest.mark.parametrize("kind", GENERIC_KINDS)
async def test_a_test_delivery_passes_the_check_of_its_kind(hub: Hub, kind: str) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", kind)
    tested = await send_test(hub, ACTOR, made.row.id)
    again = await send_test(hub, ACTOR, made.row.id)
    assert tested.event_id != again.event_id
    detail = await events.get_event(hub, ACTOR, tested.event_id)
    assert (detail.row.verdict, detail.body, tested.run_ids) == ("accepted", '{"test": true}', ())


@pytest.mark.parametrize("kind", GENERIC_KINDS)
async def test_the_lines_for_a_shell_do_the_same(hub: Hub, kind: str) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", kind)
    secret = made.secret.reveal("typed into a shell by a test") if made.secret else ""
    lines = curl_of(hub, made.row.id, kind)
    assert made.row.url in lines
    assert not secret or secret not in lines
    headers, body = await in_shell(lines, secret)
    assert isinstance(await events.accept(hub, made.row.id, headers, body), events.Accepted)
    if kind != NONE:
        headers, body = await in_shell(lines, "whsec_" + "A" * 44)
        with pytest.raises(SignatureInvalid):
            await events.accept(hub, made.row.id, headers, body)


async def test_it_is_audited_and_an_endpoint_that_is_off_refuses_it(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "bearer")
    await send_test(hub, ACTOR, made.row.id)
    page = await hub.database.read(lambda session: list_events(session, ORGANIZATION, Filters(name="endpoint.tested")))
    assert [row.subject for row in page.items] == [f"endpoint:{made.row.id}"]
    await set_enabled(hub, ACTOR, made.row.id, enabled=False)
    with pytest.raises(NotFound):
        await send_test(hub, ACTOR, made.row.id)


async def test_it_needs_the_right_the_organisation_and_a_secret(hub: Hub) -> None:
    made = await create_endpoint(hub, ACTOR, "Orders", "hmac_sha256", Secret("a secret"))
    with pytest.raises(Forbidden):
        await send_test(hub, Actor(ORGANIZATION, "v", "v@acme.test", "viewer"), made.row.id)
    with pytest.raises(NotFound):
        await send_test(hub, Actor("0" * 32, "o", "o@other.test", "owner"), made.row.id)

    def without_secret(session: Session) -> None:
        row = session.get_one(Endpoint, (ORGANIZATION, made.row.id))
        row.secret = None
        session.add(row)

    await hub.database.write(without_secret)
    with pytest.raises(Unavailable):
        await send_test(hub, ACTOR, made.row.id)
    assert [row.name for row in await list_endpoints(hub, ACTOR)] == ["Orders"]


async def test_a_provider_that_declares_none_has_none(hub: Hub) -> None:
    assert sample_of(hub, "probe") is None
    assert curl_of(hub, "0" * 32, "probe") == ""
    assert samples.sample_of(hub, "hmac_sha256") is not None
