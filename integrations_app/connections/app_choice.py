"""OAuth apps: which one a connection is made with, and where its secret is sealed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from integrations_app.connections.addresses import moved_bases
from integrations_app.connections.models import AppKind, Connection, OAuthApp
from integrations_app.connections.repository import OAuthApps
from integrations_app.errors import Conflict, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import OAuth2
from integrations_app.sdk.provider import Provider
from integrations_app.settings import Settings

KIND = "oauth_app"
"""Kind of record in the place an app's secret is sealed to; record is the app's id."""
CLIENT_SECRET = "client_secret"  # noqa: S105 - the name of the field
SIGNING_SECRET = "signing_secret"  # noqa: S105
SANDBOX_SELECTOR = "sandbox"
"""In place of an app's id: the sandbox's app, although another would be chosen."""


@dataclass(frozen=True, slots=True)
class App:
    """An OAuth client as one round trip uses it; satisfies `sdk.auth.AppCredentials`."""

    kind: AppKind
    id: str | None
    client_id: str
    client_secret: Secret
    callback_url: str
    moved: Mapping[str, str] = field(default_factory=dict)
    """Base addresses that the connection's settings move."""


def callback_path(provider_key: str, selector: str | None) -> str:
    """The path of the callback: one of its own per client registration."""
    middle = f"/{selector}" if selector else ""
    return f"/api/integrations/{provider_key}{middle}/callback"


def require_oauth(provider: Provider) -> OAuth2:
    """The provider's OAuth declaration; raises NotFound when it has none."""
    if provider.oauth is None:
        raise NotFound(f"{provider.name} is not connected by signing in there.")
    return provider.oauth


def asked_scopes(oauth: OAuth2, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The scopes of a connect: identity, default and `more`, each once, in this order."""
    return tuple(dict.fromkeys((*oauth.identity_scopes, *oauth.default_scopes, *more)))


def askable_scopes(provider: Provider) -> tuple[str, ...]:
    """What an app must be registered for: the scopes of a connect and those that some action or trigger needs more."""
    oauth = require_oauth(provider)
    usual = asked_scopes(oauth)
    of_actions = [scope for action in provider.actions for scope in action.scopes]
    of_triggers = [scope for trigger in provider.triggers for scope in trigger.all_scopes]
    needed = (*of_actions, *of_triggers)
    return asked_scopes(oauth, oauth.missing_scopes(needed, usual) if usual else needed)


def choose_app(
    hub: Hub, session: Session, organization_id: str, provider: Provider, selector: str | None = None
) -> App:
    """The organisation's own app (by id, else its newest), else the server's, else the sandbox's.

    Raises NotFound for an id that is not there, Conflict `oauth_app_missing` when there is no app at all.
    """
    if selector == SANDBOX_SELECTOR:
        found = sandbox_app(hub.settings, provider, selector)
        if found is None:
            raise NotFound("There is no sandbox for this provider.")
        return found
    if selector is not None:
        return _own_app(hub, session, _own_row(session, organization_id, provider, selector))
    for row in OAuthApps(session, organization_id).list_by_provider(provider.key):
        return _own_app(hub, session, row)
    found = server_app(hub.settings, provider) or sandbox_app(hub.settings, provider, None)
    if found is None:
        raise Conflict("oauth_app_missing", f"Register an OAuth app for {provider.name} first.")
    return found


def app_of(hub: Hub, session: Session, provider: Provider, row: Connection) -> App | None:
    """The app a connection was made with, if it still exists, at the place its settings name."""
    found = _made_with(hub, session, provider, row)
    return at_place_of(found, provider, row) if found else None


def at_place_of(app: App, provider: Provider, row: Connection) -> App:
    """The app at the place that the connection's settings name. Raises Conflict `settings_invalid`."""
    return replace(app, moved=moved_bases(provider, row.settings))


def _made_with(hub: Hub, session: Session, provider: Provider, row: Connection) -> App | None:
    if row.app_kind == AppKind.ORGANIZATION.value and row.app_id:
        found = OAuthApps(session, row.organization_id).find(row.app_id)
        return _own_app(hub, session, found) if found else None
    return installed_app(hub.settings, provider, row.app_kind, row.app_id)


def installed_app(settings: Settings, provider: Provider, app_kind: str, selector: str | None = None) -> App | None:
    """The server's or the sandbox's app; None when it is not there, or for another kind."""
    if app_kind == AppKind.SERVER.value:
        return server_app(settings, provider)
    if app_kind == AppKind.SANDBOX.value:
        return sandbox_app(settings, provider, selector)
    return None


def _own_row(session: Session, organization_id: str, provider: Provider, app_id: str) -> OAuthApp:
    row = OAuthApps(session, organization_id).get(app_id)
    if row.provider != provider.key:
        raise NotFound("There is no such OAuth app.")
    return row


def _own_app(hub: Hub, session: Session, row: OAuthApp) -> App:
    secret = open_app_secret(hub, session, row, CLIENT_SECRET, row.client_secret)
    callback_url = hub.settings.public_url + callback_path(row.provider, row.id)
    return App(AppKind.ORGANIZATION, row.id, row.client_id, secret, callback_url)


def server_app(settings: Settings, provider: Provider) -> App | None:
    """The app that the operator set in the environment."""
    client_id = settings.provider(provider.key, "CLIENT_ID")
    secret = settings.provider_secret(provider.key, "CLIENT_SECRET")
    if not client_id or not secret:
        return None
    return App(AppKind.SERVER, None, client_id, secret, settings.public_url + callback_path(provider.key, None))


def sandbox_app(settings: Settings, provider: Provider, selector: str | None) -> App | None:
    """The app that the emulated vendor knows, while the sandbox is on."""
    if not settings.sandbox or provider.sandbox is None:
        return None
    known = provider.sandbox
    callback_url = settings.public_url + callback_path(provider.key, selector)
    return App(AppKind.SANDBOX, selector, known.client_id, Secret(known.client_secret), callback_url)


def open_app_secret(hub: Hub, session: Session, row: OAuthApp, field: str, envelope: bytes) -> Secret:
    """Open one secret of an own app. Raises CredentialUnreadable, VaultSealed."""
    return hub.keyring.open(
        session,
        row.organization_id,
        record=row.id,
        kind=KIND,
        field=field,
        version=row.secret_version,
        envelope=envelope,
    )


def seal_app_secret(hub: Hub, session: Session, row: OAuthApp, field: str, secret: Secret) -> bytes:
    """Seal one secret of an own app under its present version."""
    return hub.keyring.seal(
        session,
        row.organization_id,
        record=row.id,
        kind=KIND,
        field=field,
        version=row.secret_version,
        secret=secret,
    )


def signing_secret(hub: Hub, session: Session, row: OAuthApp) -> Secret | None:
    """The secret that deliveries for this app are signed with, when one was given."""
    return open_app_secret(hub, session, row, SIGNING_SECRET, row.signing_secret) if row.signing_secret else None
