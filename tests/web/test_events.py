"""Inbound deliveries over the route: verified raw, accepted once, refused in constant words (B01-B16, P02)."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import Session, col
from starlette.applications import Starlette

from integrations_app.connections.models import Connection
from integrations_app.kit.columns import utc_now
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256, sign_standard
from integrations_app.organizations.audit import Filters, list_events
from integrations_app.organizations.hub import Hub
from integrations_app.settings import Settings
from integrations_app.web.events import routes
from integrations_app.web.reading import Inflight
from integrations_app.workflows import endpoints, events, rejections, service
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from integrations_app.workflows.models import Event, Run
from tests.examples import many
from tests.web.delivering import JSON, SECRET, client, endpoint, signed  # noqa: F401 - fixtures among them
from tests.workflows.conftest import engine, hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR, CONNECTION, ORGANIZATION, Vendor, step, until, workflow


async def listening(hub: Hub, endpoint: str, *steps: dict[str, Any]) -> str:
    made = await service.create(
        hub, ACTOR, workflow(*steps, trigger={"type": "webhook", "config": {"endpoint": endpoint}})
    )
    await service.publish(hub, ACTOR, made.id)
    return made.id


async def count(hub: Hub, model: type[Event] | type[Run]) -> int:
    statement = select(func.count()).select_from(model).where(col(model.organization_id) == ORGANIZATION)
    return int(await hub.database.read(lambda session: session.execute(statement).scalar_one()))


async def ended(hub: Hub, number: int) -> bool:
    page = await service.list_runs(hub, ACTOR, limit=200)
    return len(page.items) == number and all(run.ended_at for run in page.items)


async def test_a_signed_delivery_starts_its_workflow(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    await listening(hub, endpoint, step(inputs={"text": "{{ trigger.order.id }}"}))
    body = b'{"order": {"id": "A-1"}}'
    answer = await client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body, "d1"))
    assert (answer.status_code, answer.json()) == (202, {"delivery_id": "d1"})
    await until(lambda: ended(hub, 1))
    assert vendor.texts == ["A-1"]
    found = (await events.list_events(hub, ACTOR)).items[0]
    detail = await events.get_event(hub, ACTOR, found.id)
    assert detail.body == body.decode()
    assert len(detail.row.run_ids) == 1
    assert not any("signature" in name for name in detail.headers)


async def test_the_body_is_sealed_at_rest(
    hub: Hub,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    body = b'{"note": "CNRY_body_0123456789abcdef"}'
    await client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body))
    stored = await hub.database.read(
        lambda session: session.execute(select(Event).where(col(Event.organization_id) == ORGANIZATION)).scalar_one()
    )
    assert b"CNRY" not in stored.body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": "sha1=" + "0" * 40},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": sign_hmac_sha256(Secret("another"), b"{}", "sha256=")},
        {"x-hub-signature-256": sign_hmac_sha256(SECRET, b"{}", "sha256=")[:-2]},
        {"x-hub-signature-256": sign_hmac_sha256(SECRET, b"{}", "sha256=").upper()},
        {"x-hub-signature-256": sign_hmac_sha256(SECRET, b"{ }", "sha256=")},
    ],
)
async def test_a_wrong_signature_is_refused_in_constant_words(
    hub: Hub,
    client: httpx.AsyncClient,
    endpoint: str,
    headers: dict[str, str],
) -> None:
    answer = await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers={"content-type": JSON} | headers)
    plain = await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers={"content-type": JSON})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "signature_invalid"
    assert answer.content == plain.content
    kept = (await events.list_events(hub, ACTOR)).items
    assert {row.verdict for row in kept} == {rejections.REJECTED}
    assert await count(hub, Run) == 0
    rejected = await hub.database.read(
        lambda session: list_events(session, ORGANIZATION, Filters(name="webhook.rejected")).items
    )
    assert len(rejected) == 1


@pytest.mark.parametrize(
    "body",
    [b'\xef\xbb\xbf{"a": 1}', b'{"a": "\\u00e9"}', b'{"a": 1}\n', b'{\r\n"a": 1}\r\n', b"[1, 2]", b'"text"', b"{}"],
)
async def test_odd_but_signed_bytes_are_taken(client: httpx.AsyncClient, endpoint: str, body: bytes) -> None:
    answer = await client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body))
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("body", [b"not json", b"[" * 100_000, b'{"a": NaN}', b"[" * 300 + b"]" * 300])
async def test_signed_bytes_that_are_no_json_are_refused(client: httpx.AsyncClient, endpoint: str, body: bytes) -> None:
    answer = await client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "body_invalid")


async def test_one_hundred_equal_deliveries_make_one_run(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    await listening(hub, endpoint, step(inputs={"text": "once"}))
    headers = signed(b"{}", "same")
    sent = [client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=headers) for _ in range(100)]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [202]
    assert all(answer.json()["status"] == "duplicate" for answer in answers if answer.status_code == 200)
    await until(lambda: ended(hub, 1))
    assert vendor.texts == ["once"]
    assert await count(hub, Event) == 1


async def test_different_deliveries_each_run(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    await listening(hub, endpoint, step(inputs={"text": "{{ trigger.n }}"}))
    bodies = [json.dumps({"n": number}).encode() for number in range(50)]
    sent = [client.post(f"/api/webhooks/{endpoint}", content=body, headers=signed(body)) for body in bodies]
    assert {answer.status_code for answer in await asyncio.gather(*sent)} == {202}
    await until(lambda: ended(hub, 50))
    assert sorted(map(int, vendor.texts)) == list(range(50))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"content-type": "multipart/form-data; boundary=x"}, "unsupported_media_type"),
        ({"content-type": "text/xml"}, "unsupported_media_type"),
        ({"content-type": ""}, "unsupported_media_type"),
        ({"content-encoding": "gzip"}, "encoding_unsupported"),
    ],
)
async def test_other_types_and_encodings_are_refused(
    hub: Hub,
    client: httpx.AsyncClient,
    endpoint: str,
    given: dict[str, str],
    code: str,
) -> None:
    answer = await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}") | given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, code)
    assert await count(hub, Event) == 0


async def test_a_body_beyond_the_limit_is_cut(client: httpx.AsyncClient, endpoint: str) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 65536
            yield b" " * 65536

    announced = await client.post(
        f"/api/webhooks/{endpoint}", content=b" " * (1024 * 1024 + 1), headers={"content-type": JSON}
    )
    chunked = await client.post(f"/api/webhooks/{endpoint}", content=chunks(), headers={"content-type": JSON})
    for answer in (announced, chunked):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert read <= 1024 * 1024 + 65536


async def test_an_endless_body_takes_no_memory(client: httpx.AsyncClient, endpoint: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    process = psutil.Process()
    memory = process.memory_info().rss
    for _ in range(20):
        answer = await client.post(f"/api/webhooks/{endpoint}", content=chunks(), headers={"content-type": JSON})
        assert answer.status_code == 413
    assert process.memory_info().rss - memory < (1 + 16) * 1024 * 1024


@pytest.mark.parametrize("length", ["1", "9", "-1", "x"])
async def test_a_lying_length_is_refused(client: httpx.AsyncClient, endpoint: str, length: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}"

    headers = signed(b"{}") | {"content-length": length}
    answer = await client.post(f"/api/webhooks/{endpoint}", content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "length_mismatch")


async def test_senders_wait_while_too_much_is_read(hub: Hub, endpoint: str) -> None:
    app = Starlette(routes=list(routes(hub, Inflight(8))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as small:
        answer = await small.post(f"/api/webhooks/{endpoint}", content=b'{"a": "long"}', headers=signed(b"{}"))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        after = await small.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}"))
        assert after.status_code == 202


async def test_what_is_not_there_answers_in_equal_bytes(
    hub: Hub,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    gone = (await endpoints.create_endpoint(hub, ACTOR, "Gone", "hmac_sha256", SECRET)).row.id
    await endpoints.delete_endpoint(hub, ACTOR, gone)
    await endpoints.set_enabled(hub, ACTOR, endpoint, enabled=False)
    answers = [
        await client.post(f"/api/webhooks/{name}", content=b"{}", headers=signed(b"{}"))
        for name in (gone, endpoint, "f" * 32, "nonsense", "%00")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_an_endpoint_without_its_secret_accepts_nothing(
    hub: Hub,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    from integrations_app.workflows.models import Endpoint

    def write(session: Session) -> None:
        row = session.get(Endpoint, (ORGANIZATION, endpoint))
        assert row is not None
        row.secret = None
        session.add(row)

    await hub.database.write(write)
    answer = await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "endpoint_unconfigured")
    assert await count(hub, Event) == 0


@pytest.mark.parametrize("kind", ["standard_webhooks", "bearer", "basic", "api_key", "none"])
async def test_every_generic_kind_knows_its_sender(hub: Hub, client: httpx.AsyncClient, kind: str) -> None:
    made = await endpoints.create_endpoint(hub, ACTOR, kind, kind)
    shown = made.secret.reveal("test") if made.secret else ""
    right = {
        "standard_webhooks": lambda: sign_standard(made.secret or Secret(""), "msg_1", b"{}", utc_now()),
        "bearer": lambda: {"authorization": f"Bearer {shown}"},
        "basic": lambda: {"authorization": f"Basic {base64.b64encode(shown.encode()).decode()}"},
        "api_key": lambda: {"x-api-key": shown},
        "none": lambda: {"idempotency-key": "n1"},
    }[kind]()
    answer = await client.post(f"/api/webhooks/{made.row.id}", content=b"{}", headers={"content-type": JSON} | right)
    assert answer.status_code == 202
    if kind == "standard_webhooks":
        assert answer.json()["delivery_id"] == "msg_1"
    if kind != "none":
        wrong = await client.post(f"/api/webhooks/{made.row.id}", content=b"{}", headers={"content-type": JSON})
        assert wrong.status_code == 401


async def test_a_rotated_secret_counts_at_once(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    assert (await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}"))).status_code == 202
    made = await endpoints.rotate_endpoint(hub, ACTOR, endpoint)
    assert made.secret is not None
    assert (await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}"))).status_code == 401
    fresh = {"content-type": JSON, "x-hub-signature-256": sign_hmac_sha256(made.secret, b"{}", "sha256=")}
    assert (await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=fresh)).status_code == 202


async def test_a_paused_workflow_keeps_the_event_and_starts_nothing(
    hub: Hub,
    engine: EmbeddedEngine,
    vendor: Vendor,
    client: httpx.AsyncClient,
    endpoint: str,
) -> None:
    made = await listening(hub, endpoint, step())
    await service.pause(hub, ACTOR, made)
    answer = await client.post(f"/api/webhooks/{endpoint}", content=b"{}", headers=signed(b"{}", "d"))
    assert answer.status_code == 202
    assert (await count(hub, Event), await count(hub, Run)) == (1, 0)
    await service.resume(hub, ACTOR, made)
    event = (await events.list_events(hub, ACTOR)).items[0]
    assert len(await events.replay_event(hub, ACTOR, event.id)) == 1
    await until(lambda: ended(hub, 1))


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
@settings(max_examples=many(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_repeats_makes_one_event_per_delivery(
    hub: Hub,
    endpoint: str,
    names: list[str],
) -> None:
    before = await count(hub, Event)
    prefix = hub.new_id()
    answers = await asyncio.gather(
        *(events.accept(hub, endpoint, signed(b"{}", f"{prefix}-{name}"), b"{}") for name in names)
    )
    accepted = [answer.delivery_id for answer in answers if isinstance(answer, events.Accepted)]
    assert sorted(accepted) == sorted({f"{prefix}-{name}" for name in names})
    assert await count(hub, Event) - before == len(set(names))


# --- events of an app -------------------------------------------------------------------------


@pytest.fixture
def app_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub of a server whose app at the probe signs with SECRET."""
    monkeypatch.setenv("INTEGRATIONS_PROBE_SIGNING_SECRET", SECRET.reveal("test"))
    return replace(hub, settings=Settings(data_dir=hub.settings.data_dir, port=3999))


@pytest.fixture
async def app_client(app_hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=list(routes(app_hub)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


async def test_an_app_event_reaches_every_connection_of_its_account(
    app_hub: Hub, engine: EmbeddedEngine, vendor: Vendor, app_client: httpx.AsyncClient
) -> None:
    trigger = {"type": "probe.said", "connection": CONNECTION, "config": {}}
    made = await service.create(app_hub, ACTOR, workflow(step(inputs={"text": "{{ trigger.text }}"}), trigger=trigger))
    await service.publish(app_hub, ACTOR, made.id)
    body = b'{"type": "said", "id": "e1", "account": "acme", "text": "hi"}'
    first = await app_client.post("/api/integrations/probe/events", content=body, headers=signed(body))
    again = await app_client.post("/api/integrations/probe/events", content=body, headers=signed(body))
    assert (first.status_code, again.status_code) == (202, 200)
    await until(lambda: ended(app_hub, 1))
    assert vendor.texts == ["hi"]
    other = body.replace(b"acme", b"else").replace(b"e1", b"e2")
    unused = await app_client.post("/api/integrations/probe/events", content=other, headers=signed(other))
    assert (unused.status_code, unused.json()) == (202, {"delivery_id": "e2", "status": "unused"})
    assert (first.json(), await count(app_hub, Run)) == ({"delivery_id": "e1"}, 1)


async def test_a_challenge_is_answered_only_when_signed(app_client: httpx.AsyncClient) -> None:
    body = b'{"type": "challenge", "id": "c", "account": "acme", "challenge": "<script>"}'
    right = await app_client.post("/api/integrations/probe/events", content=body, headers=signed(body))
    wrong = await app_client.post("/api/integrations/probe/events", content=body, headers={"content-type": JSON})
    assert (right.status_code, right.text) == (200, "<script>")
    assert right.headers["content-type"] == "text/plain; charset=utf-8"
    assert right.headers["x-content-type-options"] == "nosniff"
    assert wrong.status_code == 401
    assert "script" not in wrong.text


async def test_a_revocation_makes_the_connection_need_a_person(app_hub: Hub, app_client: httpx.AsyncClient) -> None:
    body = b'{"type": "revoked", "id": "r", "account": "acme"}'
    told = await app_client.post("/api/integrations/probe/events", content=body, headers=signed(body))
    assert told.json() == {"delivery_id": "r"}
    row = await app_hub.database.read(lambda session: session.get(Connection, (ORGANIZATION, CONNECTION)))
    assert row is not None
    assert row.status == "needs_reauth"


async def test_an_app_without_a_secret_and_an_unknown_provider(client: httpx.AsyncClient) -> None:
    unconfigured = await client.post("/api/integrations/probe/events", content=b"{}", headers=signed(b"{}"))
    unknown = await client.post("/api/integrations/nobody/events", content=b"{}", headers=signed(b"{}"))
    assert (unconfigured.status_code, unconfigured.json()["error"]["code"]) == (503, "endpoint_unconfigured")
    assert unknown.status_code == 404
