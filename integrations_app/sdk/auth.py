"""The ways a vendor lets us in, declared as values."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from integrations_app.kit.egress import ClientCertificate
from integrations_app.kit.secret import Secret


class Pkce(StrEnum):
    """Whether the authorize URL carries an S256 challenge (RFC 7636)."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token answer gave: secrets, their life, and what the vendor said beside them."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_in: int | None = None
    """Seconds from receipt; None when the vendor does not say."""
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    """Public facts that come with the token and must survive a refresh (an instance URL, a bot's id)."""


def lifetime(value: object) -> int | None:
    """The seconds of an `expires_in`, which vendors send as number or text; None for what is no number at all."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        return None


ParseGrant = Callable[[Mapping[str, Any]], Grant]
"""Turns the vendor's token answer into a Grant; raises `Rejected(code, message)` when it is an error in disguise."""


class AppCredentials(Protocol):
    """What a revocation hook may know of the OAuth app."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Authorization code grant.

    Paths are relative to the provider's `web` base address, but see `token_base`, unless they are whole addresses.
    """

    authorize_path: str
    token_path: str
    parse_grant: ParseGrant
    identity_scopes: tuple[str, ...] = ()
    """Asked always: without them `check` cannot tell who we are."""
    default_scopes: tuple[str, ...] = ()
    """Asked on every connect, beside those of the actions and triggers in use: what a first workflow usually needs."""
    optional_scopes: Mapping[str, str] = field(default_factory=dict)
    """Scopes that a person may add and that are asked for when a workflow needs them, each with what it is good for."""
    implied_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a broad scope contains: the vendor names only the broad one when it tells what was granted."""
    scope_separator: str = " "
    token_base: str = "web"  # noqa: S105 - the name of an address
    """Name of the base address that `token_path` is below: some vendors give tokens where their API is."""
    pkce: Pkce = Pkce.ON
    client_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_post"
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    revoke: "Callable[[Any], Awaitable[None]] | None" = None
    """Takes a `RevokeContext` (sdk.context); ends the grant at the vendor."""
    redirect_refusal: Callable[[str, Mapping[str, str]], str | None] | None = None
    """`(callback URL, base addresses)`: why the vendor will refuse it, told before the click; None when it takes it."""
    ca_pem: str = ""
    """Trusted beside the usual certificates where tokens are given."""
    certificate: ClientCertificate | None = None
    """Proves us where tokens are given, if that is its origin."""
    usual_life: int | None = None
    """Seconds an access token lives when its answer does not say; None: renew it daily, and when it is refused."""
    app_help: str = ""
    """Markdown: how to register an app at the vendor. `{callback_url}`, `{events_url}` and `{scopes}` are filled in."""

    kind: Literal["oauth2"] = "oauth2"
    title: str = "OAuth"

    def missing_scopes(self, needed: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """The `needed` scopes that `granted` does not hold. No scopes granted means that they are not known: none."""
        held = {scope for name in granted for scope in (name, *self.implied_scopes.get(name, ()))}
        return tuple(scope for scope in needed if scope not in held) if granted else ()


@dataclass(frozen=True, slots=True)
class SecretField:
    """One secret a person types: stored sealed under `name`, never shown again."""

    name: str
    title: str
    help: str = ""
    optional: bool = False
    lines: int = 1
    """How high its control is; only a text of several lines may hold line breaks."""
    part_of: str = ""
    """The name of another one, without which this one has no use: removing that one removes this one."""
    group: str = ""
    """Folded away in the form under this name."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Where an access token is asked for with a client's own secret (RFC 6749 section 4.4), and how."""

    url: str
    client_id: str
    scope: str = ""
    client_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    ca_pem: str = ""
    """Trusted beside the usual certificates."""
    certificate_url: str = ""
    """The URL whose origin the connection's client certificate is for: it is shown here too when this is its origin."""


@dataclass(frozen=True, slots=True)
class TypedSecrets:
    """Credentials that a person pastes. `fields` are secrets; the settings model holds what is public."""

    kind: Literal[
        "access_token",
        "api_key",
        "bearer",
        "basic",
        "certificate",
        "digest",
        "none",
        "client_credentials",
        "hmac",
        "standard_webhooks",
    ]
    title: str
    fields: tuple[SecretField, ...] = ()
    settings: tuple[str, ...] = ()
    """Settings fields that matter only with this way to connect."""
    token: Callable[[BaseModel], TokenRequest] | None = None
    """`(settings of a connection)`: the secret `client_secret` buys an access token there, renewed before it ends."""
    judge: "Judge | None" = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of the secrets that are not optional."""
        return tuple(field.name for field in self.fields if not field.optional)


Judge = Callable[[BaseModel, Mapping[str, Secret], datetime], Mapping[str, Secret]]
"""`(settings of a connection, its secrets, now)`: the secrets as they are to be kept. Raises InvalidInput by field for
what does not go together. They are all of them when one changes, in a thread; and none when only settings do."""

ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of the field, not a secret
REFRESH_TOKEN = "refresh_token"  # noqa: S105
CLIENT_SECRET = "client_secret"  # noqa: S105


def pasted_token(title: str = "Access token", help_text: str = "") -> TypedSecrets:
    """Let a person paste a token instead of going through OAuth."""
    return TypedSecrets("access_token", title, (SecretField(ACCESS_TOKEN, title, help_text),))


Auth = OAuth2 | TypedSecrets
