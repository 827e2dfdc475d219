"""The OAuth apps that an organisation registers itself, and what the App tab of a provider shows."""

from dataclasses import dataclass

from sqlmodel import Session

from integrations_app.connections.addresses import reach
from integrations_app.connections.app_choice import (
    CLIENT_SECRET,
    SIGNING_SECRET,
    askable_scopes,
    callback_path,
    open_app_secret,
    require_oauth,
    sandbox_app,
    seal_app_secret,
    server_app,
)
from integrations_app.connections.changes import note
from integrations_app.connections.models import AppKind, Connection, OAuthApp, Status
from integrations_app.connections.repository import Connections, OAuthApps
from integrations_app.errors import Conflict, InvalidInput
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import MASK, Secret
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.auth import OAuth2
from integrations_app.sdk.provider import Provider
from integrations_app.settings import Settings

LONGEST_CLIENT_ID = 200


@dataclass(frozen=True, slots=True)
class AppOption:
    """One app that can be used, for the provider page; never its secret."""

    kind: str
    id: str | None
    client_id: str
    callback_url: str
    refusal: str
    """Why the vendor will refuse the callback URL; empty when it will not."""
    chosen: bool
    """Used when nothing else is asked for."""
    used_by: int
    has_signing_secret: bool = False


@dataclass(frozen=True, slots=True)
class AppDescription:
    """All that the App tab of a provider page shows."""

    options: tuple[AppOption, ...]
    scopes: tuple[str, ...]
    new_app_id: str
    """Register under this id: the callback URL below belongs to it."""
    new_callback_url: str
    new_refusal: str
    help: str
    """Markdown."""


async def register_app(
    hub: Hub,
    actor: Actor,
    provider_key: str,
    *,
    client_id: str,
    client_secret: Secret,
    signing_secret: Secret | None = None,
    app_id: str | None = None,
) -> str:
    """Register an organisation's own OAuth client and return its id. Needs MANAGE_CONNECTIONS.

    `app_id` is the id a description offered, whose callback URL was entered at the vendor. Raises InvalidInput
    by field, Conflict `app_exists`.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    provider = hub.registry.get(provider_key)
    require_oauth(provider)
    _check_fields(client_id, client_secret, signing_secret, app_id)
    chosen = app_id or hub.new_id()

    def write(session: Session) -> str:
        apps = OAuthApps(session, actor.organization_id)
        if apps.find(chosen) is not None:
            raise Conflict("app_exists", "This app is registered already.")
        now = hub.clock()
        row = OAuthApp(
            organization_id=actor.organization_id,
            id=chosen,
            provider=provider.key,
            client_id=client_id.strip(),
            client_secret=b"",
            created_at=now,
            updated_at=now,
        )
        row.client_secret = seal_app_secret(hub, session, row, CLIENT_SECRET, client_secret)
        row.signing_secret = (
            seal_app_secret(hub, session, row, SIGNING_SECRET, signing_secret) if signing_secret else None
        )
        apps.add(row)
        note(hub, session, actor, "oauth_app.registered", chosen, provider=provider.key, client_id=row.client_id)
        return chosen

    return await hub.database.write(write)


def _check_fields(
    client_id: str, client_secret: Secret | None, signing_secret: Secret | None, app_id: str | None
) -> None:
    wrong: dict[str, str] = {}
    if not client_id.strip() or len(client_id) > LONGEST_CLIENT_ID:
        wrong["client_id"] = "is needed, at most 200 characters"
    for field, secret in ((CLIENT_SECRET, client_secret), (SIGNING_SECRET, signing_secret)):
        if secret is not None and not secret:
            wrong[field] = "must not be empty"
    if app_id is not None and not is_id(app_id):
        wrong["app_id"] = "is not an id"
    if wrong:
        raise InvalidInput(wrong)


async def update_app(
    hub: Hub,
    actor: Actor,
    app_id: str,
    *,
    client_id: str | None = None,
    client_secret: Secret | None = None,
    signing_secret: Secret | None = None,
) -> None:
    """Change an own app; a secret that is absent or masked stays, an empty one is InvalidInput."""
    actor.require(Permission.MANAGE_CONNECTIONS)
    _check_fields("-" if client_id is None else client_id, client_secret, signing_secret, None)

    def write(session: Session) -> None:
        row = OAuthApps(session, actor.organization_id).get(app_id)
        secrets = {CLIENT_SECRET: open_app_secret(hub, session, row, CLIENT_SECRET, row.client_secret)}
        if row.signing_secret:
            secrets[SIGNING_SECRET] = open_app_secret(hub, session, row, SIGNING_SECRET, row.signing_secret)
        given = {CLIENT_SECRET: client_secret, SIGNING_SECRET: signing_secret}
        changed = {name: one for name, one in given.items() if one is not None and one != Secret(MASK)}
        row.secret_version += 1
        sealed = {name: seal_app_secret(hub, session, row, name, one) for name, one in (secrets | changed).items()}
        row.client_secret, row.signing_secret = sealed[CLIENT_SECRET], sealed.get(SIGNING_SECRET)
        row.client_id = client_id.strip() if client_id else row.client_id
        row.updated_at = hub.clock()
        session.add(row)
        session.flush()
        note(hub, session, actor, "oauth_app.updated", app_id, secrets=sorted(changed))

    await hub.database.write(write)


async def delete_app(hub: Hub, actor: Actor, app_id: str) -> None:
    """Forget an own app. Raises Conflict `app_in_use` while a connection was made with it."""
    actor.require(Permission.MANAGE_CONNECTIONS)

    def write(session: Session) -> None:
        apps = OAuthApps(session, actor.organization_id)
        row = apps.get(app_id)
        users = Connections(session, actor.organization_id).list_by_app(app_id)
        if users:
            names = ", ".join(one.name for one in users[:5])
            raise Conflict("app_in_use", f"Disconnect what was connected with this app first: {names}.")
        apps.remove(row)
        note(hub, session, actor, "oauth_app.deleted", app_id, provider=row.provider, client_id=row.client_id)

    await hub.database.write(write)


async def describe_app(hub: Hub, actor: Actor, provider_key: str) -> AppDescription:
    """What can be used to connect, and how to register an own app; opens no secret."""
    actor.require(Permission.VIEW)
    provider = hub.registry.get(provider_key)
    oauth = require_oauth(provider)
    new_id = hub.new_id()

    def read(session: Session) -> tuple[list[OAuthApp], list[Connection]]:
        rows = OAuthApps(session, actor.organization_id).list_by_provider(provider.key)
        return rows, Connections(session, actor.organization_id).list_by_provider(provider.key)

    rows, connections = await hub.database.read(read)
    callback_url = hub.settings.public_url + callback_path(provider.key, new_id)
    scopes = askable_scopes(provider)
    events_url = f"{callback_url.removesuffix('/callback')}/events"
    text = oauth.app_help.replace("{callback_url}", callback_url).replace("{events_url}", events_url)
    return AppDescription(
        options=_options(hub, provider, oauth, rows, connections),
        scopes=scopes,
        new_app_id=new_id,
        new_callback_url=callback_url,
        new_refusal=_refusal(hub.settings, provider, oauth, callback_url),
        help=text.replace("{scopes}", oauth.scope_separator.join(scopes)),
    )


def _refusal(settings: Settings, provider: Provider, oauth: OAuth2, callback_url: str) -> str:
    if oauth.redirect_refusal is None:
        return ""
    bases = reach(settings, provider, AppKind.SERVER.value).bases
    return oauth.redirect_refusal(callback_url, bases) or ""


def _options(
    hub: Hub, provider: Provider, oauth: OAuth2, rows: list[OAuthApp], connections: list[Connection]
) -> tuple[AppOption, ...]:
    found: list[AppOption] = []

    def add(kind: AppKind, app_id: str | None, client_id: str, callback_url: str, *, signed: bool = False) -> None:
        refusal = "" if kind is AppKind.SANDBOX else _refusal(hub.settings, provider, oauth, callback_url)
        same = [one for one in connections if one.app_kind == kind.value and one.status != Status.DISCONNECTED.value]
        used_by = sum(1 for one in same if kind is not AppKind.ORGANIZATION or one.app_id == app_id)
        found.append(AppOption(kind.value, app_id, client_id, callback_url, refusal, not found, used_by, signed))

    for row in rows:
        url = hub.settings.public_url + callback_path(provider.key, row.id)
        add(AppKind.ORGANIZATION, row.id, row.client_id, url, signed=row.signing_secret is not None)
    for app in (server_app(hub.settings, provider), sandbox_app(hub.settings, provider, None)):
        if app is not None:
            add(app.kind, app.id, app.client_id, app.callback_url)
    return tuple(found)
