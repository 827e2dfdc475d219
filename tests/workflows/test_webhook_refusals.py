"""A run whose webhook leads where nothing may go, is given what cannot be sent, or hears its own secret."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from integrations_app.connections.credentials import store_secrets
from integrations_app.connections.models import Connection
from integrations_app.errors import EgressDenied
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.refused_calls import MANY, MOST_HOSTS, auditing
from integrations_app.sdk.registry import registry
from integrations_app.workflows import service
from integrations_app.workflows.conduct import Conduct
from integrations_app.workflows.execute import execute
from integrations_app.workflows.views import RunDetail
from tests.receiver import receiving, reply
from tests.workflows.probe import ACTOR, CONNECTION, ORGANIZATION, make_hub, plant, workflow

pytestmark = pytest.mark.any_database  # refused before anything is stored

TOKEN = "echo-4f1d0c9b7a6e5d3c2b1a"


@dataclass
class Street:
    """A hub, and a listener on loopback that nobody may reach."""

    hub: Hub
    port: int
    accepted: list[object]

    async def run(self, inputs: dict[str, Any], **values: Any) -> RunDetail:
        call = {"key": "call", "type": "action", "action": "webhook.call", "connection": CONNECTION, "inputs": inputs}
        made = await service.create(self.hub, ACTOR, workflow(call))
        await service.publish(self.hub, ACTOR, made.id)
        run_id = await service.start_run(self.hub, ACTOR, made.id, input=values)
        await execute(self.hub, run_id, Conduct(random=lambda: 0.0))
        return await service.get_run(self.hub, ACTOR, run_id)


async def look_up(_host: str, _port: int) -> Sequence[str]:
    return ["10.0.0.5"]


@pytest.fixture
async def street(database: Database, tmp_path: Path) -> AsyncIterator[Street]:
    hub = make_hub(database, tmp_path, registry())
    accepted: list[object] = []

    def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await hub.door.aclose()
    policy = EgressPolicy.parse((), (f"hub.test:{port}",))
    door = Door(policy, resolve=look_up, denied=auditing(hub.database, hub.keyring, hub.clock))
    made = replace(hub, door=door)
    yield Street(made, port, accepted)
    server.close()
    await made.door.aclose()
    await made.bus.close()


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("http://127.0.0.2:8099", "loopback"),
        ("http://LOCALHOST.:8099", "loopback"),
        ("http://[::ffff:127.0.0.1]:8099", "loopback"),
        ("http://169.254.169.254", "metadata"),
        ("http://inside.test", "private"),
        ("http://inside.test:25", "port_denied"),
        ("http://hub.test:{own}", "self_connection"),
        ("http://127.0.0.1:{own}", "self_connection"),
    ],
)
async def test_a_step_fails_with_the_reason_and_no_address(street: Street, base: str, reason: str) -> None:
    plant(street.hub, provider="webhook", settings={"base_url": base.format(own=street.port)})
    found = await street.run({"method": "PUT", "path_or_url": "x", "body": {}})
    assert (found.row.status, found.row.error_code) == ("failed", "egress_denied")
    assert f"({reason})" in found.steps[0].error_message
    assert "10.0.0.5" not in str(found)
    assert (found.steps[0].attempts, street.accepted) == (1, [])


@pytest.mark.parametrize(
    ("inputs", "value", "code"),
    [
        ({"headers": {"X-A": "{{ trigger.v }}"}}, "1\r\nX-Evil: 1", "header_invalid"),
        ({"headers": {"X-A": "{{ trigger.v }}"}}, "1\nX-Evil: 1", "header_invalid"),
        ({"headers": {"X-A": "{{ trigger.v }}"}}, " 1", "header_invalid"),
        ({"headers": {"X-A": "{{ trigger.v }}"}}, "é", "header_invalid"),
        ({"headers": {"X-A": "{{ trigger.v }}"}}, "\U0001f600", "header_invalid"),
        ({"path_or_url": "{{ trigger.v }}"}, "file:///etc/passwd", "url_scheme"),
        ({"path_or_url": "{{ trigger.v }}"}, "http://a@127.0.0.1/", "url_userinfo"),
        ({"path_or_url": "{{ trigger.v }}"}, "http://2130706433/", "url_invalid"),
        ({"path_or_url": "{{ trigger.v }}"}, "x\r\nX-Evil: 1", "url_invalid"),
    ],
)
async def test_a_variable_adds_no_header_and_no_scheme(
    street: Street, inputs: dict[str, Any], value: str, code: str
) -> None:
    plant(street.hub, provider="webhook", settings={"base_url": f"http://127.0.0.1:{street.port}"})
    found = await street.run({"method": "PUT", "body": {}, **inputs}, v=value)
    assert (found.row.status, found.row.error_code, street.accepted) == ("failed", code, [])


async def test_a_refusal_is_audited(street: Street) -> None:
    plant(street.hub, provider="webhook", settings={"base_url": "http://inside.test"})
    for _ in range(2):
        await street.run({"method": "PUT", "body": {}})
    page = await street.hub.database.read(
        lambda session: list_events(session, ORGANIZATION, Filters(name="egress.denied"))
    )
    assert [(row.detail["reason"], row.detail["host"]) for row in page.items] == [("private", "inside.test")]
    assert "10.0.0.5" not in str(page.items)


async def test_a_flood_of_hosts_is_a_few_rows_and_a_hop_is_audited_too(street: Street) -> None:
    async with receiving() as receiver:
        door = Door(
            EgressPolicy.parse([receiver.base.removeprefix("http://")]),
            denied=auditing(street.hub.database, street.hub.keyring, street.hub.clock),
        )
        receiver.answer = lambda _r: reply(302, Location="file:///etc/passwd")
        client = door.client(pool=ORGANIZATION)
        with pytest.raises(EgressDenied):
            await client.follow("GET", f"{receiver.base}/go")
        for number in range(MOST_HOSTS + 10):
            with pytest.raises(EgressDenied):
                await client.get(f"http://10.0.0.{number}/")
        await door.aclose()
    page = await street.hub.database.read(
        lambda session: list_events(session, ORGANIZATION, Filters(name="egress.denied"), limit=200)
    )
    found = [(row.detail["reason"], row.detail["host"]) for row in reversed(page.items)]
    assert found[0][0] == "url_scheme"
    assert len(found) == MOST_HOSTS + 1
    assert found[-1] == ("private", MANY)


ECHOES: dict[str, Callable[[Any], bytes]] = {
    "body": lambda got: reply(200, got.headers["authorization"].encode()),
    "401": lambda got: reply(401, got.headers["authorization"].encode()),
    "redirect": lambda _got: reply(302, Location=f"http://127.0.0.1/?t={TOKEN}"),
    "header": lambda _got: reply(200, b"x", X_You_Sent=TOKEN),
}


@pytest.mark.parametrize("how", ECHOES)
async def test_an_echo_is_in_neither_the_run_nor_the_log(
    street: Street, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    async with receiving() as receiver:
        receiver.answer = ECHOES[how]
        await street.hub.door.aclose()
        street.hub = replace(street.hub, door=Door(EgressPolicy.parse(["127.0.0.0/8"])))
        plant(street.hub, provider="webhook", settings={"base_url": receiver.base})

        def write(session: Session) -> None:
            row = session.get(Connection, (ORGANIZATION, CONNECTION))
            assert row is not None
            store_secrets(street.hub, session, row, {"token": Secret(TOKEN)})
            session.add(row)

        await street.hub.database.write(write)
        caplog.set_level("DEBUG")
        found = await street.run({"method": "PUT", "body": {}})
    assert receiver.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert "[redacted]" in str(found)
    assert TOKEN not in str(found) + caplog.text
    await street.hub.door.aclose()
