"""The emulated Salesforce signs in, refreshes, rotates and ends approvals as strictly as the vendor."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.serve import running_sandbox

ADA, GRACE = "ada@acme.sandbox.example", "grace@acme.sandbox.example"
OAUTH = "/salesforce/services/oauth2"
LIMITS = "/salesforce/services/data/v62.0/limits"
SECRET = "sandbox-salesforce-secret"
ASK = {
    "response_type": "code",
    "client_id": "sandbox-salesforce-client",
    "scope": "api refresh_token id",
    "redirect_uri": "http://localhost:3000/api/integrations/salesforce/callback",
    "state": "a state",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def decide(http: httpx.Client, account: str = ADA, decision: str = "allow", **query: str) -> dict[str, str]:
    asked = {**ASK, **query}
    page = http.get(f"{OAUTH}/authorize", params=asked)
    assert page.status_code == 200
    assert account in page.text
    answer = http.post(f"{OAUTH}/authorize", data=asked | {"account": account, "decision": decision})
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def ask(http: httpx.Client, **form: str) -> httpx.Response:
    sent = {"client_id": ASK["client_id"], "client_secret": SECRET} | form
    return http.post(f"{OAUTH}/token", data=sent)


def exchange(http: httpx.Client, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASK["redirect_uri"]}
    return ask(http, **form | changes)


def sign_in(http: httpx.Client, account: str = ADA, **query: str) -> dict[str, Any]:
    answer = exchange(http, decide(http, account, **query)["code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def renew(http: httpx.Client, refresh_token: str, **more: str) -> httpx.Response:
    return ask(http, grant_type="refresh_token", refresh_token=refresh_token, **more)


def refusal(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 400
    return answer.json()["error"], answer.json()["error_description"]


def lives(http: httpx.Client, token: str) -> bool:
    answer = http.get(LIMITS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def test_a_grant_names_the_organisation_and_no_life(sandbox: Any) -> None:
    back = decide(sandbox.http)
    assert back["state"] == "a state"
    found = exchange(sandbox.http, back["code"]).json()
    assert set(found) == {
        "access_token", "refresh_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at",
    }  # fmt: skip
    assert found["instance_url"] == f"{sandbox.url}/salesforce"
    assert found["access_token"].startswith("00D") and "!AQ" in found["access_token"]
    assert abs(int(found["issued_at"]) / 1000 - time.time()) < 60
    signed = hmac.digest(SECRET.encode(), (found["id"] + found["issued_at"]).encode(), hashlib.sha256)
    assert found["signature"] == base64.b64encode(signed).decode()
    assert lives(sandbox.http, found["access_token"])


def test_a_denial_has_the_vendors_words(sandbox: Any) -> None:
    back = decide(sandbox.http, decision="cancel")
    assert back["error"] == "access_denied"
    assert back["error_description"] == "end-user denied authorization"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
    ],
)
def test_an_unknown_app_or_address_is_told_on_a_page(sandbox: Any, change: dict[str, str], words: str) -> None:
    answer = sandbox.http.get(f"{OAUTH}/authorize", params=ASK | change)
    assert answer.status_code == 400
    assert words in answer.text


def test_a_registered_address_allows_no_path_below() -> None:
    app = App("salesforce", "c", "s", "n", ["https://app.example/back"], exact=True)
    assert app.allows("https://app.example/back")
    assert not app.allows("https://app.example/back/1")


def test_each_mistake_has_its_own_name(sandbox: Any) -> None:
    http = sandbox.http
    assert refusal(exchange(http, "x"))[1] == "invalid authorization code"
    assert refusal(exchange(http, "x", client_id="nobody"))[0] == "invalid_client_id"
    assert refusal(exchange(http, "x", client_secret="wrong"))[0] == "invalid_client"
    assert refusal(exchange(http, "x", grant_type="magic"))[0] == "unsupported_grant_type"
    code = decide(http)["code"]
    assert refusal(exchange(http, code, redirect_uri=ASK["redirect_uri"] + "/"))[0] == "redirect_uri_mismatch"
    code = decide(http)["code"]
    assert exchange(http, code).status_code == 200
    assert refusal(exchange(http, code)) == ("invalid_grant", "invalid authorization code")
    assert refusal(renew(http, "5Aepnothing")) == ("invalid_grant", "expired access/refresh token")
    assert refusal(ask(http, grant_type="password", username=ADA, password="x"))[0] == "invalid_grant"
    for query, error in (({"scope": "everything"}, "invalid_scope"), ({"response_type": "token"}, "unsupported")):
        location = http.get(f"{OAUTH}/authorize", params=ASK | query).headers["location"]
        assert f"error={error}" in location


def test_s256_is_meant_when_no_method_is_named(sandbox: Any) -> None:
    code = decide(sandbox.http, code_challenge=CHALLENGE)["code"]
    assert refusal(exchange(sandbox.http, code)) == ("invalid_grant", "invalid code verifier")
    code = decide(sandbox.http, code_challenge=CHALLENGE)["code"]
    assert refusal(exchange(sandbox.http, code, code_verifier=VERIFIER + "x"))[1] == "invalid code verifier"
    code = decide(sandbox.http, code_challenge=CHALLENGE)["code"]
    assert exchange(sandbox.http, code, code_verifier=VERIFIER).status_code == 200
    plain = sandbox.http.get(f"{OAUTH}/authorize", params=ASK | {"code_challenge_method": "plain"})
    assert "error=invalid_request" in plain.headers["location"]
    sandbox.settings(salesforce={"require_pkce": True})
    assert "error=invalid_request" in sandbox.http.get(f"{OAUTH}/authorize", params=ASK).headers["location"]


def test_a_refresh_token_comes_only_with_its_permission(sandbox: Any) -> None:
    assert "refresh_token" not in sign_in(sandbox.http, scope="api id")
    assert "refresh_token" in sign_in(sandbox.http, scope="api offline_access")
    machine = ask(sandbox.http, grant_type="client_credentials").json()
    assert "refresh_token" not in machine and lives(sandbox.http, machine["access_token"])


def test_a_fixed_refresh_token_serves_again_and_takes_no_scope(sandbox: Any) -> None:
    first = sign_in(sandbox.http)
    assert refusal(renew(sandbox.http, first["refresh_token"], scope="api"))[1] == "scope parameter not supported"
    for _ in range(2):
        again = renew(sandbox.http, first["refresh_token"]).json()
        assert "refresh_token" not in again
        assert lives(sandbox.http, again["access_token"])
    assert lives(sandbox.http, first["access_token"])


def test_a_rotated_refresh_token_shown_again_ends_the_family(sandbox: Any) -> None:
    sandbox.settings(salesforce={"rotate_refresh": True})
    first = sign_in(sandbox.http)
    second = renew(sandbox.http, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert lives(sandbox.http, second["access_token"])
    assert refusal(renew(sandbox.http, first["refresh_token"]))[0] == "invalid_grant"
    assert not lives(sandbox.http, second["access_token"])
    assert refusal(renew(sandbox.http, second["refresh_token"]))[0] == "invalid_grant"


def test_the_sixth_approval_ends_the_oldest(sandbox: Any) -> None:
    grants = [sign_in(sandbox.http) for _ in range(5)]
    other = sign_in(sandbox.http, GRACE)
    assert all(lives(sandbox.http, one["access_token"]) for one in grants)
    sign_in(sandbox.http)
    assert [lives(sandbox.http, one["access_token"]) for one in grants] == [False, True, True, True, True]
    assert lives(sandbox.http, other["access_token"])


def test_revoking(sandbox: Any) -> None:
    first, second = sign_in(sandbox.http), sign_in(sandbox.http)
    assert sandbox.http.post(f"{OAUTH}/revoke", data={"token": first["refresh_token"]}).status_code == 200
    assert not lives(sandbox.http, first["access_token"])
    assert sandbox.http.get(f"{OAUTH}/revoke", params={"token": second["access_token"]}).status_code == 200
    assert not lives(sandbox.http, second["access_token"])
    assert renew(sandbox.http, second["refresh_token"]).status_code == 200
    gone = sandbox.http.post(f"{OAUTH}/revoke", data={"token": first["refresh_token"]})
    assert refusal(gone)[0] == "invalid_token"


def test_introspection_tells_when_a_session_ends(sandbox: Any) -> None:
    found = sign_in(sandbox.http)
    form = {"token": found["access_token"], "client_id": ASK["client_id"], "client_secret": SECRET}
    told = sandbox.http.post(f"{OAUTH}/introspect", data=form).json()
    assert told["active"] and told["username"] == ADA and told["exp"] - told["iat"] == 7200
    assert sandbox.http.post(f"{OAUTH}/introspect", data=form | {"token": "x"}).json() == {"active": False}
    assert sandbox.http.post(f"{OAUTH}/introspect", data=form | {"client_secret": "x"}).status_code == 401


def test_identity_answers_403_in_plain_text(sandbox: Any) -> None:
    found = sign_in(sandbox.http, GRACE)
    who = httpx.get(found["id"], headers={"Authorization": f"Bearer {found['access_token']}"}).json()
    assert (who["username"], who["display_name"]) == (GRACE, "Grace Murray")
    assert found["id"].endswith(f"/id/{who['organization_id']}/{who['user_id']}")
    for headers, words in (({}, "Missing_OAuth_Token"), ({"Authorization": "Bearer x"}, "Bad_OAuth_Token")):
        for url in (found["id"], f"{sandbox.url}{OAUTH}/userinfo"):
            answer = httpx.get(url, headers=headers)
            assert (answer.status_code, answer.text) == (403, words)


def test_control_ends_sessions_and_approvals(sandbox: Any) -> None:
    found = sign_in(sandbox.http)
    assert sandbox.control("expire", vendor="salesforce", account=ADA)["expired"] == 1
    assert not lives(sandbox.http, found["access_token"])
    again = renew(sandbox.http, found["refresh_token"]).json()
    assert sandbox.control("revoke", vendor="salesforce", token=again["access_token"])["revoked"] == 1
    assert refusal(renew(sandbox.http, found["refresh_token"]))[0] == "invalid_grant"
    other = sign_in(sandbox.http)
    sandbox.control("expire", vendor="salesforce", all=True, refresh=True)
    assert refusal(renew(sandbox.http, other["refresh_token"]))[0] == "invalid_grant"


class Watch:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timed() -> Iterator[tuple[httpx.Client, Watch]]:
    watch = Watch()
    with running_sandbox(clock=watch) as url, httpx.Client(base_url=url, trust_env=False) as http:
        yield http, watch


def test_a_session_lives_by_being_used_and_a_code_ten_minutes(timed: tuple[httpx.Client, Watch]) -> None:
    http, watch = timed
    found = sign_in(http)
    for _ in range(3):
        watch.now += 7000
        assert lives(http, found["access_token"])
    watch.now += 7201
    assert not lives(http, found["access_token"])
    code = decide(http)["code"]
    watch.now += 601
    assert refusal(exchange(http, code)) == ("invalid_grant", "expired authorization code")
