"""What the statuses of an HTTP answer mean for the caller.

Source: RFC 9110, and RFC 6585 for 429. The code of a status is `http_<status>`.
"""

from datetime import datetime
from http import HTTPStatus

from integrations_app.errors import (
    IntegrationsError,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.kit.egress import Reply
from integrations_app.sdk.meanings import ErrorTable, Meaning
from integrations_app.sdk.patience import parse_retry_after

# 401 is a dead credential for `check`, which asks nothing else; for a call it is one refusal among others.
ERRORS: ErrorTable = {
    "http_401": Meaning(ReconnectRequired, "The address does not accept the credentials. Enter new ones."),
    "http_408": Meaning(Unavailable, "The address waited too long for the request."),
    "http_425": Meaning(Unavailable, "The address asks for the request again later."),
    "http_429": Meaning(RateLimited, "The address asks for a pause."),
    "http_500": Meaning(OutcomeUnknown, "The address met an error of its own."),
    "http_501": Meaning(Rejected, "The address does not know this method."),
    "http_503": Meaning(Unavailable, "The address cannot answer now."),
    "http_505": Meaning(Rejected, "The address does not speak this version of HTTP."),
}


def to_error(reply: Reply, excerpt: str, *, changes: bool, now: datetime) -> IntegrationsError:
    """Turn a refusal (status 400 and up) into ours.

    `changes` says that repeating the method may have an effect: then 500, 502 and 504 are OutcomeUnknown.
    `excerpt` is the beginning of the answer without our credentials.
    """
    code = f"http_{reply.status}"
    failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    fallback = ERRORS["http_500"] if failed else Meaning(Rejected, "The address refused.")
    meaning = ERRORS.get(code, fallback)
    after = parse_retry_after(header_of(reply, "retry-after"), now)
    message = f"{meaning.advice} (status {reply.status})"
    if meaning.error is RateLimited:
        return RateLimited(message, after)
    if meaning.error is Unavailable:
        return Unavailable(message, after)
    if meaning.error is OutcomeUnknown:
        return OutcomeUnknown(f"{message} The call may have taken effect.") if changes else Unavailable(message, after)
    return Rejected(code, f"The address refused (status {reply.status}){': ' if excerpt else '.'}{excerpt}")


def check_error(reply: Reply, *, has_secret: bool, now: datetime) -> IntegrationsError | None:
    """Judge the answer to a check: any answer but 401 with credentials, 429 and 5xx shows that the address is there."""
    status = reply.status
    if status == HTTPStatus.UNAUTHORIZED and has_secret:
        return ReconnectRequired(ERRORS["http_401"].advice, "http_401")
    if status == HTTPStatus.TOO_MANY_REQUESTS or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return to_error(reply, "", changes=False, now=now)
    return None


def header_of(reply: Reply, name: str) -> str | None:
    """Return the value of a header; `name` is in lower case."""
    return next((value for known, value in reply.headers if known.lower() == name), None)
