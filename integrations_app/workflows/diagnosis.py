"""The whole connection doctor: the connection itself, what its workflows need, and the hooks they listen to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections import service as connections
from integrations_app.connections.access import use
from integrations_app.connections.diagnosis import Finding, Remedy, Verdict, examine_connection
from integrations_app.connections.repository import Connections
from integrations_app.errors import IntegrationsError
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.triggers import Hooks, HookState
from integrations_app.workflows import app_feeds
from integrations_app.workflows.app_signers import events_url
from integrations_app.workflows.consent import consent_of
from integrations_app.workflows.models import AppFeed, Endpoint, PollState
from integrations_app.workflows.repository import Endpoints

KEY, TITLE = "hook", "Events"
MANY = 3
"""Looks in a row that failed: more than a passing trouble."""


@dataclass(frozen=True, slots=True)
class _Listened:
    """A hook of ours that live workflows listen to."""

    endpoint: Endpoint
    hooks: Hooks | None
    polled: PollState | None
    feed: AppFeed | None = None
    moved: bool = False
    """What the app feeds it with was shown to another account or app than the connection's."""
    events_url: str = ""
    """Where the app that feeds it must send its events."""


async def diagnose(hub: Hub, actor: Actor, connection_id: str) -> tuple[Finding, ...]:
    """Every finding about a connection, in the order in which they stand on each other.

    Needs MANAGE_CONNECTIONS. Raises NotFound, RateLimited when a test has just run.
    """
    findings = await _with_needs(hub, actor, connection_id, await examine_connection(hub, actor, connection_id))
    works = all(one.verdict is not Verdict.PROBLEM for one in findings if one.key in {"address", "tls", "token"})
    listened = await hub.database.read(lambda session: _listened(hub, session, actor.organization_id, connection_id))
    if not listened:
        return (*findings, Finding(KEY, TITLE, Verdict.WELL, "No live workflow waits for events of this connection."))
    return (*findings, *[await _look(hub, actor, one, works=works) for one in listened])


async def _with_needs(hub: Hub, actor: Actor, connection_id: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, with what workflows need and the connection lacks in place of a good word on permissions."""
    consent = await consent_of(hub, actor, connection_id)
    by_consent = (await connections.get(hub, actor, connection_id)).auth_kind == "oauth2"
    if not consent.missing:
        return tuple(findings)
    message = f"Workflows need {', '.join(consent.missing)}, which the connection lacks."
    fix = "Allow what is missing." if by_consent else "Enter a token that may do it."
    remedy = Remedy.ALLOW if by_consent else Remedy.SETTINGS
    return tuple(
        replace(one, verdict=Verdict.PROBLEM, message=message, fix=fix, remedy=remedy)
        if one.key == "scopes" and one.verdict is Verdict.WELL
        else one
        for one in findings
    )


def _listened(hub: Hub, session: Session, organization_id: str, connection_id: str) -> list[_Listened]:
    statement = (
        select(Endpoint)
        .where(col(Endpoint.organization_id) == organization_id, col(Endpoint.connection_id) == connection_id)
        .order_by(col(Endpoint.created_at), col(Endpoint.id))
    )
    endpoints = Endpoints(session, organization_id)
    connection = Connections(session, organization_id).get(connection_id)
    holder, url = app_feeds.holder_of(connection), events_url(hub, connection)

    def listened(row: Endpoint) -> _Listened:
        polled, feed = endpoints.poll_state(row.id), endpoints.feed(row.id)
        moved = feed is not None and app_feeds.holder_of(feed) != holder
        return _Listened(row, _hooks_of(hub, row), polled, feed, moved, url)

    return [listened(row) for row in session.scalars(statement) if endpoints.subscriptions(row.id)]


def _hooks_of(hub: Hub, row: Endpoint) -> Hooks | None:
    triggers: Iterable[Hooks | None] = (one.hooks for one in hub.registry.get(row.kind).triggers)
    return next((hooks for hooks in triggers if hooks is not None), None)


async def _look(hub: Hub, actor: Actor, listened: _Listened, *, works: bool) -> Finding:
    """Whether the vendor still has the hook, and what became of the newest delivery."""
    row, hooks = listened.endpoint, listened.hooks
    if listened.polled is not None:
        return _judge_poll(row, listened.polled)
    if listened.feed is not None:
        return _judge_feed(hub, listened, listened.feed)
    if hooks is None:
        return _about(row, Verdict.WELL, "The service sends them to the app's address.")
    if not works:
        return _about(row, Verdict.NOT_LOOKED, "Not looked at while the connection does not work.")
    if hooks.look is None:
        return _about(row, Verdict.NOT_LOOKED, "The service does not tell how its hooks are doing.")
    look = hooks.look
    try:
        state = await use(
            hub,
            actor.organization_id,
            row.connection_id or "",
            lambda connected: look(row.hook_id, row.config, connected.context(row.id, hub.clock())),
        )
    except IntegrationsError as error:
        return _about(row, Verdict.NOT_LOOKED, f"The service did not tell how the hook is doing: {error}")
    return _judge(row, state)


def _judge(row: Endpoint, state: HookState | None) -> Finding:
    if state is None:
        return _gone(row, "The hook was deleted at the service: no event arrives any more.")
    if not state.active or not row.enabled:
        return _gone(row, "The hook is switched off: no event arrives any more.")
    if state.last_ok is False:
        message = f"The newest delivery did not arrive ({state.last_answer or 'no answer'})."
        fix = "Look whether this installation can be reached at its public address, then let it be delivered again."
        return _about(row, Verdict.WARNING, message, fix)
    return _about(row, Verdict.WELL, "The hook is registered.")


def _judge_feed(hub: Hub, listened: _Listened, feed: AppFeed) -> Finding:
    row, app = listened.endpoint, f"the {hub.registry.get(listened.endpoint.kind).name} App"
    if not feed.places:
        why = f" No webhook could take its place: {feed.error_message}" if feed.error_message else ""
        message = f"It was delivered by {app}, which does not reach it any more.{why}"
        fix = "Install the App on it again, or let it make webhooks there. Then register it again."
        return _about(row, Verdict.PROBLEM, message, fix, Remedy.REPAIR_HOOK)
    again = "It is asked again by itself, as soon as the connection works."
    if listened.moved:
        message = f"Nothing is delivered: the connection is of another account or app than what {app} was asked for."
        return _about(row, Verdict.PROBLEM, message, again)
    if app_feeds.is_past(feed, hub.clock()):
        why = f" It says: {feed.error_message}" if feed.error_message else ""
        message = f"Nothing is delivered: for a day {app} could not be asked what this connection may read.{why}"
        return _about(row, Verdict.PROBLEM, message, again)
    fix = "" if row.last_event_at else f"Nothing has come yet. The App's webhook address must be {listened.events_url}"
    return _about(row, Verdict.WELL, f"Delivered by {app}.", fix)


def _judge_poll(row: Endpoint, polled: PollState) -> Finding:
    if polled.error_code:
        looks = "look" if polled.failures <= 1 else f"{polled.failures} looks"
        message = f"The last {looks} failed: {polled.error_message}"
        fix = "It is tried again by itself, from where it was. When what it asks for is gone, publish something else."
        return _about(row, Verdict.WARNING if polled.failures < MANY else Verdict.PROBLEM, message, fix)
    return _about(row, Verdict.WELL, "The service is asked for them regularly, and answers.")


def _gone(row: Endpoint, message: str) -> Finding:
    return _about(row, Verdict.PROBLEM, message, "Register it again.", Remedy.REPAIR_HOOK)


def _about(row: Endpoint, verdict: Verdict, message: str, fix: str = "", remedy: Remedy = Remedy.NONE) -> Finding:
    title = f"{TITLE} of {row.target}" if row.target else TITLE
    return Finding(KEY, title, verdict, message, fix, remedy, row.id, row.last_event_at)
