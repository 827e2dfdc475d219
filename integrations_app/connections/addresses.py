"""Where a vendor is reached for one kind of app, and the passport that lets the calls through the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from integrations_app.connections.models import AppKind
from integrations_app.errors import Conflict, EgressDenied
from integrations_app.kit.egress import Passport, parse_target
from integrations_app.kit.secret import Secret
from integrations_app.sdk.provider import Provider
from integrations_app.settings import Settings

SANDBOX_PATH = "/sandbox"
_HTTPS = 443
SANDBOX_MARK = "sandbox"
"""Stands in every token of the emulation: nothing that a vendor hands out by chance."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Base addresses by name, and what the door grants for them."""

    bases: Mapping[str, str]
    passport: Passport


def reach(
    settings: Settings, provider: Provider, app_kind: str, moved: Mapping[str, str] = MappingProxyType({})
) -> Reach:
    """Decide the addresses and the passport; raises Conflict `sandbox_off` when the sandbox is gone.

    Only a connection made with the sandbox's app may call the product's own port, and only below the
    emulated vendor's path; it may call nothing else. Origins that the operator set are open to their provider.
    `moved` are the bases that the connection's settings move (`moved_bases`); they open nothing by themselves.
    """
    if app_kind == AppKind.SANDBOX.value:
        return _sandbox(settings, provider)
    bases = provider.base_addresses(lambda variable: settings.provider(provider.key, variable))
    given = (settings.provider(provider.key, base.variable) for base in provider.bases.values() if base.variable)
    origins = tuple(sorted({_origin(address) for address in given if address}))
    return Reach({**bases, **moved}, Passport(origins=origins, hosts=provider.hosts or None))


def moved_bases(provider: Provider, stored: Mapping[str, Any]) -> Mapping[str, str]:
    """The base addresses that a connection's stored settings move.

    Raises Conflict `settings_invalid` for settings that are none, and for an address that is not an https one on the
    provider's own hosts: the secret of the app is sent there.
    """
    if provider.moved_bases is None:
        return {}
    try:
        moved = provider.moved_bases(provider.settings.model_validate(dict(stored)))
        targets = [parse_target(address) for address in moved.values()]
    except (ValueError, EgressDenied) as error:
        raise Conflict("settings_invalid", "The settings of the connection must be saved again.") from error
    allowed = Passport(hosts=provider.hosts)
    if not all(one.scheme == "https" and one.port == _HTTPS and allowed.names(one.host) for one in targets):
        raise Conflict("settings_invalid", f"{provider.name} is not at that address.")
    return moved


def belongs_to_sandbox(settings: Settings, provider: Provider, secrets: Mapping[str, Secret]) -> bool:
    """Whether typed secrets say themselves that they are the emulation's; they must not be sent to the vendor."""
    if not settings.sandbox or provider.sandbox is None:
        return False
    return any(SANDBOX_MARK in secret.reveal("tell a sandbox token") for secret in secrets.values())


def _sandbox(settings: Settings, provider: Provider) -> Reach:
    if not settings.sandbox or provider.sandbox is None:
        raise Conflict("sandbox_off", "This connection leads to the sandbox, which is switched off.")
    root = settings.sandbox_origin + SANDBOX_PATH
    bases = provider.sandbox_addresses(root)
    vendors = {path.strip("/").partition("/")[0] for path in provider.sandbox.bases.values()}
    if len(vendors) != 1:
        raise ValueError(f"{provider.key}: the emulated vendor needs one folder below the sandbox")
    return Reach(bases, Passport(sandbox_prefix=f"{root}/{vendors.pop()}/", hosts=()))


def _origin(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"
