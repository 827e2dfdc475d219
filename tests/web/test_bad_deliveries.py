"""Deliveries that mean harm, over the route of the product's own providers (B06, B11, B12, B14, B17)."""

import gzip
import hmac
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col
from starlette.applications import Starlette

from integrations_app.kit.columns import utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256, sign_timestamped
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import registry
from integrations_app.sdk.triggers import Trigger
from integrations_app.web.events import routes
from integrations_app.workflows import endpoints, events, inbound
from integrations_app.workflows.models import Event
from tests.workflows.probe import ACTOR, ORGANIZATION, make_hub, plant

SECRET = Secret("CNRY_endpoint_0123456789abcdef")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.fixture
async def hub(database: Database, tmp_path: Path) -> AsyncIterator[Hub]:
    made = make_hub(database, tmp_path, registry())
    plant(made)
    yield made
    await made.door.aclose()
    await made.bus.close()


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=list(routes(hub)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


async def opened(hub: Hub, kind: str) -> str:
    """The path of a new endpoint."""
    return f"/api/webhooks/{(await endpoints.create_endpoint(hub, ACTOR, kind, kind, SECRET)).row.id}"


async def count(hub: Hub) -> int:
    statement = select(func.count()).where(col(Event.organization_id) == ORGANIZATION, col(Event.verdict) == "accepted")
    return int(await hub.database.read(lambda session: session.execute(statement).scalar_one()))


def slack(body: bytes, seconds: int = 0, secret: Secret = SECRET) -> dict[str, str]:
    """The headers of Slack, signed so many seconds from now."""
    sent = int(utc_now().timestamp()) + seconds
    signature = sign_timestamped(secret, body, sent)
    return {"content-type": JSON, "x-slack-request-timestamp": str(sent), "x-slack-signature": signature}


def github(body: bytes, content_type: str = JSON) -> dict[str, str]:
    signature = sign_hmac_sha256(SECRET, body, "sha256=")
    named = {"x-github-event": "issues", "x-github-delivery": "9f1c"}
    return {"content-type": content_type, "x-hub-signature-256": signature, **named}


@pytest.mark.parametrize("seconds", [-310, 310])
async def test_a_right_signature_does_not_help_a_stale_time(hub: Hub, client: httpx.AsyncClient, seconds: int) -> None:
    path, body = await opened(hub, "slack"), b'{"type": "event_callback", "event_id": "Ev1", "event": {"type": "x"}}'
    stale = await client.post(path, content=body, headers=slack(body, seconds))
    assert (stale.status_code, stale.json()["error"]["code"]) == (401, "timestamp_out_of_window")
    assert await count(hub) == 0
    assert (await client.post(path, content=body, headers=slack(body))).status_code == 202


async def test_a_challenge_is_echoed_exactly_and_only_when_signed(hub: Hub, client: httpx.AsyncClient) -> None:
    path, body = await opened(hub, "slack"), b'{"type": "url_verification", "challenge": "<script>"}'
    forged = await client.post(path, content=body, headers=slack(body, secret=Secret("another")))
    assert forged.status_code == 401
    assert "script" not in forged.text
    answer = await client.post(path, content=body, headers=slack(body))
    assert (answer.status_code, answer.text) == (200, "<script>")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_json_that_imitates_a_parsed_upload_opens_no_file(
    hub: Hub, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    bait = tmp_path / "bait"
    bait.write_text("CNRY_bait_0123456789abcdef")
    upload = {"filepath": str(bait), "path": str(bait), "mimetype": "text/plain", "originalFilename": "x"}
    body = json.dumps({"files": {"x": upload}, **upload}).encode()
    seen: list[str] = []
    watching = True

    def watch(event: str, given: tuple[object, ...]) -> None:
        if watching and event == "open":
            seen.append(str(given[0]))

    sys.addaudithook(watch)
    path = await opened(hub, "hmac_sha256")
    answer = await client.post(path, content=body, headers=github(body))
    bait.read_text()
    watching = False
    assert answer.status_code == 202
    assert seen.count(str(bait)) == 1  # our own, which shows that the watch works
    for content_type in ("multipart/form-data; boundary=x", "text/xml", FORM):
        refused = await client.post(path, content=body, headers=github(body, content_type))
        assert (refused.status_code, refused.json()["error"]["code"]) == (415, "unsupported_media_type")


async def test_a_signed_form_of_github_is_taken_over_its_raw_bytes(hub: Hub, client: httpx.AsyncClient) -> None:
    path, body = await opened(hub, "github"), urlencode({"payload": '{"action": "opened"}'}).encode()
    assert (await client.post(path, content=body + b"&x=1", headers=github(body, FORM))).status_code == 401
    answer = await client.post(path, content=body, headers=github(body, FORM))
    assert (answer.status_code, answer.json()) == (202, {"delivery_id": "9f1c"})
    again = await client.post(path, content=body, headers=github(body, FORM))
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")


async def test_a_gzip_bomb_is_not_even_read(hub: Hub, client: httpx.AsyncClient) -> None:
    path, bomb, read = await opened(hub, "github"), gzip.compress(b" " * 20_000_000), 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for start in range(0, len(bomb), 1024):
            read += 1
            yield bomb[start : start + 1024]

    answer = await client.post(path, content=chunks(), headers=github(bomb) | {"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "encoding_unsupported")
    assert read == 0


@pytest.mark.parametrize(("kind", "limit"), [("hmac_sha256", 1024 * 1024), ("github", 25 * 1024 * 1024)])
async def test_nothing_is_read_of_a_body_that_announces_too_much(
    hub: Hub, client: httpx.AsyncClient, kind: str, limit: int
) -> None:
    path, read = await opened(hub, kind), 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b" " * 1024

    headers = github(b"{}") | {"content-length": str(limit + 1)}
    answer = await client.post(path, content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert read == 0


OTHER = Secret("CNRY_another_0123456789abcdef")


@pytest.mark.parametrize("kind", ["hmac_sha256", "github"])
async def test_only_the_whole_signature_of_this_endpoint_counts(hub: Hub, client: httpx.AsyncClient, kind: str) -> None:
    path, body = await opened(hub, kind), b'{"action": "opened", "number": 1}'
    await endpoints.create_endpoint(hub, ACTOR, "other", kind, OTHER)
    right = sign_hmac_sha256(SECRET, body, "sha256=")
    legacy = "sha1=" + hmac.new(SECRET.reveal_bytes("test"), body, "sha1").hexdigest()
    unsigned = github(body)
    del unsigned["x-hub-signature-256"]
    forged = [
        {},
        {"x-hub-signature": legacy},
        {"x-hub-signature-256": legacy},
        {"x-hub-signature-256": right[:-1]},
        {"x-hub-signature-256": "sha256=" + right[7:].upper()},
        {"x-hub-signature-256": sign_hmac_sha256(OTHER, body, "sha256=")},
    ]
    answers = [await client.post(path, content=body, headers=unsigned | one) for one in forged]
    anew = json.dumps(json.loads(body), separators=(",", ":")).encode()
    answers.append(await client.post(path, content=anew, headers=github(body)))
    assert {(one.status_code, one.content) for one in answers} == {(401, answers[0].content)}
    assert answers[0].json()["error"]["code"] == "signature_invalid"
    assert await count(hub) == 0
    assert (await client.post(path, content=body, headers=github(body))).status_code == 202


@pytest.mark.parametrize("trigger", registry().get("github").triggers, ids=lambda one: str(one.key))
async def test_every_event_of_github_is_taken_and_known(hub: Hub, client: httpx.AsyncClient, trigger: Trigger) -> None:
    path, body = await opened(hub, "github"), json.dumps(trigger.example).encode()
    headers = github(body) | {"x-github-event": trigger.kinds[0]}
    assert (await client.post(path, content=body + b" ", headers=headers)).status_code == 401
    assert (await client.post(path, content=body, headers=headers)).status_code == 202
    (row,) = (await events.list_events(hub, ACTOR, verdict="accepted")).items
    kept = await events.get_event(hub, ACTOR, row.id)
    found = inbound.read(hub.registry, "github", kept.headers, kept.body.encode())
    assert (row.kind, found.delivery_id) == (trigger.kinds[0], "9f1c")
    assert trigger.matches(found, trigger.config.model_validate(trigger.example_config))
