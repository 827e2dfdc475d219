"""Judges what a browser brings back from a vendor, and consumes the attempt it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from integrations_app.connections.app_choice import callback_path
from integrations_app.connections.attempts import EXPIRED, restore
from integrations_app.connections.changes import settle
from integrations_app.connections.models import OAuthAttempt
from integrations_app.connections.repository import OAuthAttempts, find_attempt
from integrations_app.kit.secret import Secret
from integrations_app.organizations.audit import ANONYMOUS, record
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission, allowed
from integrations_app.organizations.return_page import HOME

LONGEST = 2048
"""Characters of a state or a code; vendors' codes are far shorter."""
ONCE = ("state", "code", "error", "error_description", "error_uri", "iss")
REJECTED = "oauth.callback.rejected"
GONE = "connection_gone"

_MESSAGES = {
    "oauth_bad_request": "The address you came back with is not what the vendor sends.",
    "oauth_state_missing": "The vendor's answer does not say which attempt it belongs to.",
    "oauth_state_invalid": "This answer belongs to no attempt that was started here.",
    "oauth_state_used": "This answer was used before.",
    "oauth_state_expired": "It took longer than ten minutes, so the attempt ended.",
    "oauth_session_required": "You are not signed in here, so nothing was connected.",
    "oauth_session_mismatch": "Somebody else started this attempt, so nothing was connected.",
    "oauth_context_mismatch": "The answer came to another address than the one it was asked for.",
    "oauth_exchange_failed": "The vendor did not give us credentials. Nothing was changed.",
    "account_mismatch": "You allowed another account than the one this connection belongs to. Nothing was changed.",
    "oauth_denied": "Nothing was connected.",
    "forbidden": "Your role does not allow connecting services.",
    "account_taken": "You allowed an account that has a connection of its own here. Nothing was changed.",
    GONE: "The connection was disconnected or removed meanwhile.",
}
_NEXT_STEPS = {
    "oauth_session_required": "Sign in, then start again from the integrations page.",
    "oauth_session_mismatch": "Start your own attempt from the integrations page.",
    "account_mismatch": "Try again with its account, switch the connection to the other one, or add a second one.",
    "account_taken": "Move the workflows to that connection instead: Move workflows… on this connection's page.",
    "forbidden": "Ask an admin of your organisation.",
}
_OTHER_ACCOUNT = frozenset({"account_mismatch", "account_taken"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a callback ended, for the page that the person sees."""

    ok: bool
    code: str
    message: str
    status: int
    """Of the HTTP answer."""
    next_step: str = ""
    detail: str = ""
    """What the vendor said; untrusted text, cut short."""
    mode: str = "redirect"
    next_path: str = HOME
    provider: str = ""
    provider_name: str = ""
    connection_id: str = ""
    retry_path: str = ""
    """Where the next try begins; empty when another try makes no sense."""
    expected_account: str = ""
    got_account: str = ""
    """The vendor's names of the connection's account and of the one that was allowed, when they differ."""
    switch_path: str = ""
    """Where a person may ask for the connection to become the other account's."""
    another_path: str = ""
    """Where a second connection begins."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt that this very caller consumed, and the code that came with it."""

    attempt: OAuthAttempt
    actor: Actor
    code: Secret


class _Refused(Exception):
    """The verdict on a callback: the public code, its status, the reason in the audit row."""

    def __init__(self, code: str, status: int, reason: str, *, burn: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.reason = reason
        self.burn = burn


async def judge(
    hub: Hub,
    actor: Actor | None,
    provider_key: str,
    selector: str | None,
    params: Sequence[tuple[str, str]],
    *,
    address: str = "",
) -> Judged | Outcome:
    """Transaction 1: check a callback in every respect and consume its attempt by one conditional update."""
    try:
        given = _read(params)
        state_hash = hub.keyring.hash_token("oauth state", given["state"])
    except _Refused as refused:
        await _note_stray(hub, actor, refused, address)
        return _outcome(hub, None, refused.code, refused.status, provider_key)
    attempt = await hub.database.read(lambda session: find_attempt(session, state_hash))
    if attempt is None:
        unknown = _Refused("oauth_state_invalid", 400, "state_invalid")
        await _note_stray(hub, actor, unknown, address)
        return _outcome(hub, None, unknown.code, unknown.status, provider_key)
    path = callback_path(provider_key, selector)
    who = actor or replace(ANONYMOUS, address=address)
    return await hub.database.write(lambda session: _decide(hub, session, attempt, actor, who, path, given))


def _read(params: Sequence[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in params]
    if any(names.count(name) > 1 for name in ONCE):
        raise _Refused("oauth_bad_request", 400, "duplicate_parameter")
    given = dict(params)
    if "state" not in given:
        raise _Refused("oauth_state_missing", 400, "state_missing")
    if not given["state"] or len(given["state"]) > LONGEST:
        raise _Refused("oauth_state_invalid", 400, "state_invalid")
    if len(given.get("code", "")) > LONGEST:
        raise _Refused("oauth_bad_request", 400, "code_too_long")
    return given


async def _note_stray(hub: Hub, actor: Actor | None, refused: _Refused, address: str) -> None:
    """Audit a callback that belongs to no attempt; without a session at most one row a minute, with a count."""
    detail: dict[str, object] = {"reason": refused.reason}
    if actor is None:
        count = hub.throttle.admit(REJECTED, hub.clock())
        if not count:
            return
        detail["count"] = count
    who = actor or replace(ANONYMOUS, address=address)
    await hub.database.write(
        lambda session: record(session, hub.keyring, who, REJECTED, now=hub.clock(), detail=detail)
    )


def _decide(
    hub: Hub,
    session: Session,
    attempt: OAuthAttempt,
    actor: Actor | None,
    who: Actor,
    path: str,
    given: dict[str, str],
) -> Judged | Outcome:
    attempts = OAuthAttempts(session, attempt.organization_id)
    try:
        owner = _check(hub, attempts.find(attempt.state_hash), actor, path)
        if not attempts.consume(attempt.state_hash, hub.clock()):
            raise _Refused("oauth_state_used", 400, "replay")
    except _Refused as refused:
        if refused.burn and attempts.burn(attempt.state_hash, refused.reason):
            restore(hub, session, attempt)
        in_flow = replace(who, organization_id=attempt.organization_id)
        settle(hub, session, in_flow, REJECTED, attempt.connection_id, reason=refused.reason)
        return _outcome(hub, attempt, refused.code, refused.status, attempt.provider)
    if "error" in given or not given.get("code"):
        return _denied(hub, session, attempt, owner, given)
    return Judged(attempt, owner, Secret(given["code"]))


def _check(hub: Hub, attempt: OAuthAttempt | None, actor: Actor | None, path: str) -> Actor:
    """The person who began the attempt, if it is they who came back, in time, to the right address."""
    if attempt is None:
        raise _Refused("oauth_state_invalid", 400, "state_invalid")
    if actor is None:
        raise _Refused("oauth_session_required", 401, "no_session", burn=True)
    began = (attempt.organization_id, attempt.user_id, attempt.session_hash)
    if began != (actor.organization_id, actor.user_id, actor.session_hash):
        raise _Refused("oauth_session_mismatch", 403, "session_mismatch", burn=True)
    if attempt.burned == EXPIRED:
        raise _Refused("oauth_state_expired", 400, "state_expired")
    if attempt.consumed_at is not None or attempt.burned:
        raise _Refused("oauth_state_used", 400, "replay")
    if attempt.expires_at <= hub.clock():
        raise _Refused("oauth_state_expired", 400, "state_expired", burn=True)
    if not attempt.redirect_uri.endswith(path) or attempt.redirect_uri != hub.settings.public_url + path:
        raise _Refused("oauth_context_mismatch", 400, "context_mismatch", burn=True)
    if not allowed(actor.role, Permission.MANAGE_CONNECTIONS):
        raise _Refused("forbidden", 403, "forbidden", burn=True)
    return actor


def _denied(hub: Hub, session: Session, attempt: OAuthAttempt, actor: Actor, given: dict[str, str]) -> Outcome:
    """The vendor sent an error instead of a code; the attempt is consumed."""
    said = given.get("error", "")[:80]
    restore(hub, session, attempt)
    if "error" not in given:
        settle(hub, session, actor, REJECTED, attempt.connection_id, reason="code_missing")
        return _outcome(hub, attempt, "oauth_bad_request", 400, attempt.provider)
    name = "oauth.denied" if said in {"access_denied", "access-denied"} else "oauth.refused"
    settle(hub, session, actor, name, attempt.connection_id, provider_code=said)
    detail = given.get("error_description", "") or said
    return replace(_outcome(hub, attempt, "oauth_denied", 200, attempt.provider), detail=detail[:200])


def refuse_later(hub: Hub, judged: Judged, code: str, status: int, detail: str = "") -> Outcome:
    """The outcome of a failure after the attempt was consumed."""
    return replace(_outcome(hub, judged.attempt, code, status, judged.attempt.provider), detail=detail[:200])


def succeed(hub: Hub, attempt: OAuthAttempt, connection_id: str, name: str, *, paused: bool = False) -> Outcome:
    """The outcome of a connection that stands."""
    done = _outcome(hub, attempt, "connected", 200, attempt.provider)
    message = f"{name} has new credentials and stays paused." if paused else f"{name} is connected."
    return replace(done, ok=True, message=message, next_step="", connection_id=connection_id, retry_path="")


def _outcome(hub: Hub, attempt: OAuthAttempt | None, code: str, status: int, provider_key: str) -> Outcome:
    known = provider_key in hub.registry
    return Outcome(
        ok=False,
        code=code,
        message=_MESSAGES.get(code, "Nothing was connected."),
        status=status,
        next_step=_NEXT_STEPS.get(code, "Start again from the integrations page."),
        mode=attempt.mode if attempt else "redirect",
        next_path=attempt.next_path if attempt else HOME,
        provider=provider_key if known else "",
        provider_name=hub.registry.get(provider_key).name if known else "",
        connection_id=attempt.connection_id if attempt else "",
        retry_path=_retry_path(attempt) if attempt and (status in {200, 400, 502} or code in _OTHER_ACCOUNT) else "",
        switch_path=f"{_retry_path(attempt)}&switch=1" if attempt and code == "account_mismatch" else "",
        another_path=_authorize_path(attempt) if attempt and code == "account_mismatch" else "",
    )


def _retry_path(attempt: OAuthAttempt) -> str:
    again = "" if attempt.creates_connection else f"&connection={attempt.connection_id}"
    return f"{_authorize_path(attempt)}{again}"


def _authorize_path(attempt: OAuthAttempt) -> str:
    path = callback_path(attempt.provider, attempt.app_id).removesuffix("callback") + "authorize"
    return f"{path}?mode={attempt.mode}"
