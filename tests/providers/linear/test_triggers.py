"""What starts a workflow: signatures, matching, and the webhooks that bring the deliveries."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_app.errors import InvalidInput, MissingScope, Rejected, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import sign_hmac_sha256
from integrations_app.providers.linear import provider
from integrations_app.providers.linear.events import EVENTS
from integrations_app.providers.linear.hooks import HOOKS, refusal
from integrations_app.sdk.triggers import HookRequest, Inbound
from tests.receiver import receiving

SECRET = Secret("CNRY_linear_0123456789abcdef")
URL = "http://127.0.0.1:9/api/webhooks/e1"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def delivery(**change: Any) -> tuple[dict[str, str], bytes]:
    trigger = provider.trigger("issue")
    assert trigger is not None
    body = json.dumps({**trigger.example, "webhookTimestamp": int(NOW.timestamp() * 1000), **change}).encode()
    return {"linear-signature": sign_hmac_sha256(SECRET, body), "linear-delivery": "d-1"}, body


def test_a_signed_delivery_is_read() -> None:
    headers, body = delivery()
    EVENTS.verify(SECRET, headers, body, NOW)
    found = EVENTS.parse(headers, body)
    assert (found.kind, found.delivery_id, found.payload["data"]["identifier"]) == ("Issue", "d-1", "ENG-12")


@pytest.mark.parametrize(
    ("headers", "body", "away", "code"),
    [
        ({}, b"", 0, "signature_invalid"),
        ({"linear-signature": "0" * 64}, b"", 0, "signature_invalid"),
        (None, b" ", 0, "signature_invalid"),
        (None, b"", 61, "timestamp_out_of_window"),
        (None, b"", -61, "timestamp_out_of_window"),
    ],
)
def test_forged_changed_and_stale_ones_are_refused(
    headers: dict[str, str] | None, body: bytes, away: int, code: str
) -> None:
    signed, whole = delivery()
    with pytest.raises(SignatureInvalid) as refused:
        EVENTS.verify(SECRET, signed if headers is None else headers, whole + body, NOW + timedelta(seconds=away))
    assert refused.value.code == code


def test_a_time_that_is_none_is_refused() -> None:
    headers, body = delivery(webhookTimestamp="soon")
    with pytest.raises(SignatureInvalid):
        EVENTS.verify(SECRET, headers, body, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b'{"type": 3}'])
def test_what_is_no_delivery_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        EVENTS.parse({"linear-delivery": "d"}, body)


def matches(key: str, change: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **config: Any) -> bool:
    trigger = provider.trigger(key)
    assert trigger is not None
    payload = {**trigger.example, **(change or {})}
    payload["data"] = {**payload["data"], **(data or {})}
    return trigger.matches(Inbound(trigger.kinds[0], "1", payload), trigger.config(**config))


@pytest.mark.parametrize("key", ["issue", "comment"])
def test_actions_and_teams_are_chosen(key: str) -> None:
    team = "c5b1f1d2-88a4-4c39-8b71-6f3b1c2d0a41"
    assert matches(key) and matches(key, team=team)
    assert not matches(key, team="other")
    assert not matches(key, {"action": "update"})
    assert matches(key, {"action": "remove"}, actions=[])


def test_states_and_labels_are_chosen() -> None:
    assert matches("issue", data={"stateId": "s1"}, states=["s1", "s2"])
    assert not matches("issue", data={"stateId": "s3"}, states=["s1", "s2"])
    assert matches("issue", data={"labelIds": ["l1", "l2"]}, labels=["l2"])
    assert not matches("issue", data={"labelIds": []}, labels=["l2"])


def request(url: str = URL, **config: str) -> HookRequest:
    return HookRequest(url, SECRET, config, ("Issue",))


async def hooks(linear: Any) -> list[dict[str, Any]]:
    query = "{ webhooks { nodes { id url enabled resourceTypes } } }"
    found = await linear.run("graphql", query=query)
    nodes: list[dict[str, Any]] = found.data["webhooks"]["nodes"]
    return nodes


async def test_a_hook_is_made_once_looked_at_and_removed(linear: Any, workspace: Any) -> None:
    made = await HOOKS.create(request(team=workspace.team("ENG")), linear.context())
    again = replace(request(team=workspace.team("ENG")), events=("Comment", "Issue"))
    assert await HOOKS.create(again, linear.context()) == made
    assert [one["resourceTypes"] for one in await hooks(linear)] == [["Comment", "Issue"]]
    assert HOOKS.look is not None
    state = await HOOKS.look(made, {}, linear.context())
    assert state is not None and state.active
    await HOOKS.remove(made, {}, linear.context())
    await HOOKS.remove(made, {}, linear.context())
    assert await hooks(linear) == [] and await HOOKS.look(made, {}, linear.context()) is None


async def test_a_hook_of_a_team_that_is_not_there_or_without_the_permission(linear: Any, reader: Any) -> None:
    with pytest.raises(Rejected) as refused:
        await HOOKS.create(request(team="nope"), linear.context())
    assert refused.value.code == "entity_not_found"
    with pytest.raises(MissingScope) as missing:
        await HOOKS.create(request(), reader.context())
    assert missing.value.needed == ("admin",)


async def test_what_happens_is_delivered_signed(linear: Any, sandbox: Any, workspace: Any) -> None:
    async with receiving() as receiver:
        await HOOKS.create(request(f"{receiver.base}/in"), linear.context())
        made = await linear.run("create_issue", team=workspace.team("ENG"), title="Told")
        await asyncio.to_thread(sandbox.post, "settle")
        [told] = receiver.requests
        headers = {name.lower(): value for name, value in told.headers.items()}
        EVENTS.verify(SECRET, headers, told.body, datetime.now(UTC))
        found = EVENTS.parse(headers, told.body)
    trigger = provider.trigger("issue")
    assert trigger is not None
    assert found.payload["data"]["id"] == made.id
    assert trigger.matches(found, trigger.config(team=workspace.team("ENG")))


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://hub.example.com/api/webhooks/e1", False),
        ("http://hub.example.com/api/webhooks/e1", True),
        ("https://localhost:3000/x", True),
        ("https://10.0.0.8/x", True),
        ("https://hub.internal/x", True),
    ],
)
def test_where_linear_cannot_deliver(url: str, refused: bool) -> None:
    assert (refusal(url) is not None) is refused
    assert refusal(url, {"api": "http://127.0.0.1:3000/sandbox/linear/api"}) is None
