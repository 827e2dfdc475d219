"""How statuses, headers and texts of GitHub are named."""

from datetime import UTC, datetime
from typing import Any

import pytest
from github import GithubException

from integrations_app.errors import MissingScope, OutcomeUnknown, RateLimited, Unavailable
from integrations_app.providers.github.errors import ERRORS, code_of, to_error

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RESET = str(int(NOW.timestamp()) + 90)


@pytest.mark.parametrize(
    ("status", "headers", "message", "code"),
    [
        (401, {}, "Bad credentials", "bad_credentials"),
        (401, {"x-github-otp": "required; app"}, "Must specify two-factor", "two_factor_required"),
        (403, {"retry-after": "5"}, "", "secondary_rate_limit"),
        (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded", "rate_limited"),
        (403, {"x-ratelimit-remaining": "9"}, "You have exceeded a secondary rate limit.", "secondary_rate_limit"),
        (429, {}, "", "secondary_rate_limit"),
        (403, {"x-github-sso": "required; url=https://x"}, "", "sso_required"),
        (403, {"x-github-sso": "partial-results; organizations=1"}, "", "forbidden"),
        (403, {}, "Resource not accessible by integration", "permission_missing"),
        (403, {"x-accepted-oauth-scopes": "repo", "x-oauth-scopes": "gist"}, "", "permission_missing"),
        (403, {"x-accepted-oauth-scopes": "repo, public_repo", "x-oauth-scopes": "public_repo"}, "", "forbidden"),
        (404, {}, "Not Found", "not_found_or_no_access"),
        (409, {}, "", "conflict"),
        (410, {}, "Issues are disabled for this repo", "gone"),
        (422, {}, "Validation Failed", "validation_failed"),
        (503, {}, "", "server_error"),
        (418, {}, "", "http_418"),
    ],
)
def test_names(status: int, headers: dict[str, str], message: str, code: str) -> None:
    assert code_of(status, headers, message) == code
    assert code in ERRORS or code.startswith("http_")


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "-1"}, 60),
        ({"retry-after": "abc"}, 60),
        ({"retry-after": "99999999"}, 3600),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 1),
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, 7),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], after: float) -> None:
    error = to_error(GithubException(429, {}, headers), changes=True, now=NOW)
    assert isinstance(error, RateLimited)
    assert error.after == after


def test_a_missing_permission_is_named() -> None:
    headers = {"X-Accepted-GitHub-Permissions": "issues=write"}
    body: Any = {"message": "Resource not accessible by personal access token"}
    error = to_error(GithubException(403, body, headers), changes=True, now=NOW)
    assert isinstance(error, MissingScope)
    assert error.needed == ("issues=write",)


def test_a_failing_server_leaves_a_change_open_and_a_read_not() -> None:
    failed = GithubException(502, None, {})
    assert isinstance(to_error(failed, changes=True, now=NOW), OutcomeUnknown)
    assert isinstance(to_error(failed, changes=False, now=NOW), Unavailable)
