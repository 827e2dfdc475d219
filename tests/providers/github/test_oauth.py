"""GitHub's token answers and what its scopes contain."""

import re
from typing import Any

import pytest

from integrations_app.errors import Rejected
from integrations_app.providers.github import provider
from integrations_app.providers.github.oauth import OAUTH, parse_grant


def test_the_emulated_vendor_grants_what_was_asked(sandbox: Any) -> None:
    grant = parse_grant(sandbox.sign_in("github", "octo-hub"))
    assert (grant.scopes, grant.expires_in, grant.refresh_token) == (("repo",), None, None)
    assert re.fullmatch(provider.secret_patterns[0], grant.access_token.reveal("test"))


def test_expiring_tokens_bring_a_refresh_token(sandbox: Any) -> None:
    sandbox.settings(github={"expiring_tokens": True})
    grant = parse_grant(sandbox.sign_in("github", "octo-hub"))
    assert grant.expires_in == 28800
    assert grant.refresh_token is not None


def test_comma_scopes_and_an_apps_empty_ones() -> None:
    assert parse_grant({"access_token": "gho_x", "scope": "repo,workflow"}).scopes == ("repo", "workflow")
    assert parse_grant({"access_token": "ghu_x", "scope": ""}).scopes == ()


@pytest.mark.parametrize(
    ("answer", "code"),
    [({"error": "bad_verification_code", "error_description": "expired"}, "bad_verification_code"), ({}, "no_token")],
)
def test_errors_in_disguise(answer: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_grant(answer)
    assert refused.value.code == code


def test_a_broad_scope_contains_the_narrow_ones() -> None:
    assert OAUTH.missing_scopes(("public_repo", "workflow"), ("repo",)) == ("workflow",)
    assert OAUTH.missing_scopes(("repo",), ()) == ()  # a GitHub App or a fine-grained token tells no scopes


def test_default_scopes_cover_actions_and_triggers() -> None:
    for needed in [*(action.scopes for action in provider.actions), *(trigger.scopes for trigger in provider.triggers)]:
        assert OAUTH.missing_scopes(needed, OAUTH.default_scopes) == ()


def test_an_enterprise_server_moves_the_api_too() -> None:
    moved = {"URL": "https://github.corp.example/"}
    assert provider.base_addresses(moved.get)["api"] == "https://github.corp.example/api/v3"
    both = moved | {"API_URL": "https://api.corp.example"}
    assert provider.base_addresses(both.get)["api"] == "https://api.corp.example"
    assert provider.base_addresses(lambda _name: None)["api"] == "https://api.github.com"
