"""What the provider page shows of a connection's permissions: granted, needed by workflows, missing, optional."""

from dataclasses import dataclass, field

from integrations_app.connections.views import ConnectionView
from integrations_app.sdk.provider import Provider
from integrations_app.ui.pages.integrations_rows import authorize_url
from integrations_app.workflows.consent import Consent, Need


@dataclass(frozen=True)
class NeedLine:
    """One permission, and the workflows that need it."""

    scope: str
    workflows: str


@dataclass(frozen=True)
class OptionalLine:
    """One permission that may be asked for, and what it is good for."""

    scope: str
    reason: str


@dataclass(frozen=True)
class Permissions:
    """All of it, for the chosen connection."""

    shown: bool = False
    """There is a connection, to a service that knows permissions."""
    granted: str = ""
    """Empty when the service does not say."""
    needed: list[NeedLine] = field(default_factory=list)
    missing: list[NeedLine] = field(default_factory=list)
    allow_url: str = ""
    """Asks for what is missing; empty when the connection was made with a token that somebody pasted."""


def permissions(provider: Provider, row: ConnectionView, consent: Consent) -> Permissions:
    """The permissions of a connection."""
    if provider.oauth is None:
        return Permissions()
    missing = [need for need in consent.needed if need.scope in consent.missing]
    by_consent = row.auth_kind == "oauth2"
    url = authorize_url(provider.key, mode="popup", connection=row.id, scopes=consent.missing)
    return Permissions(
        shown=True,
        granted=", ".join(consent.granted),
        needed=[_line(need) for need in consent.needed],
        missing=[_line(need) for need in missing],
        allow_url=url if by_consent and missing else "",
    )


def optional_lines(provider: Provider, row: ConnectionView | None) -> list[OptionalLine]:
    """The permissions that a person may add to those of a connection, or of a new one."""
    if provider.oauth is None or (row is not None and row.auth_kind != "oauth2"):
        return []
    held = set(row.scopes) if row is not None else set()
    return [OptionalLine(scope, why) for scope, why in provider.oauth.optional_scopes.items() if scope not in held]


def _line(need: Need) -> NeedLine:
    return NeedLine(need.scope, ", ".join(f"“{one.name}”" for one in need.workflows))
