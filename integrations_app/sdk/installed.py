"""Providers of installed packages: each is loaded by itself, and one that is broken is left out with its reason."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from itertools import chain
from urllib.parse import urlsplit

from pydantic import BaseModel

from integrations_app.sdk.actions import Action, Params
from integrations_app.sdk.forms import form_fields
from integrations_app.sdk.provider import Provider, Settings
from integrations_app.sdk.triggers import Trigger
from integrations_app.sdk.workflow_templates import load_templates

ENTRY_POINTS = "integrations_app.providers"
_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An installed provider that cannot be used, and why, for the operator."""

    source: str
    """Distribution and entry point, as the installer wrote them."""
    reason: str


def find_installed(taken: Container[str]) -> tuple[list[Provider], list[LeftOut]]:
    """Load every entry point of the group, in order of name; never raises for what a package does wrong.

    `taken` are the keys that come with the product: nothing installed may stand in for one of them. Of two
    packages with one key the first stays, by the name of its distribution.
    """
    found: dict[str, Provider] = {}
    broken: list[LeftOut] = []
    for source, point in sorted(((_source(point), point) for point in entry_points(group=ENTRY_POINTS)), key=_first):
        try:
            provider = _declared(point.load())
            if provider.key in taken or provider.key in found:
                raise ValueError(f"there is another provider called {provider.key!r}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any fault of foreign code is that package's alone
            broken.append(LeftOut(source, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
        else:
            found[provider.key] = provider
    return list(found.values()), broken


def _first(pair: tuple[str, EntryPoint]) -> str:
    return pair[0]


def _source(point: EntryPoint) -> str:
    name = point.dist.name if point.dist is not None else "?"
    return f"{name} ({point.name} = {point.value})"


def _declared(item: object) -> Provider:
    """The provider, once everything that the product relies on at its start holds; raises ValueError or TypeError."""
    if not isinstance(item, Provider):
        raise TypeError(f"{item!r} is not a Provider")
    for fault in chain(_card(item), _addresses(item), _offers(item)):
        raise ValueError(fault)
    for model in _models(item):
        form_fields(model)
    load_templates(item.key, item.folder)
    return item


def _card(provider: Provider) -> Iterator[str]:
    if not isinstance(provider.key, str) or not _KEY.fullmatch(provider.key):
        yield f"key {provider.key!r} is not lower-case letters, digits and underscores"
    if not isinstance(provider.name, str) or not provider.name:
        yield "name is missing"
    if not (provider.folder / provider.logo).is_file():
        yield f"logo {provider.logo!r} is not in its folder"
    if not provider.auth:
        yield "auth is empty"
    if not issubclass(provider.settings, Settings):
        yield "settings is not a Settings model"
    for pattern in provider.secret_patterns:
        re.compile(pattern)


def _addresses(provider: Provider) -> Iterator[str]:
    """Bases are https, on hosts that the provider may call: a package cannot widen what it declared."""
    for name, base in provider.bases.items():
        parts = urlsplit(base.default)
        host = parts.hostname or ""
        if parts.scheme != "https":
            yield f"base {name!r} is not https"
        if not any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in provider.hosts):
            yield f"hosts does not name {host!r} of base {name!r}"
    for name in ("web", provider.oauth.token_base) if provider.oauth else ():
        if name not in provider.bases:
            yield f"OAuth2 needs the base {name!r}"


def _offers(provider: Provider) -> Iterator[str]:
    for kind, offered in ((Action, provider.actions), (Trigger, provider.triggers)):
        keys = [one.key if isinstance(one, kind) else "" for one in offered]
        if "" in keys:
            yield f"one of its {kind.__name__.lower()}s is none"
        if len(set(keys)) < len(keys):
            yield f"two of its {kind.__name__.lower()}s have one key"
    for action in provider.actions:
        if not issubclass(action.params, Params):
            yield f"the parameters of {action.key} are no Params model"


def _models(provider: Provider) -> Iterator[type[BaseModel]]:
    yield provider.settings
    yield from (action.params for action in provider.actions)
    yield from (trigger.config for trigger in provider.triggers)
