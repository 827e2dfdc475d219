"""GitHub's signature and the shapes of its deliveries."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations_app.errors import InvalidInput, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.providers.github.events import EVENTS, parse, verify
from integrations_app.sdk.triggers import EVERY_PLACE

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Published by GitHub, "Validating webhook deliveries".
SECRET = Secret("It's a Secret to Everybody")
VECTOR = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_the_published_vector() -> None:
    verify(SECRET, {"x-hub-signature-256": VECTOR}, b"Hello, World!", NOW)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"Hello, World!"),
        ({"x-hub-signature": "sha1=f7bc83f430538424b13298e6aa6fb143ef4d59a1"}, b"Hello, World!"),
        ({"x-hub-signature-256": VECTOR[:-2]}, b"Hello, World!"),
        ({"x-hub-signature-256": VECTOR.removeprefix("sha256=")}, b"Hello, World!"),
        ({"x-hub-signature-256": VECTOR}, b"Hello, World! "),
    ],
)
def test_what_is_not_from_github(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(SECRET, headers, body, NOW)


def headers(kind: str = "issues", content_type: str = "application/json") -> dict[str, str]:
    return {"x-github-event": kind, "x-github-delivery": "guid-1", "content-type": content_type}


def test_a_delivery() -> None:
    found = parse(headers(), b'{"action": "opened"}')
    assert (found.kind, found.delivery_id, found.ignore) == ("issues", "guid-1", False)
    assert found.payload == {"action": "opened"}


def test_a_form() -> None:
    body = urlencode({"payload": json.dumps({"action": "closed", "text": "ö&="})}).encode()
    found = parse(headers(content_type="application/x-www-form-urlencoded"), body)
    assert found.payload == {"action": "closed", "text": "ö&="}


def test_a_ping_starts_nothing() -> None:
    assert parse(headers("ping"), b'{"zen": "Keep it logically awesome."}').ignore


def test_the_notice_of_a_revoked_authorization() -> None:
    body = json.dumps({"action": "revoked", "sender": {"id": 583231}}).encode()
    found = parse(headers("github_app_authorization"), body)
    assert (found.revoked, found.account_id) == (True, "583231")


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"content-type": "application/json"}, b"{}"),
        (headers(), b"{"),
        (headers(), b"[]"),
        (headers(), b"[" * 100_000),
        (headers(), b"\xff"),
        (headers(content_type="application/x-www-form-urlencoded"), b"a=b"),
        (headers(content_type="application/x-www-form-urlencoded"), b"payload=nothing"),
    ],
)
def test_what_cannot_be_read_is_refused(given: dict[str, str], body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(given, body)


def test_large_deliveries_are_taken() -> None:
    assert EVENTS.max_body == 25 * 1024 * 1024


async def test_the_emulated_vendor_signs_alike(connect: Any, sandbox: Any) -> None:
    """A hook's ping, received by a real listener, passes verification."""
    import asyncio

    from integrations_app.providers.github.hooks import HOOKS
    from integrations_app.sdk.triggers import HookRequest

    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        if not received.done():
            received.set_result(head + body)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    github = connect("github", access_token=sandbox.token("github", "octo-hub", ["repo"]))
    ask = HookRequest(f"http://127.0.0.1:{port}/hook", SECRET, {"repository": "acme/web"}, ("issues",))
    await HOOKS.create(ask, github.context())
    async with asyncio.timeout(10):
        raw = await received
    server.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:]]
    found = {name.lower(): value for name, value in lines}
    verify(SECRET, found, body, NOW)
    assert parse(found, body).ignore


@pytest.mark.parametrize(
    ("action", "revoked"), [("deleted", True), ("suspend", True), ("created", False), ("unsuspend", False)]
)
def test_an_installation_that_ends_is_about_the_account_it_was_on(action: str, revoked: bool) -> None:
    body = json.dumps({"action": action, "installation": {"id": 9, "account": {"id": 77}}, "sender": {"id": 1}})
    found = parse(headers("installation"), body.encode())
    assert (found.account_id, found.revoked) == ("77", revoked)
    odd = parse(headers("installation"), b'{"action": "deleted", "installation": null}')
    assert odd.account_id == ""


@pytest.mark.parametrize(
    ("kind", "payload", "lost", "changed"),
    [
        ("issues", {"action": "opened"}, (), False),
        ("installation", {"action": "deleted"}, (EVERY_PLACE,), True),
        ("installation", {"action": "suspend"}, (EVERY_PLACE,), True),
        ("installation", {"action": "unsuspend"}, (), True),
        ("installation_repositories", {"repositories_removed": [{"id": 7}, {"id": 8}, None]}, ("7", "8"), True),
        ("installation_repositories", {"repositories_removed": None}, (), True),
        ("member", {"action": "removed"}, (), True),
    ],
)
def test_what_an_app_tells_of_its_reach(
    kind: str, payload: dict[str, Any], lost: tuple[str, ...], changed: bool
) -> None:
    body = json.dumps({"installation": {"id": 4}, "repository": {"id": 5}, **payload}).encode()
    found = parse(headers(kind), body)
    assert (found.source, found.place, found.lost, found.reach_changed) == ("4", "5", lost, changed)


@pytest.mark.parametrize("odd", [None, 7, "text", [], {}])
def test_an_odd_installation_or_repository_names_nothing(odd: Any) -> None:
    found = parse(headers(), json.dumps({"installation": odd, "repository": odd}).encode())
    assert (found.source, found.place) == ("", "")
