"""Salesforce's error codes and what each means for the caller.

Codes: "Status Codes and Error Responses" of the REST API Developer Guide and "Core Data Types" (StatusCode) of the
SOAP API Developer Guide. They are kept here in lower case.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from integrations_app.errors import (
    IntegrationsError,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.sdk.meanings import ErrorTable, Meaning

# The daily limit is a rolling one and the vendor does not say when calls come back: no Retry-After.
LIMIT_WAIT = 900.0
CONCURRENT_WAIT = 30.0
LOCK_WAIT = 2.0
_WAITS = MappingProxyType({"request_limit_exceeded": LIMIT_WAIT, "concurrent_limit_exceeded": CONCURRENT_WAIT})
"""Seconds, by code."""

_ADMIN = "An administrator of the organisation must allow it."

ERRORS: ErrorTable = {
    "invalid_session_id": Meaning(ReconnectRequired, "The session has expired or was ended."),
    "bad_oauth_token": Meaning(ReconnectRequired, "Salesforce does not know the session any more."),
    "missing_oauth_token": Meaning(ReconnectRequired, "No session was sent."),
    "invalid_auth_header": Meaning(ReconnectRequired, "Salesforce cannot read the session."),
    "invalid_grant": Meaning(ReconnectRequired, "Salesforce does not take the approval any more."),
    "api_scope_missing": Meaning(MissingScope),
    "request_limit_exceeded": Meaning(RateLimited, "The organisation has used up its calls of the last 24 hours."),
    "concurrent_limit_exceeded": Meaning(RateLimited, "Too many long calls are under way in the organisation."),
    "too_many_requests": Meaning(RateLimited, "Salesforce asks for a pause."),
    "unable_to_lock_row": Meaning(Unavailable, "Another change holds the record at the moment."),
    "server_unavailable": Meaning(OutcomeUnknown, "Salesforce is too busy or under maintenance."),
    "unknown_exception": Meaning(OutcomeUnknown, "Salesforce met an error of its own."),
    "server_error": Meaning(OutcomeUnknown, "Salesforce met an error of its own."),
    "api_disabled_for_org": Meaning(Rejected, "The organisation's edition has no REST interface."),
    "api_currently_disabled": Meaning(Rejected, f"The REST interface is switched off. {_ADMIN}"),
    "unsupported_api_version": Meaning(
        Rejected, "Salesforce has ended this version of its interface: set a newer one."
    ),
    "client_not_accessible_for_user": Meaning(Rejected, f"The connected account may not use this app. {_ADMIN}"),
    "insufficient_access": Meaning(Rejected, f"The connected account may not do that. {_ADMIN}"),
    "insufficient_access_or_readonly": Meaning(Rejected, f"The connected account may not change the record. {_ADMIN}"),
    "insufficient_access_on_cross_reference_entity": Meaning(
        Rejected, f"The connected account may not use one of the records named. {_ADMIN}"
    ),
    "transfer_requires_read": Meaning(Rejected, f"The new owner may not read records of this object. {_ADMIN}"),
    "inactive_owner_or_user": Meaning(Rejected, "The owner is inactive: name another one."),
    "entity_is_locked": Meaning(Rejected, "The record is locked, by an approval for instance."),
    "dependency_exists": Meaning(Rejected, "Other records need the record: it cannot be deleted."),
    "delete_failed": Meaning(Rejected, "Other records need the record: it cannot be deleted."),
    "storage_limit_exceeded": Meaning(Rejected, "The organisation's storage is full: delete records, or buy more."),
    "limit_exceeded": Meaning(Rejected, "The call would exceed a limit of the organisation."),
    "cannot_insert_update_activate_entity": Meaning(Rejected, "An automation of the organisation failed."),
    "required_field_missing": Meaning(Rejected, "A field that the object requires has no value."),
    "invalid_field": Meaning(Rejected, "The object has no such field, or the account may not see it."),
    "invalid_field_for_insert_update": Meaning(Rejected, "One of the fields cannot be written."),
    "invalid_type": Meaning(Rejected, "There is no such object, or the account may not see it."),
    "malformed_id": Meaning(Rejected, "One of the values is no record id of the right object."),
    "invalid_cross_reference_key": Meaning(Rejected, "A record that was named is not there."),
    "missing_argument": Meaning(Rejected, "A value that says which record is meant is missing."),
    "number_outside_valid_range": Meaning(Rejected, "A number is larger or smaller than its field takes."),
    "field_integrity_exception": Meaning(Rejected, "A value does not go with the others of the record."),
    "field_filter_validation_exception": Meaning(
        Rejected, "A record that was named is not among those its field takes."
    ),
    "string_too_long": Meaning(Rejected, "A text is longer than its field."),
    "invalid_email_address": Meaning(Rejected, "A value is no e-mail address."),
    "invalid_or_null_for_restricted_picklist": Meaning(Rejected, "A value is not among those of its list."),
    "duplicate_value": Meaning(Rejected, "Another record has this unique value already."),
    "duplicate_external_id": Meaning(Rejected, "Several records have this external id."),
    "duplicates_detected": Meaning(Rejected, "A duplicate rule of the organisation forbids the record."),
    "field_custom_validation_exception": Meaning(Rejected, "A validation rule of the organisation forbids it."),
    "json_parser_error": Meaning(Rejected, "A value has the wrong type for its field."),
    "malformed_query": Meaning(Rejected, "The query cannot be read."),
    "query_timeout": Meaning(Rejected, "The query takes too long: ask for less, or by a field with an index."),
    "query_too_complicated": Meaning(Rejected, "The query is too complicated: ask for fewer fields or conditions."),
    "request_running_too_long": Meaning(Rejected, "The call took too long and was stopped: do less at a time."),
    "operation_too_large": Meaning(Rejected, "The call touches too many records: do less at a time."),
    "exceeded_id_limit": Meaning(Rejected, "The call names too many records: do less at a time."),
    "exceeded_max_subrequests": Meaning(Rejected, "The call holds too many calls: do less at a time."),
    "invalid_query_filter_operator": Meaning(Rejected, "A condition of the query does not fit its field."),
    "invalid_query_locator": Meaning(Rejected, "The rest of the query's answer is no longer there: query again."),
    "malformed_search": Meaning(Rejected, "The search text cannot be read: it needs at least two characters."),
    "entity_is_deleted": Meaning(Rejected, "The record was deleted."),
    "not_found": Meaning(Rejected, "There is no such object or record, or the account may not see it."),
    "method_not_allowed": Meaning(Rejected, "This address does not take that method."),
    "all_or_none_operation_rolled_back": Meaning(Rejected, "Another record of the call was refused."),
    "redirected": Meaning(Rejected, "The organisation has moved to another address. Reconnect the account."),
}

OAUTH_ADVICE = {
    "invalid_client_id": "Salesforce does not know this client id.",
    "invalid_client": "The client secret of the Salesforce app is wrong.",
    "invalid_grant": "The sign-in at Salesforce took too long or was used twice. Try again.",
    "redirect_uri_mismatch": "The callback address is not registered in the Salesforce app.",
    "inactive_user": "This person's account is inactive at Salesforce.",
    "oauth_approval_error_generic": "An administrator must install or allow the app in the organisation first.",
}


def to_error(status: int, body: Any, *, changes: bool, after: float | None = None) -> IntegrationsError:
    """Turn a refusal into ours; `changes` says that the call was to change something, `after` (seconds) when to retry.

    Only the gateways in front of the organisations tell a time, with status 429 or 503.
    """
    code, said = code_of(status, body)
    meaning = ERRORS.get(code, Meaning(Rejected, "Salesforce refused."))
    if meaning.error is ReconnectRequired:
        return ReconnectRequired(meaning.advice, code)
    if meaning.error is MissingScope:
        return MissingScope(("api",))
    if meaning.error is RateLimited:
        return RateLimited(meaning.advice, after or _WAITS.get(code))
    if meaning.error is Unavailable:
        return Unavailable(meaning.advice, LOCK_WAIT)
    if meaning.error is OutcomeUnknown:
        unknown = OutcomeUnknown(f"{meaning.advice} The call may have taken effect.")
        return unknown if changes else Unavailable(meaning.advice)
    return Rejected(code, f"{meaning.advice} {said}".strip())


def code_of(status: int, body: Any) -> tuple[str, str]:
    """Our name of a refusal, and the vendor's words with the fields they are about, bounded."""
    first = body[0] if isinstance(body, list) and body and isinstance(body[0], Mapping) else {}
    said = str(first.get("message") or "")
    code = str(first.get("errorCode") or "").lower()
    if status == HTTPStatus.MULTIPLE_CHOICES:
        return "duplicate_external_id", ""
    if code == "invalid_session_id" and status == HTTPStatus.FORBIDDEN:
        # The session lives, but was not allowed to be used here.
        return "api_scope_missing", said
    if code == "request_limit_exceeded" and said.startswith("Concurrent"):
        return "concurrent_limit_exceeded", said
    if not code:
        return _by_status(status), ""
    fields = [str(name) for name in first.get("fields") or () if str(name) not in said]
    return code, (f"{said} ({', '.join(fields)})" if fields else said)[:500]


def _by_status(status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "invalid_session_id"
    if status == HTTPStatus.NOT_FOUND:
        return "not_found"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "too_many_requests"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    if HTTPStatus.MULTIPLE_CHOICES < status < HTTPStatus.BAD_REQUEST:
        return "redirected"
    return f"http_{status}"
