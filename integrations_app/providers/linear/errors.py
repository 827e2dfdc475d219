"""What Linear's refusals mean: GraphQL errors with a kind in their extensions, whatever the status.

The kinds are those of the type `LinearErrorType` of Linear's own SDK; the extensions beside them (`code`, `statusCode`,
`userPresentableMessage`) are described at linear.app/developers/graphql, "Errors".
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from integrations_app.errors import (
    IntegrationsError,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.sdk.meanings import ErrorTable, Meaning

ERRORS: ErrorTable = {
    "authentication_error": Meaning(
        ReconnectRequired, "Linear does not accept the token: it was revoked or has expired."
    ),
    "missing_scope": Meaning(MissingScope),
    "ratelimited": Meaning(RateLimited, "Linear asks for a pause."),
    "forbidden": Meaning(Rejected, "The account may not do this in Linear."),
    "feature_not_accessible": Meaning(Rejected, "The workspace's plan does not include this."),
    "usage_limit_exceeded": Meaning(Rejected, "The workspace has used up what its plan allows."),
    "invalid_input": Meaning(Rejected, "Linear does not accept these values."),
    "user_error": Meaning(Rejected, "Linear does not accept these values."),
    "graphql_error": Meaning(Rejected, "Linear cannot read the query."),
    "entity_not_found": Meaning(Rejected, "There is no such thing in Linear, or the account may not see it."),
    "lock_timeout": Meaning(Unavailable, "Somebody else is changing the same thing."),
    "internal_error": Meaning(OutcomeUnknown, "Linear met an error of its own."),
    "bootstrap_error": Meaning(OutcomeUnknown, "Linear met an error of its own."),
    "network_error": Meaning(OutcomeUnknown, "Linear met an error of its own."),
}
OAUTH_ADVICE = {
    "invalid_client": "The client id or secret of the Linear app is wrong.",
    "invalid_grant": "The sign-in at Linear took too long or was used twice. Try again.",
    "redirect_uri_mismatch": "The callback address is not registered in the Linear app.",
}
SCOPES = ("write", "issues:create", "comments:create", "admin")
_NOT_FOUND = "Entity not found"
_UNCERTAIN = frozenset({"unknown", "other", "internal_server_error"})
"""Kinds that say nothing of what became of a change."""


def to_error(status: int, body: Any, *, changes: bool, after: float | None = None) -> IntegrationsError:
    """Turn a refusal into ours; `changes` says that the call was to change something, `after` (s) when to retry."""
    kind, said = kind_of(status, body)
    meaning = ERRORS.get(kind)
    if meaning is None:
        return _unreadable(status, kind, said, changes=changes)
    if meaning.error is ReconnectRequired:
        return ReconnectRequired(meaning.advice, kind)
    if meaning.error is MissingScope:
        return MissingScope(tuple(scope for scope in SCOPES if f"`{scope}`" in said) or ("write",))
    if meaning.error is RateLimited:
        return RateLimited(meaning.advice, after)
    if meaning.error is Unavailable:
        return Unavailable(meaning.advice)
    if meaning.error is OutcomeUnknown:
        return OutcomeUnknown(f"{meaning.advice} The call may have taken effect.") if changes else Unavailable(said)
    return Rejected(kind, f"{meaning.advice} {said}".strip())


def kind_of(status: int, body: Any) -> tuple[str, str]:
    """Our name of a refusal, and Linear's words, bounded."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    found = first.get("extensions")
    extensions: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    said = str(extensions.get("userPresentableMessage") or first.get("message") or "")[:500]
    kind = str(extensions.get("type") or extensions.get("code") or "").lower().replace(" ", "_").replace("-", "_")
    if kind == "forbidden" and "scope" in said.lower():
        return "missing_scope", said
    if str(first.get("message") or "").startswith(_NOT_FOUND):
        return "entity_not_found", said
    return kind or _by_status(status), said


def _by_status(status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "authentication_error"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "ratelimited"
    return "internal_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""


def _unreadable(status: int, kind: str, said: str, *, changes: bool) -> IntegrationsError:
    if changes and (status >= HTTPStatus.INTERNAL_SERVER_ERROR or kind in _UNCERTAIN):
        return OutcomeUnknown("Linear met an error of its own. The call may have taken effect.")
    if kind:
        return Rejected(kind, f"Linear refused: {said or kind}")
    if changes and status < HTTPStatus.MULTIPLE_CHOICES:
        return OutcomeUnknown("Linear's answer cannot be read: the call may have taken effect.")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Rejected(f"http_{status}", f"Linear refused (status {status}).")
    return ResponseRefused("protocol_error", f"Linear's answer (status {status}) cannot be read.")
