"""GitHub's refusals and what each means for the caller.

GitHub has statuses, headers and texts instead of codes; `code_of` names them. Sources: GitHub's REST
documentation (rate limits, best practices, troubleshooting, authenticating with SAML single sign-on).
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from github import GithubException

from integrations_app.errors import (
    IntegrationsError,
    InvalidInput,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.sdk.meanings import ErrorTable, Meaning
from integrations_app.sdk.patience import LONGEST, parse_retry_after

SECONDARY_WAIT = 60.0
_SECONDARY = ("secondary rate limit", "abuse detection", "please retry your request again later")

ERRORS: ErrorTable = {
    "bad_credentials": Meaning(ReconnectRequired, "GitHub does not accept the token: it was revoked or has expired."),
    "two_factor_required": Meaning(ReconnectRequired, "GitHub asks for a second factor."),
    "bad_refresh_token": Meaning(ReconnectRequired, "The refresh token is not valid any more."),
    "rate_limited": Meaning(RateLimited, "The hourly limit of GitHub calls is used up."),
    "secondary_rate_limit": Meaning(RateLimited, "GitHub asks for a pause."),
    "permission_missing": Meaning(MissingScope),
    "sso_required": Meaning(
        Rejected, "The organisation asks for single sign-on. Allow the token for it at GitHub, then try again."
    ),
    "forbidden": Meaning(Rejected, "GitHub does not allow this account to do that."),
    "not_found_or_no_access": Meaning(
        Rejected,
        "There is no such thing, or the connected account may not see it. Check the name and the account's access.",
    ),
    "conflict": Meaning(Rejected, "It changed meanwhile, or a rule of the branch forbids it."),
    "gone": Meaning(Rejected, "This feature is switched off for the repository."),
    "validation_failed": Meaning(Rejected, "GitHub does not accept these values."),
    "unavailable_for_legal_reasons": Meaning(Rejected, "The repository is blocked for legal reasons."),
    "not_allowed": Meaning(Rejected, "It cannot be done as things are now."),
    "query_failed": Meaning(Rejected, "GitHub could not answer the query."),
    "server_error": Meaning(OutcomeUnknown, "GitHub met an error of its own."),
}

_BY_STATUS = {
    404: "not_found_or_no_access",
    405: "not_allowed",
    409: "conflict",
    410: "gone",
    422: "validation_failed",
    451: "unavailable_for_legal_reasons",
}


def to_error(error: GithubException, *, changes: bool, now: datetime, hidden: bool = False) -> IntegrationsError:
    """Turn a refusal into ours; `changes`: the call was to change something, `hidden`: nobody reads that unasked."""
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    message = message_of(error.data)
    code = code_of(error.status, headers, message)
    if (changes or hidden) and code == _BY_STATUS[HTTPStatus.NOT_FOUND] and _lacks_scope(headers):
        # GitHub hides what a token may not change ("Troubleshooting the REST API", 404 for an existing resource).
        # Another read is left out: anybody may read in public, whatever the scopes, and then it is really not there.
        code = "permission_missing"
    meaning = ERRORS.get(code, Meaning(Rejected, "GitHub refused."))
    if meaning.error is RateLimited:
        return RateLimited(meaning.advice, wait_of(headers, now))
    if meaning.error is ReconnectRequired:
        return ReconnectRequired(meaning.advice, code)
    if meaning.error is MissingScope:
        return MissingScope(_needed(headers), _list(headers.get("x-oauth-scopes")))
    if meaning.error is OutcomeUnknown:
        unknown = OutcomeUnknown(f"{meaning.advice} The call may have taken effect.")
        return unknown if changes else Unavailable(meaning.advice)
    return Rejected(code, " ".join(part for part in (meaning.advice, _sso_link(headers), message) if part))


def code_of(status: int, headers: Mapping[str, str], message: str) -> str:
    """Name a refusal. `headers` have lower-case names."""
    if status == HTTPStatus.UNAUTHORIZED:
        return "two_factor_required" if "required" in headers.get("x-github-otp", "") else "bad_credentials"
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return _limit(status, headers, message.lower()) or _denial(headers, message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return _BY_STATUS.get(status, f"http_{status}")


def _limit(status: int, headers: Mapping[str, str], message: str) -> str:
    if "retry-after" in headers or any(text in message for text in _SECONDARY):
        return "secondary_rate_limit"
    if headers.get("x-ratelimit-remaining") == "0" or "rate limit exceeded" in message:
        return "rate_limited"
    return "secondary_rate_limit" if status == HTTPStatus.TOO_MANY_REQUESTS else ""


def _denial(headers: Mapping[str, str], message: str) -> str:
    if "required" in headers.get("x-github-sso", ""):
        return "sso_required"
    lacks = _lacks_scope(headers)
    return "permission_missing" if lacks or message.startswith("Resource not accessible by") else "forbidden"


def _lacks_scope(headers: Mapping[str, str]) -> bool:
    """Whether a token with scopes has none of those that the endpoint accepts."""
    accepted, granted = _list(headers.get("x-accepted-oauth-scopes")), _list(headers.get("x-oauth-scopes"))
    return bool(granted and accepted) and not set(accepted) & set(granted)


def wait_of(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait: `retry-after`, else until the reset of a spent primary limit, else a minute; at most an hour.

    Source: GitHub, "Rate limits for the REST API", what to do when exceeding the limit.
    """
    after = parse_retry_after(headers.get("retry-after"), now)
    if after is not None:
        return after
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return min(max(float(reset[:12]) - now.timestamp(), 1.0), LONGEST)
    return SECONDARY_WAIT


def message_of(body: Any) -> str:
    """GitHub's own words with the reasons per field, bounded."""
    if not isinstance(body, Mapping):
        return ""
    reasons = [_reason(item) for item in body.get("errors") or [] if item]
    text = str(body.get("message") or "")
    return (f"{text}: {'; '.join(reasons)}" if reasons else text)[:500]


def _reason(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    return str(item.get("message") or f"{item.get('field', '')} {item.get('code', '')}".strip())


def _sso_link(headers: Mapping[str, str]) -> str:
    return headers.get("x-github-sso", "").partition("url=")[2]


def _needed(headers: Mapping[str, str]) -> tuple[str, ...]:
    found = _list(headers.get("x-accepted-oauth-scopes")) or _list(headers.get("x-accepted-github-permissions"))
    return found[:1] or ("repo",)


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def too_long(field: str, limit: int) -> InvalidInput:
    """Say that a value is longer than GitHub takes, before anything is sent."""
    return InvalidInput({field: f"may hold at most {limit:,} characters"}, "", "input_too_long")
