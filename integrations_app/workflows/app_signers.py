"""Who signs the events of an app: the server's, the sandbox's, or an organisation's own."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from integrations_app.connections.app_choice import callback_path, signing_secret
from integrations_app.connections.models import AppKind, Connection, OAuthApp
from integrations_app.errors import NotFound
from integrations_app.kit.columns import is_id
from integrations_app.kit.secret import Secret
from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.provider import Provider

WHY = "an app's event names its organisations only by the account at the vendor"
SIGNING_SECRET = "SIGNING_SECRET"  # noqa: S105 - the name of a setting


@dataclass(frozen=True, slots=True)
class Signer:
    """An app that may have signed a delivery."""

    app_kinds: tuple[str, ...]
    """Kinds of the connections that may hear of it."""
    secret: Secret
    organization_id: str = ""
    app_id: str | None = None

    def connections(self, *, made_with_app: bool = False) -> tuple[ColumnElement[bool], ...]:
        """The conditions on connections of this app; with `made_with_app` without tokens that people pasted."""
        kinds = [kind for kind in self.app_kinds if not (made_with_app and kind == AppKind.NONE.value)]
        found: tuple[ColumnElement[bool], ...] = (col(Connection.app_kind).in_(kinds),)
        if self.app_id is not None:
            found += (col(Connection.organization_id) == self.organization_id, col(Connection.app_id) == self.app_id)
        return found


def signers(hub: Hub, session: Session, provider: Provider, app_id: str | None) -> list[Signer]:
    """The server's and the sandbox's app as far as they have a signing secret, or an organisation's own, by its id.

    Raises NotFound for an id that is none, and what opening the secret raises.
    """
    if app_id is not None:
        return _own(hub, session, provider, app_id)
    found: list[Signer] = []
    secret = hub.settings.provider_secret(provider.key, SIGNING_SECRET)
    if secret:
        # A pasted token may be of the same app: the operator's own.
        found.append(Signer((AppKind.SERVER.value, AppKind.NONE.value), secret))
    if hub.settings.sandbox and provider.sandbox is not None and provider.sandbox.signing_secret:
        found.append(Signer((AppKind.SANDBOX.value,), Secret(provider.sandbox.signing_secret)))
    return found


def _own(hub: Hub, session: Session, provider: Provider, app_id: str) -> list[Signer]:
    if not is_id(app_id):
        raise NotFound("There is no such endpoint.")
    with across_organizations(WHY):
        row = session.scalars(select(OAuthApp).where(col(OAuthApp.id) == app_id)).one_or_none()
    if row is None or row.provider != provider.key:
        raise NotFound("There is no such endpoint.")
    secret = signing_secret(hub, session, row)
    return [Signer((AppKind.ORGANIZATION.value,), secret, row.organization_id, app_id)] if secret else []


def is_heard(hub: Hub, session: Session, provider: Provider, row: Connection) -> bool:
    """Whether deliveries of the app that a connection was made with could be verified here; False without an app."""
    if row.app_kind == AppKind.NONE.value or provider.events is None:
        return False
    try:
        found = signers(hub, session, provider, _own_id(row))
    except NotFound:  # the organisation's app was removed
        return False
    return any(row.app_kind in one.app_kinds for one in found)


def events_url(hub: Hub, row: Connection) -> str:
    """The address that the app of a connection must send its events to."""
    return f"{hub.settings.public_origin}{callback_path(row.provider, _own_id(row)).removesuffix('/callback')}/events"


def _own_id(row: Connection) -> str | None:
    return row.app_id if row.app_kind == AppKind.ORGANIZATION.value else None
