"""What the statuses of an HTTP answer mean for the caller.

Source: RFC 9110, and RFC 6585 for 429. The code of a status is `http_<status>`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from integrations_app.errors import (
    IntegrationsError,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.kit.egress import Reply
from integrations_app.providers.webhook.statuses import Statuses, holds
from integrations_app.sdk.meanings import ErrorTable, Meaning
from integrations_app.sdk.patience import parse_retry_after

CERTIFICATE_REFUSED = "certificate_refused"
# 401 is a dead credential for `check`, which asks nothing else; for a call it is one refusal among others.
ERRORS: ErrorTable = {
    "http_401": Meaning(ReconnectRequired, "The address does not accept the credentials. Enter new ones."),
    "token_refused": Meaning(ReconnectRequired, "The address does not accept the access token. Renew it."),
    CERTIFICATE_REFUSED: Meaning(ReconnectRequired, "The address does not accept the client certificate. Renew it."),
    "token_missing": Meaning(ReconnectRequired, "There is no access token yet. Test the connection."),
    "http_408": Meaning(Unavailable, "The address waited too long for the request."),
    "http_425": Meaning(Unavailable, "The address asks for the request again later."),
    "http_429": Meaning(RateLimited, "The address asks for a pause."),
    "http_500": Meaning(OutcomeUnknown, "The address met an error of its own."),
    "http_501": Meaning(Rejected, "The address does not know this method."),
    "http_503": Meaning(Unavailable, "The address cannot answer now."),
    "http_505": Meaning(Rejected, "The address does not speak this version of HTTP."),
}


@dataclass(frozen=True, slots=True)
class Again:
    """When a call is tried again, as its author wishes; what may have taken effect is the executor's to decide."""

    statuses: Statuses
    lost: bool
    changes: bool
    """Whether the method may have an effect at all."""
    repeatable: bool
    """Whether a second time does no harm."""


def to_error(reply: Reply, excerpt: str, again: Again, now: datetime) -> IntegrationsError:
    """Turn a refusal into ours.

    A status outside `again.statuses` fails the step at once, unless nobody can tell what the call did. `excerpt` is
    the beginning of the answer without our credentials.
    """
    code = f"http_{reply.status}"
    failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    fallback = ERRORS["http_500"] if failed else Meaning(Rejected, "The address refused.")
    meaning = ERRORS.get(code, fallback)
    after = parse_retry_after(header_of(reply, "retry-after"), now)
    message = f"{meaning.advice} (status {reply.status})"
    if meaning.error is OutcomeUnknown and again.changes and not again.repeatable:
        return OutcomeUnknown(f"{message} The call may have taken effect.")
    if not holds(again.statuses, reply.status):
        return Rejected(code, f"The address refused (status {reply.status}){': ' if excerpt else '.'}{excerpt}")
    if meaning.error is RateLimited:
        return RateLimited(message, after)
    if meaning.error is OutcomeUnknown and again.changes and after is None:
        return OutcomeUnknown(f"{message} The call may have taken effect.")
    return Unavailable(message, after)


@contextmanager
def answered(again: Again) -> Iterator[None]:
    """Around a call: what no usable answer means. Unavailable when it is tried again, OutcomeUnknown when in doubt."""
    try:
        yield
    except OutcomeUnknown as error:
        if again.repeatable and not again.lost:
            raise _gave_up() from error
        raise
    except ResponseRefused as error:
        if error.code != "deadline_exceeded":
            raise
        if again.changes and not (again.repeatable and not again.lost):
            raise OutcomeUnknown("The answer did not end in time: the call may have taken effect.") from error
        if not again.lost:
            raise _gave_up() from error
        raise Unavailable("No answer came in time.", None, error.code) from error
    except RateLimited:
        raise
    except Unavailable as error:
        if not again.lost:
            raise Rejected("no_answer", str(error)) from error
        raise


def _gave_up() -> Rejected:
    return Rejected("no_answer", "No answer came. This step does not try again then.")


_CHECKING = Again(((100, 599),), lost=True, changes=False, repeatable=True)


def check_error(reply: Reply, *, has_secret: bool, now: datetime) -> IntegrationsError | None:
    """Judge the answer to a check: any answer but 401 with credentials, 429 and 5xx shows that the address is there."""
    status = reply.status
    if status == HTTPStatus.UNAUTHORIZED and has_secret:
        return ReconnectRequired(ERRORS["http_401"].advice, "http_401")
    if status == HTTPStatus.TOO_MANY_REQUESTS or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return to_error(reply, "", _CHECKING, now)
    return None


def header_of(reply: Reply, name: str) -> str | None:
    """Return the value of a header; `name` is in lower case."""
    return next((value for known, value in reply.headers if known.lower() == name), None)
