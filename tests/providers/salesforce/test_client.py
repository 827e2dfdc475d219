"""Check, where a session may be sent, revocation, and the settings that say where people sign in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from integrations_app.connections.addresses import moved_bases
from integrations_app.errors import (
    Conflict,
    EgressDenied,
    MissingScope,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.kit.egress import Passport
from integrations_app.kit.secret import Secret
from integrations_app.providers.salesforce.client import revoke
from integrations_app.providers.salesforce.oauth import parse_grant
from integrations_app.providers.salesforce.settings import SalesforceSettings, sign_in_bases
from integrations_app.sdk.context import RevokeContext
from integrations_app.sdk.registry import registry

ADA = "ada@acme.sandbox.example"


def with_extra(connected: Any, **extra: str) -> Any:
    return replace(connected, access=replace(connected.access, extra=extra))


async def test_check_names_organisation_person_and_budget(connect: Any, sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("salesforce", ADA))
    assert set(grant.scopes) == {"api", "refresh_token"}
    assert grant.expires_in is None
    found = with_extra(connect("salesforce", access_token=grant.access_token.reveal("test")), **grant.extra)
    account = await found.provider.check(found.client)
    org, _, person = account.id.partition("/")
    assert (org[:3], person[:3], account.name) == ("00D", "005", ADA)
    assert account.detail == {
        "name": "Ada Byron",
        "organization": org,
        "instance": "127.0.0.1",
        "rate": "14999 of 15000 calls left",
    }
    assert sandbox.requests(f"/salesforce/id/{org}/{person}")


async def test_check_of_dead_sessions(salesforce: Any, sandbox: Any) -> None:
    sandbox.post("revoke", vendor="salesforce", all=True)
    with pytest.raises(ReconnectRequired) as refused:
        await salesforce.provider.check(salesforce.client)
    assert refused.value.vendor_code == "invalid_session_id"
    with pytest.raises(ReconnectRequired) as refused:
        await salesforce.client.identity()
    assert refused.value.vendor_code == "bad_oauth_token"


async def test_check_of_a_person_who_may_not_see_the_limits(salesforce: Any, sandbox: Any) -> None:
    body = [{"message": "You do not have permission to view limits.", "errorCode": "FORBIDDEN"}]
    sandbox.fault(vendor="salesforce", path="/limits$", status=403, body=body)
    account = await salesforce.provider.check(salesforce.client)
    assert account.name == ADA
    assert account.detail["rate"] == "14999 of 15000 calls left"
    sandbox.post("revoke", vendor="salesforce", all=True)
    sandbox.fault(vendor="salesforce", path="/limits$", status=403, body=body)
    with pytest.raises(ReconnectRequired):
        await salesforce.provider.check(salesforce.client)


async def test_check_without_the_permission(connect: Any, sandbox: Any) -> None:
    weak = connect("salesforce", access_token=sandbox.token("salesforce", "", ["id"]))
    with pytest.raises(MissingScope):
        await weak.provider.check(weak.client)


async def test_an_identity_that_cannot_be_read(salesforce: Any, sandbox: Any) -> None:
    unreadable: list[Any] = [{}, [], "<html>"]
    for body in unreadable:
        sandbox.fault(vendor="salesforce", path="/userinfo$", status=200, body=body)
        with pytest.raises(ResponseRefused):
            await salesforce.provider.check(salesforce.client)
    sandbox.fault(vendor="salesforce", path="/limits$", effect="drop")
    with pytest.raises(Unavailable):
        await salesforce.provider.check(salesforce.client)


@pytest.mark.parametrize(
    "address",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "https://salesforce.com@evil.example",
        "https://acme.my.salesforce.com:8443",
        "http://127.0.0.1:9",
        "https://169.254.169.254",
        "file:///etc/passwd",
        "nonsense",
    ],
)
async def test_a_session_is_never_sent_elsewhere(salesforce: Any, sandbox: Any, address: str) -> None:
    with pytest.raises(Rejected) as refused:
        _ = with_extra(salesforce, instance_url=address).client
    assert refused.value.code == "instance_refused"
    with pytest.raises(Rejected) as refused:
        await with_extra(salesforce, id=address).provider.check(with_extra(salesforce, id=address).client)
    assert refused.value.code == "instance_refused"
    assert sandbox.requests("/id/") == []


async def test_an_identity_that_lives_at_the_organisation_is_followed_there(connect: Any, sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("salesforce", ADA))
    found = with_extra(connect("salesforce", access_token=grant.access_token.reveal("test")), **grant.extra)
    there = {"Location": "/sandbox/salesforce/services/oauth2/userinfo"}
    sandbox.fault(vendor="salesforce", path="/salesforce/id/", status=302, headers=there)
    assert (await found.provider.check(found.client)).name == ADA
    for location, code in (("https://evil.example/", "instance_refused"), (grant.extra["id"], "redirected")):
        sandbox.fault(vendor="salesforce", path="/salesforce/id/", status=302, headers={"Location": location}, count=3)
        with pytest.raises(Rejected) as refused:
            await found.client.identity()
        assert refused.value.code == code
        sandbox.http.delete(f"{sandbox.base}/_control/faults")
    sandbox.fault(vendor="salesforce", path="/salesforce/id/", status=302, headers={"Location": "http://["})
    with pytest.raises(ResponseRefused):
        await found.client.identity()


async def test_the_address_that_came_with_the_token_is_called(salesforce: Any) -> None:
    there = with_extra(salesforce, instance_url="https://acme.my.salesforce.com/")
    assert there.client.instance == "https://acme.my.salesforce.com"
    access = replace(there.access, passport=Passport(hosts=("nowhere.example",)))
    with pytest.raises(EgressDenied):
        await replace(there, access=access).client.read("/limits")


async def test_without_an_address_only_a_my_domain_will_do(connect: Any) -> None:
    with pytest.raises(ReconnectRequired) as refused:
        _ = connect("salesforce", bases={"web": "https://login.salesforce.com"}, access_token="x").client
    assert refused.value.vendor_code == "no_instance_url"
    mine = connect("salesforce", bases={"web": "https://acme.my.salesforce.com"}, access_token="x")
    assert mine.client.instance == "https://acme.my.salesforce.com"
    with pytest.raises(ReconnectRequired):
        _ = connect("salesforce").client


async def test_an_organisation_that_moved(salesforce: Any, sandbox: Any) -> None:
    there = {"Location": "https://acme2.my.salesforce.com/services/data/v62.0/limits"}
    sandbox.fault(vendor="salesforce", path="/services/data/", status=302, headers=there, count=0)
    with pytest.raises(Rejected) as refused:
        await salesforce.provider.check(salesforce.client)
    assert refused.value.code == "redirected"


async def test_revoke_ends_the_approval_and_is_repeatable(connect: Any, sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("salesforce", ADA))
    assert grant.refresh_token is not None
    secrets = {"access_token": grant.access_token.reveal("t"), "refresh_token": grant.refresh_token.reveal("t")}
    found = with_extra(connect("salesforce", **secrets), **grant.extra)
    for _ in range(2):
        await revoke(RevokeContext(found.client, found.access, "id", Secret("secret")))
    with pytest.raises(ReconnectRequired):
        await found.provider.check(found.client)
    sandbox.fault(vendor="salesforce", path="/revoke$", status=503)
    with pytest.raises(Unavailable):
        await revoke(RevokeContext(found.client, found.access))
    sandbox.fault(vendor="salesforce", path="/revoke$", status=400, body={"error": "invalid_client"})
    with pytest.raises(Rejected):
        await revoke(RevokeContext(found.client, found.access))


def test_settings_say_where_people_sign_in() -> None:
    assert sign_in_bases(SalesforceSettings()) == {}
    assert sign_in_bases(SalesforceSettings(login="sandbox")) == {"web": "https://test.salesforce.com"}
    mine = SalesforceSettings(login="my_domain", my_domain=" https://Acme--UAT.sandbox.my.salesforce.com/ ")
    assert sign_in_bases(mine) == {"web": "https://acme--uat.sandbox.my.salesforce.com"}


@pytest.mark.parametrize(
    "domain",
    ["", "evil.example", "acme.my.salesforce.com.evil.example", "a/.my.salesforce.com", "x@y.my.salesforce.com",
     "my.salesforce.com", "-.my.salesforce.com", "http://acme.my.salesforce.com", "acme.my.salesforce.com:444"],
)  # fmt: skip
def test_other_domains_are_refused(domain: str) -> None:
    with pytest.raises(ValidationError):
        SalesforceSettings(login="my_domain", my_domain=domain)


def bases_of(bases: dict[str, str]) -> Callable[[BaseModel], dict[str, str]]:
    return lambda _settings: bases


def test_the_framework_judges_the_moved_addresses_again() -> None:
    provider = registry().get("salesforce")
    assert moved_bases(provider, {"login": "sandbox"}) == {"web": "https://test.salesforce.com"}
    for address in ("https://evil.example", "http://test.salesforce.com", "https://test.salesforce.com:444", "x"):
        wrong = replace(provider, moved_bases=bases_of({"web": address}))
        with pytest.raises(Conflict):
            moved_bases(wrong, {})
    with pytest.raises(Conflict):
        moved_bases(provider, {"login": "my_domain", "my_domain": "evil.example"})


async def test_the_session_is_not_printed(salesforce: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        await salesforce.run("create_record", object="Account", fields={"Name": "a quiet name"})
    assert salesforce.access.secrets["access_token"].reveal("test") not in caplog.text
    assert "a quiet name" not in caplog.text
