"""The provider interface: one frozen value that says all about a vendor."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from integrations_app.sdk.actions import Action, Paste
from integrations_app.sdk.auth import Auth, OAuth2, TypedSecrets
from integrations_app.sdk.context import Access, Account
from integrations_app.sdk.limits import Limits
from integrations_app.sdk.meanings import ErrorTable
from integrations_app.sdk.triggers import Events, Preset, Trigger


class Settings(BaseModel):
    """Public settings of a connection; the model is the form. Secrets never live here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class BaseAddress:
    """One base address of the vendor and the name of the variable that moves it.

    `variable` is looked up as `INTEGRATIONS_<KEY>_<variable>`. When it is not set and another base was
    moved, `derive` builds the address from that one: `{web}/api`.
    """

    default: str
    variable: str = ""
    derive: str = ""


@dataclass(frozen=True, slots=True)
class SandboxApp:
    """The registration that the emulated vendor knows, and where it lives under the sandbox's root."""

    client_id: str
    client_secret: str
    bases: Mapping[str, str]
    """Path of each base address below the sandbox's root, e.g. `{"web": "/vendor"}`."""
    signing_secret: str = ""
    """What it signs the events of the app with, for a vendor with one secret per app."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A vendor as the product sees it. Everything else in the house knows vendors only through this."""

    key: str
    name: str
    summary: str
    docs_url: str
    logo: str
    """Name of an icon file in the provider's folder (SVG), served by the product."""
    folder: Path
    auth: tuple[Auth, ...]
    """First is the default way to connect."""
    settings: type[Settings]
    open_client: Callable[[Access], Any]
    """Builds the authorised client from an Access; cheap, opens no connection."""
    check: Callable[[Any], Awaitable[Account]]
    """`(client) -> Account`: who are we? Needs no scope beyond `identity_scopes`; raises errors.py's errors."""
    close_client: Callable[[Any], Awaitable[None]] | None = None
    address: Callable[[Access], str] = lambda access: f"{access.bases['api' if 'api' in access.bases else 'web']}/"
    """An address that a connection's calls go to: where a look begins whether the vendor can be reached."""
    trust: Callable[[Access], str] = lambda _access: ""
    """Authorities (PEM) that a connection's calls trust beside the usual ones."""
    paste: Paste | None = None
    """A text that fills the form of a new connection, its secrets excepted."""
    trial: str = ""
    """The action that the provider's page offers to try with a connection: one with a preview."""
    checks_idle: bool = True
    """Whether `check` may be run unasked from time to time: it changes nothing there, whoever answers."""
    actions: tuple[Action, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    events: Events | None = None
    presets: tuple[Preset, ...] = ()
    """Signatures of other senders, for endpoints that a person opens."""
    bases: Mapping[str, BaseAddress] = field(default_factory=dict)
    moved_bases: Callable[[BaseModel], Mapping[str, str]] | None = None
    """`(settings of a connection) -> base addresses by name` that they move, each an https address on one of `hosts`:
    for a vendor with several places to sign in. The emulation stays where it is."""
    hosts: tuple[str, ...] = ()
    """Hosts its client may call, exact or `*.suffix`; empty means any public host (a person names the address)."""
    sandbox: SandboxApp | None = None
    secret_patterns: tuple[str, ...] = ()
    """Regular expressions of the vendor's token shapes, for redaction."""
    reconnect_codes: frozenset[str] = frozenset()
    """The vendor's codes for a dead grant, when the token endpoint answers one of them."""
    app_codes: frozenset[str] = frozenset()
    """The vendor's codes for a wrong OAuth app (id, secret), when the token endpoint answers one of them."""
    expired_codes: frozenset[str] = frozenset()
    """Values of `ReconnectRequired.vendor_code` that a refresh may cure: try one before asking a person."""
    limits: Limits = field(default_factory=Limits)
    """What its answers say of the calls that are left."""
    errors: ErrorTable = field(default_factory=dict)
    """What the vendor's codes mean for the caller."""

    def base_addresses(self, moved: Callable[[str], str | None]) -> dict[str, str]:
        """Where the vendor lives: `moved(variable)` gives the operator's address of a base, None when not set."""
        given = {name: address for name, base in self.bases.items() if (address := _address(base, moved))}
        found = {name: given.get(name, base.default.rstrip("/")) for name, base in self.bases.items()}
        for name, base in self.bases.items():
            if name not in given and base.derive and any(f"{{{other}}}" in base.derive for other in given):
                found[name] = base.derive.format(**found)
        return found

    def sandbox_addresses(self, root: str) -> dict[str, str]:
        """Where the emulated vendor lives below the sandbox's root address; empty without one."""
        paths = self.sandbox.bases if self.sandbox else {}
        return {name: f"{root.rstrip('/')}{path}" for name, path in paths.items()}

    @property
    def oauth(self) -> OAuth2 | None:
        """The OAuth declaration, when the vendor has one."""
        return next((auth for auth in self.auth if isinstance(auth, OAuth2)), None)

    @property
    def typed(self) -> tuple[TypedSecrets, ...]:
        """The ways to connect by typing secrets."""
        return tuple(auth for auth in self.auth if isinstance(auth, TypedSecrets))

    def action(self, key: str) -> Action | None:
        """Find an action by its key."""
        return next((item for item in self.actions if item.key == key), None)

    def trigger(self, key: str) -> Trigger | None:
        """Find a trigger by its key."""
        return next((item for item in self.triggers if item.key == key), None)


def _address(base: BaseAddress, moved: Callable[[str], str | None]) -> str:
    return ((moved(base.variable) if base.variable else None) or "").rstrip("/")
