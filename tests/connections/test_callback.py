"""What a hostile or unlucky browser and vendor can send to the callback: the catalogue's cases by their ids."""

import asyncio
import gzip
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.connections import oauth
from integrations_app.kit.secret import Secret
from integrations_app.organizations.return_page import safe_next
from integrations_app.sandbox.serve import serving
from integrations_app.sdk.auth import Grant, OAuth2
from integrations_app.sdk.context import Account
from integrations_app.sdk.provider import BaseAddress, Provider, Settings
from integrations_app.sdk.registry import Registry, registry

TOKEN_PATH = "/github/login/oauth/access_token"
REJECTED = "oauth.callback.rejected"


def reasons(world: Any) -> Any:
    return [one.detail["reason"] for one in world.audits(REJECTED)]


def exchanges(world: Any) -> Any:
    return len(world.vendor.calls(TOKEN_PATH)) + len(world.vendor.calls("/slack/api/oauth.v2.access"))


async def test_a01_without_state(world: Any) -> None:
    await world.begin()
    before = world.frozen()
    outcome = await world.complete([("code", "x")])
    assert (outcome.status, outcome.code) == (400, "oauth_state_missing")
    assert world.frozen() == before and exchanges(world) == 0 and reasons(world) == ["state_missing"]


@pytest.mark.parametrize(
    ("params", "code", "reason"),
    [
        ([("state", "random"), ("code", "x")], "oauth_state_invalid", "state_invalid"),
        ([("state", ""), ("code", "x")], "oauth_state_invalid", "state_invalid"),
        ([("state", "s" * 10_000), ("code", "x")], "oauth_state_invalid", "state_invalid"),
        ([("state", "\udcff"), ("code", "x")], "oauth_state_invalid", "state_invalid"),
        ([("state", "a"), ("state", "b"), ("code", "x")], "oauth_bad_request", "duplicate_parameter"),
        ([("state", "a"), ("code", "x"), ("code", "y")], "oauth_bad_request", "duplicate_parameter"),
    ],
)
async def test_a02_a_state_that_is_none(world: Any, params: Any, code: Any, reason: Any) -> None:
    await world.begin()
    before = world.frozen()
    outcome = await world.complete(params)
    assert (outcome.status, outcome.code) == (400, code)
    assert world.frozen() == before and exchanges(world) == 0 and reasons(world) == [reason]


async def test_a02_the_true_state_twice_spoils_nothing(world: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub")
    twice = [*params, next(pair for pair in params if pair[0] == "state")]
    assert (await world.complete(twice)).code == "oauth_bad_request"
    assert (await world.complete(params)).ok


async def test_a03_a_victim_without_a_session(world: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    url = await world.begin(connection_id=first.connection_id)
    params = world.vendor.consent(url, "mona-lisa")
    count = exchanges(world)
    outcome = await oauth.complete(world.hub, None, "github", None, params, address="192.0.2.7")
    assert (outcome.status, outcome.code, outcome.retry_path) == (401, "oauth_session_required", "")
    assert exchanges(world) == count and world.frozen() == before
    assert [one.burned for one in world.attempts() if one.burned] == ["no_session"]
    [row] = world.audits(REJECTED)
    assert (row.detail["reason"], row.actor, row.address) == ("no_session", "anonymous", "192.0.2.7")
    assert (await world.complete(params)).code == "oauth_state_used"


@pytest.mark.parametrize("kind", ["other organisation", "same organisation", "other session of the same person"])
async def test_a04_a_victim_with_a_session_of_their_own(world: Any, roles: Any, kind: Any) -> None:
    victims = {
        "other organisation": world.other,
        "same organisation": roles["admin"],
        "other session of the same person": replace(world.owner, session_hash="another"),
    }
    first = await world.connect()
    before = world.frozen()
    url = await world.begin(connection_id=first.connection_id)
    params = world.vendor.consent(url, "octo-hub")
    count = exchanges(world)
    outcome = await world.complete(params, actor=victims[kind])
    assert (outcome.status, outcome.code) == (403, "oauth_session_mismatch")
    assert exchanges(world) == count and world.frozen() == before
    assert [one.burned for one in world.attempts() if one.burned] == ["session_mismatch"]
    assert reasons(world) == ["session_mismatch"]  # in the flow's organisation
    assert world.audits(REJECTED, world.other.organization_id) == []


async def test_a05_the_good_callback_again(world: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub")
    assert (await world.complete(params)).ok
    before = world.frozen()
    outcome = await world.complete(params)
    assert (outcome.status, outcome.code) == (400, "oauth_state_used")
    assert exchanges(world) == 1 and world.frozen() == before and reasons(world) == ["replay"]


async def test_a06_fifty_at_once(world: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub")
    outcomes = await asyncio.gather(*(world.complete(params) for _ in range(50)))
    assert sum(one.ok for one in outcomes) == 1
    assert [(one.status, one.code) for one in outcomes if not one.ok] == [(400, "oauth_state_used")] * 49
    assert exchanges(world) == 1 and len(world.credentials()) == 1


async def test_a07_a_second_too_late(world: Any, clock: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    params = world.vendor.consent(await world.begin(connection_id=first.connection_id), "octo-hub")
    count = exchanges(world)
    clock.advance(timedelta(minutes=10, seconds=1))
    for _ in range(2):  # also when the sweep or an earlier callback was here before
        outcome = await world.complete(params)
        assert (outcome.status, outcome.code) == (400, "oauth_state_expired")
    assert exchanges(world) == count and world.frozen() == before


@pytest.mark.parametrize(("provider", "selector"), [("github", None), ("slack", "sandbox"), ("slack", "f" * 32)])
async def test_a08_the_answer_of_one_vendor_at_the_door_of_another(world: Any, provider: Any, selector: Any) -> None:
    params = world.vendor.consent(await world.begin("slack"), "T0ACME001")
    outcome = await world.complete(params, provider, selector=selector)
    assert (outcome.status, outcome.code) == (400, "oauth_context_mismatch")
    assert exchanges(world) == 0 and world.connections() == [] and reasons(world) == ["context_mismatch"]
    assert [one.burned for one in world.attempts()] == ["context_mismatch"]
    assert (await world.complete(params, "slack")).code == "oauth_state_used"


async def test_a11_the_person_says_no(world: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    params = world.vendor.consent(await world.begin(connection_id=first.connection_id), "octo-hub", "cancel")
    state = dict(params)["state"]
    text = "<img src=x onerror=alert(1)>" * 80
    hostile = [("error", "access_denied"), ("error_description", text), ("state", state)]
    outcome = await world.complete(hostile)
    assert (outcome.status, outcome.code, outcome.ok) == (200, "oauth_denied", False)
    assert len(outcome.detail) == 200 and world.frozen() == before
    assert len(world.audits("oauth.denied")) == 1
    assert (await world.complete(hostile)).code == "oauth_state_used"


async def test_a11_a_new_connection_goes_away_again(world: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub", "cancel")
    assert (await world.complete(params)).code == "oauth_denied"
    assert world.connections() == []


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil", "//evil", "/\\evil", "/%09/evil", "/\t/evil", "javascript:alert(1)", "https:evil", "evil"),
        *("/%2Fevil", "/%5Cevil", "/%252F%252Fevil", "/%255Cevil", "", "\\\\evil", "/api/integrations/x/authorize"),
        *("/x" * 300, "/sandbox/", " /x", "/x\r\nLocation: https://evil"),
    ],
)
async def test_a12_the_return_page_stays_here(world: Any, target: Any) -> None:
    await world.begin(next_path=target)
    kept = world.attempts()[0].next_path
    # An encoded slash or blank inside a path of ours is only a name; nothing may decode to another host.
    assert kept == safe_next(target)
    assert kept == "/integrations" or (kept.startswith("/") and kept[1:2] not in {"/", "\\"} and "evil" not in kept)


@pytest.mark.parametrize("target", ["/integrations/github", "/workflows/abc?step=1", "/runs#x", "/integrations"])
def test_a12_pages_of_ours_are_kept(target: Any) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "body",
    [
        {"error": "bad_verification_code", "error_description": "CNRY_echo_0123456789abcdef"},
        {"ok": True},
        {"access_token": 12345, "token_type": "bearer"},
        {"access_token": "", "token_type": "bearer"},
        {"access_token": None},
        {"access_token": ["x"]},
        {"error": {"nested": 1}},
        ["access_token"],
        "null",
    ],
)
async def test_a13_an_error_in_disguise(world: Any, body: Any) -> None:
    first = await world.connect()
    before = world.frozen()
    params = world.vendor.consent(await world.begin(connection_id=first.connection_id), "octo-hub")
    count = exchanges(world)
    world.vendor.control("faults", path=TOKEN_PATH, status=200, body=body)
    outcome = await world.complete(params)
    assert (outcome.status, outcome.code) == (400, "oauth_exchange_failed")
    assert world.frozen() == before and exchanges(world) == count + 1
    [row] = world.audits("oauth.exchange_failed")
    assert set(row.detail) == {"provider", "provider_code"} and "CNRY" not in str(row.detail)


async def test_a13_slack_says_no_with_200(world: Any) -> None:
    params = world.vendor.consent(await world.begin("slack"), "T0ACME001")
    body = {"ok": False, "error": "invalid_code"}
    world.vendor.control("faults", path="/slack/api/oauth.v2.access", status=200, body=body)
    outcome = await world.complete(params, "slack")
    assert (outcome.status, outcome.code) == (400, "oauth_exchange_failed")
    assert world.connections() == [] and world.credentials() == []
    assert world.audits("oauth.exchange_failed")[0].detail["provider_code"] == "invalid_code"


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "answer", "status": 500},
        {"effect": "answer", "status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        {"effect": "answer", "status": 200, "body": "<html>busy</html>", "headers": {"Content-Type": "text/html"}},
        {"effect": "drop"},
        {"effect": "lose"},
        {"effect": "huge", "size": 50 * 1024 * 1024},
    ],
    ids=lambda fault: f"{fault['effect']}{fault.get('status', '')}",
)
async def test_a14_a_token_endpoint_that_misbehaves(world: Any, fault: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub")
    world.vendor.control("faults", path=TOKEN_PATH, **fault)
    process = psutil.Process()
    memory, began = process.memory_info().rss, time.monotonic()
    outcome = await world.complete(params)
    assert outcome.status in {400, 502} and outcome.code == "oauth_exchange_failed"
    assert time.monotonic() - began < 15 and process.memory_info().rss - memory < 32 * 1024 * 1024
    assert exchanges(world) == 1 and world.connections() == []
    assert (await world.connect()).ok  # at once


async def test_a14_a_drip_ends_at_the_deadline(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("integrations_app.connections.token_endpoint.TOKEN_SECONDS", 0.5)
    params = world.vendor.consent(await world.begin(), "octo-hub")
    world.vendor.control("faults", path=TOKEN_PATH, effect="drip", interval=0.2)
    began = time.monotonic()
    outcome = await world.complete(params)
    assert (outcome.code, outcome.status) == ("oauth_exchange_failed", 502)
    assert time.monotonic() - began < 2 and exchanges(world) == 1


async def test_a14_a_check_that_hangs_ends_as_well(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("integrations_app.connections.oauth.arrival.TOTAL_SECONDS", 0.5)
    params = world.vendor.consent(await world.begin(), "octo-hub")
    world.vendor.control("faults", path="/github/api/v3/user", effect="delay", delay=3.0)
    outcome = await world.complete(params)
    assert outcome.code == "oauth_exchange_failed" and world.connections() == [] and world.credentials() == []


async def test_the_role_is_asked_again_at_the_callback(world: Any) -> None:
    params = world.vendor.consent(await world.begin(), "octo-hub")
    outcome = await world.complete(params, actor=replace(world.owner, role="editor"))
    assert (outcome.status, outcome.code) == (403, "forbidden") and exchanges(world) == 0


async def test_strays_without_a_session_are_counted_not_kept_one_by_one(world: Any, clock: Any) -> None:
    for _ in range(20):
        await oauth.complete(world.hub, None, "github", None, [("state", "x"), ("code", "y")])
    assert len(world.audits(REJECTED, "system")) == 1
    clock.advance(timedelta(minutes=2))
    await oauth.complete(world.hub, None, "github", None, [("code", "y")])
    assert world.audits(REJECTED, "system")[-1].detail == {"reason": "state_missing", "count": 20}


@dataclass
class Hostile:
    """A vendor whose token endpoint answers raw bytes."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    calls: int = 0

    async def token(self, _request: Request) -> Response:
        self.calls += 1
        return Response(self.body, 200, self.headers)


@pytest.fixture
def hostile() -> Iterator[tuple[Hostile, str]]:
    vendor = Hostile()
    with serving(Starlette(routes=[Route("/token", vendor.token, methods=["POST"])])) as port:
        yield vendor, f"http://127.0.0.1:{port}"


@pytest.fixture
def providers(hostile: Any, monkeypatch: Any) -> Registry:
    """The real ones, and one at an address that the operator set."""
    monkeypatch.setenv("INTEGRATIONS_FAKE_URL", hostile[1])
    monkeypatch.setenv("INTEGRATIONS_FAKE_CLIENT_ID", "id")
    monkeypatch.setenv("INTEGRATIONS_FAKE_CLIENT_SECRET", "CNRY_server_0123456789abcdef0123456789abcdef")

    async def check(_client: object) -> Account:
        return Account("1", "One")

    fake = Provider(
        key="fake",
        name="Fake",
        summary="",
        docs_url="",
        logo="",
        folder=Path(__file__).parent,
        auth=(OAuth2("/authorize", "/token", lambda answer: Grant(Secret(answer["access_token"]))),),
        settings=Settings,
        open_client=lambda access: access,
        check=check,
        bases={"web": BaseAddress("https://fake.example", "URL")},
        hosts=("fake.example",),
    )
    return Registry([*registry(), fake])


async def state_of(world: Any) -> Any:
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(await world.begin("fake")).query)["state"][0]


async def test_the_server_app_at_an_operator_set_origin_connects(world: Any, hostile: Any) -> None:
    hostile[0].body = b'{"access_token": "CNRY_token_0123456789abcdef0123456789abcdef"}'
    outcome = await world.complete([("state", await state_of(world)), ("code", "c")], "fake")
    assert outcome.ok and world.connection(outcome.connection_id).app_kind == "server"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(gzip.compress(b" " * 50_000_000)), {"Content-Encoding": "gzip, gzip"}),
        (gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}),
        (b"[" * 60_000, {"Content-Type": "application/json"}),
        (os.urandom(1000), {"Content-Encoding": "gzip"}),
        (b"\xff\xfe\x00", {"Content-Type": "application/json"}),
    ],
    ids=["two layers", "bomb", "nested", "broken gzip", "no text"],
)
async def test_a14_bodies_that_explode(world: Any, hostile: Any, body: Any, headers: Any) -> None:
    hostile[0].body, hostile[0].headers = body, headers
    process = psutil.Process()
    state = await state_of(world)
    memory, began = process.memory_info().rss, time.monotonic()
    outcome = await world.complete([("state", state), ("code", "c")], "fake")
    assert outcome.status in {400, 502} and outcome.code == "oauth_exchange_failed"
    assert process.memory_info().rss - memory < 32 * 1024 * 1024 and time.monotonic() - began < 5
    assert hostile[0].calls == 1 and world.connections() == []
