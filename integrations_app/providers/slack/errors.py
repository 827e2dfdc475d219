"""Slack's error codes and what each means for the caller.

Codes and their handling: docs.slack.dev method references (2026) and the common errors of the Web API.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from slack_sdk.errors import SlackApiError

from integrations_app.errors import (
    IntegrationsError,
    InvalidInput,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.sdk.meanings import ErrorTable, Meaning
from integrations_app.sdk.patience import parse_retry_after

_ADMIN = "An administrator of the workspace must allow it."

ERRORS: ErrorTable = {
    "invalid_auth": Meaning(ReconnectRequired, "Slack does not know the token any more."),
    "not_authed": Meaning(ReconnectRequired, "No token was sent."),
    "token_revoked": Meaning(ReconnectRequired, "The token was revoked in Slack."),
    "token_expired": Meaning(ReconnectRequired, "The token has expired."),
    "account_inactive": Meaning(ReconnectRequired, "The app or its user was removed from the workspace."),
    "invalid_refresh_token": Meaning(ReconnectRequired, "The refresh token is not valid any more."),
    "not_allowed_token_type": Meaning(ReconnectRequired, "This needs a bot token (xoxb-). Connect with one."),
    "app_access_restricted": Meaning(ReconnectRequired, "The workspace restricts the app."),
    "two_factor_setup_required": Meaning(
        ReconnectRequired, "Set up two-factor authentication in Slack, then reconnect."
    ),
    "missing_scope": Meaning(MissingScope),
    "ratelimited": Meaning(RateLimited, "Slack asks for a pause."),
    "rate_limited": Meaning(RateLimited, "Slack asks for a pause in posting."),
    "message_limit_exceeded": Meaning(RateLimited, "Too many messages are being posted in this workspace."),
    "service_unavailable": Meaning(OutcomeUnknown, "Slack could not finish the call."),
    "internal_error": Meaning(OutcomeUnknown, "Slack met an error of its own."),
    "fatal_error": Meaning(OutcomeUnknown, "Slack met an error of its own; part of the call may have succeeded."),
    "request_timeout": Meaning(Unavailable, "The request reached Slack too slowly."),
    "team_added_to_org": Meaning(Unavailable, "The workspace is being moved into an organisation."),
    "org_login_required": Meaning(Unavailable, "The workspace is being moved into an organisation."),
    "accesslimited": Meaning(Rejected, f"Access to this method is limited. {_ADMIN}"),
    "access_denied": Meaning(Rejected, f"Slack denies access. {_ADMIN}"),
    "ekm_access_denied": Meaning(Rejected, "Administrators have suspended posting in this workspace."),
    "no_permission": Meaning(Rejected, "The app may not do this in the workspace. " + _ADMIN),
    "restricted_action": Meaning(Rejected, f"The workspace's settings do not let the app post here. {_ADMIN}"),
    "restricted_action_read_only_channel": Meaning(Rejected, "The channel is read-only."),
    "restricted_action_thread_locked": Meaning(Rejected, "The thread is locked."),
    "restricted_action_non_threadable_channel": Meaning(Rejected, "The channel does not allow threads."),
    "not_in_channel": Meaning(
        Rejected,
        "Invite the app to the channel: open the channel in Slack and type /invite followed by the app's name.",
    ),
    "channel_not_found": Meaning(
        Rejected, "There is no such channel, or it is private. Invite the app to the channel, then choose it again."
    ),
    "is_archived": Meaning(Rejected, "The channel is archived. Unarchive it in Slack or choose another."),
    "user_not_found": Meaning(Rejected, "There is no such person in this workspace."),
    "user_not_visible": Meaning(Rejected, "The app may not see this person."),
    "user_disabled": Meaning(Rejected, "This person's account is deactivated."),
    "messages_tab_disabled": Meaning(
        Rejected, "The app does not accept messages: turn on the Messages tab in its settings."
    ),
    "message_not_found": Meaning(Rejected, "There is no such message in this channel."),
    "thread_not_found": Meaning(Rejected, "There is no such thread in this channel."),
    "cannot_reply_to_message": Meaning(Rejected, "This message takes no replies: use the thread's first message."),
    "no_text": Meaning(Rejected, "The message is empty."),
    "msg_too_long": Meaning(Rejected, "The message is too long."),
    "msg_blocks_too_long": Meaning(Rejected, "The blocks are too long together (about 13,000 characters)."),
    "invalid_blocks": Meaning(Rejected, "Slack does not accept the blocks."),
    "invalid_blocks_format": Meaning(Rejected, "The blocks are not a list of Slack blocks."),
    "invalid_attachments": Meaning(Rejected, "Slack does not accept the attachments."),
    "too_many_attachments": Meaning(Rejected, "The message has too many attachments."),
    "invalid_metadata_format": Meaning(Rejected, "Slack does not accept the metadata."),
    "invalid_metadata_schema": Meaning(Rejected, "The metadata are not as the Slack app declares them."),
    "metadata_too_large": Meaning(Rejected, "The metadata are too large."),
    "invalid_name": Meaning(Rejected, "There is no such emoji in this workspace."),
    "bad_timestamp": Meaning(Rejected, "The timestamp is not one of a Slack message."),
    "not_reactable": Meaning(Rejected, "This message takes no reactions."),
    "too_many_emoji": Meaning(Rejected, "The message has too many different reactions."),
    "too_many_reactions": Meaning(Rejected, "The app has added too many reactions to this message."),
    "thread_locked": Meaning(Rejected, "The thread is locked."),
    "cant_update_message": Meaning(Rejected, "The app can change its own messages only."),
    "cant_delete_message": Meaning(Rejected, "The app can delete its own messages only."),
    "edit_window_closed": Meaning(Rejected, "The workspace does not let messages of this age be changed."),
    "user_not_in_channel": Meaning(Rejected, "This person is not in the channel: invite them first."),
    "users_not_found": Meaning(Rejected, "Nobody in this workspace has this e-mail address."),
    "no_reaction": Meaning(Rejected, "The app has not reacted with this emoji."),
    "invalid_time": Meaning(Rejected, "Slack does not accept the time."),
    "time_in_past": Meaning(Rejected, "The time is past already."),
    "time_too_far": Meaning(Rejected, "The time is more than 120 days ahead."),
    "invalid_scheduled_message_id": Meaning(
        Rejected, "There is no such scheduled message: it was posted or cancelled already, or is due within a minute."
    ),
    "name_taken": Meaning(Rejected, "There is a channel of this name already, perhaps an archived or a private one."),
    "already_archived": Meaning(Rejected, "The channel is archived already."),
    "cant_archive_general": Meaning(Rejected, "The general channel cannot be archived."),
    "not_authorized": Meaning(Rejected, "The app may not do this to the channel: it can rename those that it made."),
    "cant_kick_from_general": Meaning(Rejected, "Nobody can be removed from the general channel."),
    "cant_kick_self": Meaning(Rejected, "The app cannot remove itself."),
    "cant_invite_self": Meaning(Rejected, "The app cannot invite itself: let it join the channel."),
    "already_in_channel": Meaning(Rejected, "This person is in the channel already."),
    "method_not_supported_for_channel_type": Meaning(Rejected, "This cannot be done in a conversation of this kind."),
    "file_not_found": Meaning(Rejected, "Slack does not know the file any more. Upload it again."),
    "unknown_method": Meaning(Rejected, "Slack knows no method of this name."),
    "invalid_arguments": Meaning(Rejected, "Slack does not accept these values."),
}

OAUTH_ADVICE = {
    "bad_client_secret": "The client secret of the Slack app is wrong.",
    "invalid_client_id": "Slack does not know this client id.",
    "bad_redirect_uri": "The callback address is not registered in the Slack app.",
    "invalid_code": "The sign-in at Slack took too long or was used twice. Try again.",
    "pkce_not_allowed": "The Slack app does not take PKCE.",
    "no_scopes": "No permission was asked for.",
}


def to_error(error: SlackApiError, *, changes: bool, now: datetime) -> IntegrationsError:
    """Turn a refusal into ours.

    `changes` says that the call was to change something: then an answer that tells nothing is
    OutcomeUnknown, else Unavailable.
    """
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    body = getattr(response, "data", None)
    body = body if isinstance(body, dict) else {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited("Slack asks for a pause.", parse_retry_after(_header(headers, "retry-after"), now))
    if body.get("error"):
        return _by_code(str(body["error"]), body, changes, parse_retry_after(_header(headers, "retry-after"), now))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unanswered("Slack met an error of its own.", changes)
    if changes and status < HTTPStatus.MULTIPLE_CHOICES:
        return _unanswered("Slack's answer cannot be read.", changes)
    return ResponseRefused("protocol_error", f"Slack's answer (status {status}) cannot be read.")


def _by_code(code: str, body: Mapping[str, Any], changes: bool, after: float | None) -> IntegrationsError:
    meaning = ERRORS.get(code, Meaning(Rejected, f"Slack refused: {code}."))
    if meaning.error is MissingScope:
        return MissingScope(_scopes(body.get("needed")), _scopes(body.get("provided")))
    if meaning.error is ReconnectRequired:
        return ReconnectRequired(meaning.advice, code)
    if meaning.error is RateLimited:
        return RateLimited(meaning.advice, after)
    if meaning.error is OutcomeUnknown:
        return _unanswered(meaning.advice, changes)
    if meaning.error is Unavailable:
        return Unavailable(meaning.advice, after)
    return Rejected(code, meaning.advice + _details(body))


def _unanswered(message: str, changes: bool) -> IntegrationsError:
    return OutcomeUnknown(f"{message} The call may have taken effect.") if changes else Unavailable(message)


def _details(body: Mapping[str, Any]) -> str:
    """What Slack adds for developers, bounded: it may repeat parts of the request."""
    found = body.get("errors") or (body.get("response_metadata") or {}).get("messages") or []
    return "".join(f" {str(item)[:200]}" for item in found[:3]) if isinstance(found, list) else ""


def _scopes(value: object) -> tuple[str, ...]:
    return tuple(scope for scope in str(value or "").replace(" ", "").split(",") if scope)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def too_long(field: str, limit: int) -> InvalidInput:
    """The refusal of a value that Slack would cut or refuse, before anything is sent."""
    return InvalidInput({field: f"may hold at most {limit:,} characters"}, "", "input_too_long")
