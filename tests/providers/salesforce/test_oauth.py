"""What a token answer is read as."""

from typing import Any

import pytest

from integrations_app.errors import Rejected
from integrations_app.providers.salesforce.oauth import OAUTH, parse_grant

ANSWER: dict[str, Any] = {
    "access_token": "00Dx0000000BV7z!AQ",
    "refresh_token": "5Aep861",
    "instance_url": "https://acme.my.salesforce.com",
    "id": "https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P",
    "issued_at": "1278448384422",
    "signature": "SSSbLO/gBhmmyNUvN18ODBDFYHzakxOMgqYtu+hDPsc=",
    "scope": "refresh_token api id",
    "token_type": "Bearer",
}


def test_the_addresses_are_kept_and_no_life_is_made_up() -> None:
    grant = parse_grant(ANSWER)
    assert grant.extra == {name: ANSWER[name] for name in ("instance_url", "id")}
    assert grant.scopes == ("refresh_token", "api", "id")
    assert grant.expires_in is None
    assert grant.refresh_token is not None


def test_a_refresh_that_leaves_the_addresses_out_gives_none_to_overwrite_with() -> None:
    grant = parse_grant({"access_token": "x", "instance_url": "", "id": None})
    assert (grant.extra, grant.refresh_token) == ({}, None)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"error": "invalid_grant", "error_description": "inactive user"}, "invalid_grant", "inactive"),
        ({"error": "invalid_grant", "error_description": "expired authorization code"}, "invalid_grant", "too long"),
        ({"error": "OAUTH_APPROVAL_ERROR_GENERIC"}, "OAUTH_APPROVAL_ERROR_GENERIC", "administrator"),
        ({"error": "new_error", "error_description": "because"}, "new_error", "because"),
        ({}, "no_token", "no token"),
        ({"access_token": 5}, "no_token", "no token"),
    ],
)
def test_refusals(answer: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        parse_grant(answer)
    assert refused.value.code == code


def test_a_broad_permission_holds_the_others() -> None:
    assert OAUTH.missing_scopes(("api", "refresh_token"), ("full", "offline_access")) == ()
    assert OAUTH.missing_scopes(("api", "refresh_token"), ("full",)) == ("refresh_token",)
