"""What a card of the integrations page shows, as small frozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from integrations_app.connections.views import ConnectionView, ProviderRow, WorkflowUse
from integrations_app.sdk.provider import Provider

WORDS = {
    "connected": "Connected",
    "pending": "Connecting…",
    "needs_reauth": "Needs reconnecting",
    "error": "Error",
    "paused": "Paused",
    "disconnected": "Not connected",
    "none": "Not connected",
}
LOGO = "/api/integrations/{}/logo.svg"


@dataclass(frozen=True)
class ConnectionLine:
    """One connection on a card."""

    id: str
    provider: str
    name: str
    account: str
    status: str
    word: str
    synced_at: str
    used_by: int
    sandbox: bool
    oauth: bool
    needs_person: bool
    paused: bool
    trouble: str
    reconnect_url: str
    gone: bool = False
    """Disconnected, and workflows name it still."""
    default: bool = False
    """Used where a provider is named and no connection."""
    testing: bool = False
    outcome: str = ""
    outcome_ok: bool = True


SHOWN_NAMES = 3


@dataclass(frozen=True)
class Named:
    """A workflow by its name, and where it is."""

    name: str
    href: str


@dataclass(frozen=True)
class Trouble:
    """A connection that only a person can mend, and what waits for it."""

    line: ConnectionLine
    workflows: list[Named] = field(default_factory=list)
    more: int = 0
    """Workflows beside those that are named."""
    held: int = 0


def trouble(line: ConnectionLine, uses: Iterable[WorkflowUse], held: int) -> Trouble:
    """Name the workflows that a connection in trouble holds up, the first three of them."""
    named = [Named(one.name, f"/workflows/{one.workflow_id}") for one in uses]
    return Trouble(line, named[:SHOWN_NAMES], max(0, len(named) - SHOWN_NAMES), held)


@dataclass(frozen=True)
class Card:
    """One provider on the page."""

    key: str
    name: str
    summary: str
    logo: str
    connect_url: str
    redirect_url: str
    oauth: bool
    status: str
    word: str
    lines: list[ConnectionLine] = field(default_factory=list)
    several: bool = False
    connected: bool = False
    """Whether there is a connection that was not cut."""
    needs_person: bool = False
    notice: str = ""
    """What became of the popup: blocked, closed early."""
    blocked: bool = False


def authorize_url(provider: str, *, mode: str, connection: str = "", scopes: Iterable[str] = ()) -> str:
    """Our own route that starts an OAuth round trip; `scopes` are asked for beside what is asked anyway."""
    chosen = f"&connection={connection}" if connection else ""
    asked = quote(",".join(scopes), safe=",:")
    more = f"&scopes={asked}" if asked else ""
    return f"/api/integrations/{provider}/authorize?mode={mode}{chosen}{more}"


def card(row: ProviderRow, provider: Provider) -> Card:
    """Lay out one provider with its connections."""
    shown = [one for one in row.connections if one.status != "disconnected" or one.used_by]
    lines = [connection_line(one) for one in shown]
    there = [line for line in lines if not line.gone]
    status = next((line.status for line in lines if line.needs_person), lines[0].status if lines else "none")
    return Card(
        key=row.key,
        name=row.name,
        summary=row.summary,
        logo=LOGO.format(row.key),
        connect_url=authorize_url(row.key, mode="popup"),
        redirect_url=authorize_url(row.key, mode="redirect"),
        oauth=provider.oauth is not None,
        status=status,
        word=WORDS[status],
        lines=lines,
        several=len(there) > 1,
        connected=bool(there),
        needs_person=any(line.needs_person for line in lines),
    )


def connection_line(row: ConnectionView) -> ConnectionLine:
    """Lay out one connection."""
    return ConnectionLine(
        id=row.id,
        provider=row.provider,
        name=row.name,
        account=account_words(row),
        status=row.status,
        word=WORDS[row.status],
        synced_at=row.last_synced_at.isoformat() if row.last_synced_at else "",
        used_by=row.used_by,
        sandbox=row.sandbox,
        oauth=row.auth_kind == "oauth2",
        needs_person=row.needs_attention,
        paused=row.status == "paused",
        gone=row.status == "disconnected",
        trouble=row.error_message,
        reconnect_url=authorize_url(row.provider, mode="popup", connection=row.id),
        default=row.default,
    )


def account_words(row: ConnectionView) -> str:
    """The connection's name, and the vendor's account where it says more."""
    if row.account_name and row.account_name != row.name:
        return f"{row.name} · {row.account_name}"
    return row.name


def keep_outcomes(cards: Iterable[Card], earlier: Iterable[Card]) -> list[Card]:
    """Carry over what only this tab knows: running tests, their results, popup notices."""
    known = {line.id: line for one in earlier for line in one.lines}
    notices = {one.key: one for one in earlier}
    kept = []
    for one in cards:
        lines = [_with_outcome(line, known.get(line.id)) for line in one.lines]
        before = notices.get(one.key)
        settled = any(line.status == "connected" for line in lines) or before is None
        kept.append(
            replace(
                one,
                lines=lines,
                notice="" if settled or before is None else before.notice,
                blocked=False if settled or before is None else before.blocked,
            )
        )
    return kept


def _with_outcome(line: ConnectionLine, before: ConnectionLine | None) -> ConnectionLine:
    if before is None or _is_mended(line, before):
        return line
    return replace(line, testing=before.testing, outcome=before.outcome, outcome_ok=before.outcome_ok)


def _is_mended(line: ConnectionLine, before: ConnectionLine) -> bool:
    """Whether a failure that this tab still tells lies before the connection was made to work again."""
    failed = not before.outcome_ok and not before.testing
    return failed and line.status == "connected" and before.status != "connected"
