"""Every secret that this installation holds, opened for a scan."""

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.connections.app_choice import CLIENT_SECRET, SIGNING_SECRET, open_app_secret
from integrations_app.connections.credentials import open_secrets
from integrations_app.connections.models import OAuthApp
from integrations_app.connections.repository import Connections, OAuthApps
from integrations_app.errors import CredentialUnreadable
from integrations_app.kit.proxy_address import read_proxy
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault.root_keys import RootKeys, load_key_file
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import Organization
from integrations_app.workflows.models import Endpoint
from integrations_app.workflows.repository import Endpoints
from integrations_app.workflows.sealing import EndpointField, open_endpoint_secret

Labelled = tuple[str, Secret]
Opening = Callable[[], dict[str, Secret]]


def held_secrets(hub: Hub) -> tuple[list[Labelled], list[str]]:
    """Every secret with a label for people, and what could not be opened."""
    secrets, problems = list(_configured(hub)), []
    if hub.keyring.sealed:
        return secrets, [f"stored secrets were not looked for, the vault is sealed: {hub.keyring.sealed}"]

    def read(session: Session) -> None:
        for organization_id in session.execute(select(col(Organization.id))).scalars():
            for label, opening in _sealed(hub, session, organization_id):
                try:
                    secrets.extend((f"{field} of {label}", secret) for field, secret in opening().items())
                except CredentialUnreadable as error:
                    problems.append(f"{label} cannot be opened: {error}")

    hub.database.read_now(read)
    return secrets, problems


def _configured(hub: Hub) -> Iterator[Labelled]:
    """The root keys, and what the environment holds for the outer proxy and the providers."""
    listed = hub.settings.encryption_keys
    roots = RootKeys.parse(listed).keys if listed else (load_key_file(hub.settings.key_file),)
    yield from ((f"root key {key.id}", key.value) for key in roots)
    proof = read_proxy(hub.settings.egress_proxy)[2] if hub.settings.egress_proxy else None
    if proof is not None:
        yield "user and password of the outer proxy", proof
    for provider in hub.registry:
        for name in (CLIENT_SECRET, SIGNING_SECRET):
            secret = hub.settings.provider_secret(provider.key, name)
            if secret is not None:
                yield f"{name} of the server's {provider.name} app", secret


def _sealed(hub: Hub, session: Session, organization_id: str) -> Iterator[tuple[str, Opening]]:
    """What the organisation keeps sealed: a label and how to open it."""
    for row in Connections(session, organization_id).list_all():
        yield f"connection {row.id}", partial(open_secrets, hub, session, row)
    for provider in hub.registry:
        for app in OAuthApps(session, organization_id).list_by_provider(provider.key):
            yield f"OAuth app {app.id}", partial(_open_app, hub, session, app)
    for endpoint in Endpoints(session, organization_id).list_all():
        if endpoint.secret or endpoint.former_secret:
            yield f"endpoint {endpoint.id}", partial(_open_endpoint, hub, session, endpoint)


def _open_app(hub: Hub, session: Session, app: OAuthApp) -> dict[str, Secret]:
    sealed = {CLIENT_SECRET: app.client_secret, SIGNING_SECRET: app.signing_secret}
    return {
        field: open_app_secret(hub, session, app, field, envelope) for field, envelope in sealed.items() if envelope
    }


def _open_endpoint(hub: Hub, session: Session, endpoint: Endpoint) -> dict[str, Secret]:
    fields: tuple[EndpointField, ...] = ("secret", "former_secret")
    return {field: open_endpoint_secret(hub, session, endpoint, field) for field in fields if getattr(endpoint, field)}
