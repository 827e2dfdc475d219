"""Deliveries with a JSON Web Token: judged by the endpoint's rule, told apart by `jti`, refused with a reason."""

# ruff: noqa: F811 - fixtures of another folder are imported and then named as arguments

from datetime import timedelta
from typing import Any

import httpx
import pytest

from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.jwt import TokenRule, sign_token
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.workflows import events
from integrations_app.workflows.endpoint_terms import Terms
from integrations_app.workflows.endpoints import change_endpoint, create_endpoint, rotate_endpoint
from integrations_app.workflows.samples import curl_of, send_test
from tests.kit.test_jwt import PRIVATE, by_hand, private_pem, public_pem
from tests.kit.test_jwt import signed as signed_by
from tests.web.delivering import JSON, client  # noqa: F401 - fixture
from tests.workflows.conftest import hub, vendor  # noqa: F401 - fixtures
from tests.workflows.probe import ACTOR
from tests.workflows.test_samples import in_shell

SECRET = Secret("CNRY_jwt_" + "0" * 64)
RULE = TokenRule("HS256", "https://shop.example", "hub")


def claims(hub: Hub, **more: Any) -> dict[str, Any]:
    return {"iss": RULE.issuer, "aud": RULE.audience, "exp": int(hub.clock().timestamp()) + 300} | more


async def post(client: httpx.AsyncClient, endpoint: str, token: str, body: bytes = b"{}", key: str = "") -> Any:
    given = {"content-type": JSON, "authorization": f"Bearer {token}"} | ({"idempotency-key": key} if key else {})
    answer = await client.post(f"/api/webhooks/{endpoint}", content=body, headers=given)
    found = answer.json()
    return answer.status_code, found.get("delivery_id") or found["error"]["code"]


@pytest.fixture
async def endpoint(hub: Hub) -> str:
    return (await create_endpoint(hub, ACTOR, "Orders", "jwt", SECRET, Terms(jwt=RULE))).row.id


async def test_a_token_opens_and_its_id_tells_deliveries_apart(
    hub: Hub, client: httpx.AsyncClient, endpoint: str
) -> None:
    token = sign_token("HS256", SECRET, claims(hub, jti="t-1"))
    assert await post(client, endpoint, token) == (202, "t-1")
    assert await post(client, endpoint, token, b'{"other": 1}') == (200, "t-1")
    unnamed = sign_token("HS256", SECRET, claims(hub))
    assert await post(client, endpoint, unnamed, key="k-1") == (202, "k-1")
    for jti in (7, "", ["x"], None):
        odd = sign_token("HS256", SECRET, claims(hub, jti=jti))
        assert (await post(client, endpoint, odd))[0] == 202
    for row in (await events.list_events(hub, ACTOR)).items:
        assert "authorization" not in (await events.get_event(hub, ACTOR, row.id)).headers


async def test_what_is_wrong_is_refused_and_shown(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    now = int(hub.clock().timestamp())
    for wrong, code in (
        ({"exp": now - 61}, "token_expired"),
        ({"nbf": now + 90}, "token_not_yet_valid"),
        ({"iss": "somebody"}, "token_issuer"),
        ({"aud": "another"}, "token_audience"),
        ({"exp": None}, "token_claims"),
    ):
        assert await post(client, endpoint, sign_token("HS256", SECRET, claims(hub, **wrong))) == (401, code)
    key = SECRET.reveal_bytes("a test signs by hand")
    theirs = sign_token("HS256", Secret("y" * 40), claims(hub))
    for forged in ("", "x", by_hand({"alg": "none"}, claims(hub), key), theirs):
        assert await post(client, endpoint, forged) == (401, "signature_invalid")
    (row,) = (await events.list_events(hub, ACTOR)).items
    assert (row.verdict, row.reason) == ("rejected", "The token has expired.")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_public_key_is_enough(hub: Hub, client: httpx.AsyncClient, algorithm: str) -> None:
    pem = public_pem(PRIVATE[algorithm])
    terms = Terms(jwt=TokenRule(algorithm))
    for wrong in (None, Secret("a secret"), Secret(private_pem(PRIVATE[algorithm]))):
        with pytest.raises(InvalidInput) as refusal:
            await create_endpoint(hub, ACTOR, "Orders", "jwt", wrong, terms)
        assert set(refusal.value.fields) == {"secret"}
    made = await create_endpoint(hub, ACTOR, "Orders", "jwt", Secret(pem), terms)
    token = signed_by(algorithm, claims(hub, jti="t-1"))
    assert await post(client, made.row.id, token) == (202, "t-1")
    confused = by_hand({"alg": "HS256"}, claims(hub), pem.encode())
    assert await post(client, made.row.id, confused) == (401, "signature_invalid")
    assert curl_of(hub, made.row.id, "jwt", made.row.rule) == ""
    with pytest.raises(Conflict, match="Only the sender"):
        await send_test(hub, ACTOR, made.row.id)
    with pytest.raises(Conflict) as without:
        await rotate_endpoint(hub, ACTOR, made.row.id)
    assert without.value.code == "key_needed"
    await rotate_endpoint(hub, ACTOR, made.row.id, Secret(pem), timedelta(hours=1))
    assert (await post(client, made.row.id, signed_by(algorithm, claims(hub))))[0] == 202


async def test_the_rule_changes_but_for_its_algorithm(hub: Hub, client: httpx.AsyncClient, endpoint: str) -> None:
    token = sign_token("HS256", SECRET, claims(hub))
    changed = await change_endpoint(hub, ACTOR, endpoint, Terms(jwt=TokenRule("HS256", "", "elsewhere")))
    assert changed.jwt == {"algorithm": "HS256", "issuer": "", "audience": "elsewhere"}
    assert await post(client, endpoint, token) == (401, "token_audience")
    for algorithm, path in (("HS512", "jwt.algorithm"), ("none", "jwt.algorithm"), ("RS256", "jwt.algorithm")):
        with pytest.raises(InvalidInput) as refusal:
            await change_endpoint(hub, ACTOR, endpoint, Terms(jwt=TokenRule(algorithm)))
        assert set(refusal.value.fields) == {path}
    for issuer in ("x" * 501, "a\nb"):
        with pytest.raises(InvalidInput):
            await change_endpoint(hub, ACTOR, endpoint, Terms(jwt=TokenRule("HS256", issuer)))
    other = await create_endpoint(hub, ACTOR, "Other", "bearer")
    with pytest.raises(InvalidInput):
        await change_endpoint(hub, ACTOR, other.row.id, Terms(jwt=RULE))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_shell_makes_the_same_token(hub: Hub, algorithm: str) -> None:
    rule = TokenRule(algorithm, 'it\'s "theirs" {id}', "$(hub)")
    made = await create_endpoint(hub, ACTOR, "Orders", "jwt", None, Terms(jwt=rule))
    assert made.secret is not None
    lines = curl_of(hub, made.row.id, "jwt", made.row.rule)
    headers, body = await in_shell(lines, made.secret.reveal("typed into a shell by a test"))
    found = await events.accept(hub, made.row.id, headers, body)
    assert isinstance(found, events.Accepted)
    assert found.delivery_id.startswith("test-")
    assert isinstance(await send_test(hub, ACTOR, made.row.id), object)
