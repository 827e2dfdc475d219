"""Where a vendor is reached for one kind of app, and the passport that lets the calls through the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations_app.connections.models import AppKind
from integrations_app.errors import Conflict
from integrations_app.kit.egress import Passport
from integrations_app.kit.secret import Secret
from integrations_app.sdk.provider import Provider
from integrations_app.settings import Settings

SANDBOX_PATH = "/sandbox"
SANDBOX_MARK = "sandbox"
"""Stands in every token of the emulation: nothing that a vendor hands out by chance."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Base addresses by name, and what the door grants for them."""

    bases: Mapping[str, str]
    passport: Passport


def reach(settings: Settings, provider: Provider, app_kind: str) -> Reach:
    """Decide the addresses and the passport; raises Conflict `sandbox_off` when the sandbox is gone.

    Only a connection made with the sandbox's app may call the product's own port, and only below the
    emulated vendor's path; it may call nothing else. Origins that the operator set are open to their provider.
    """
    if app_kind == AppKind.SANDBOX.value:
        return _sandbox(settings, provider)
    bases = provider.base_addresses(lambda variable: settings.provider(provider.key, variable))
    moved = (settings.provider(provider.key, base.variable) for base in provider.bases.values() if base.variable)
    origins = tuple(sorted({_origin(address) for address in moved if address}))
    return Reach(bases, Passport(origins=origins, hosts=provider.hosts or None))


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
