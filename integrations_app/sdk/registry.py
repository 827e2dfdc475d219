"""Discovery: one folder per provider below `integrations_app.providers`, and those of installed packages."""

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib import import_module
from pkgutil import iter_modules

from integrations_app.errors import NotFound
from integrations_app.sdk.actions import Action
from integrations_app.sdk.installed import LeftOut, find_installed
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.triggers import Events, Trigger
from integrations_app.sdk.workflow_templates import WorkflowTemplate, load_templates

PACKAGE = "integrations_app.providers"


class Registry:
    """The providers of this process, by key, in order of name."""

    def __init__(self, providers: Iterable[Provider], left_out: Iterable[LeftOut] = ()) -> None:
        """Keep them; raises ValueError when two have the same key. `left_out` are installed ones that are broken."""
        self.left_out = tuple(left_out)
        self._by_key: dict[str, Provider] = {}
        for provider in sorted(providers, key=lambda one: one.name.lower()):
            if provider.key in self._by_key:
                raise ValueError(f"two providers are called {provider.key}")
            self._by_key[provider.key] = provider
        self._presets = {preset.kind: preset for provider in self._by_key.values() for preset in provider.presets}
        for kind in self._presets:
            if kind in self._by_key:
                raise ValueError(f"{kind} is the key of a provider and a preset of another")

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_key.values())

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def get(self, key: str) -> Provider:
        """Return the provider; raises NotFound for an unknown key."""
        try:
            return self._by_key[key]
        except KeyError:
            raise NotFound("There is no such provider.") from None

    @property
    def senders(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of all whose signatures are known, providers and presets, in order of name."""
        providers = [(one.key, one.name) for one in self if one.events is not None]
        presets = [(one.kind, one.name) for one in self._presets.values()]
        return tuple(sorted([*providers, *presets], key=lambda one: one[1].lower()))

    @cached_property
    def templates(self) -> tuple[WorkflowTemplate, ...]:
        """Every provider's ready workflows; read from their folders on first use."""
        return tuple(one for provider in self for one in load_templates(provider.key, provider.folder))

    def events(self, kind: str) -> Events | None:
        """How deliveries to an endpoint of that kind are verified and read; None for a generic kind."""
        if kind in self._by_key:
            return self._by_key[kind].events
        preset = self._presets.get(kind)
        return preset.events if preset else None

    def action(self, reference: str) -> tuple[Provider, Action]:
        """Resolve `provider.action`; raises NotFound."""
        key, _, name = reference.partition(".")
        provider = self.get(key)
        found = provider.action(name)
        if found is None:
            raise NotFound(f"{provider.name} has no action {name!r}.")
        return provider, found

    def trigger(self, reference: str) -> tuple[Provider, Trigger]:
        """Resolve `provider.trigger`; raises NotFound."""
        key, _, name = reference.partition(".")
        provider = self.get(key)
        found = provider.trigger(name)
        if found is None:
            raise NotFound(f"{provider.name} has no trigger {name!r}.")
        return provider, found


def discover() -> list[Provider]:
    """Import every provider folder of the product and return what each declares as `provider`; raises what is wrong."""
    package = import_module(PACKAGE)
    found = [import_module(f"{PACKAGE}.{module.name}").provider for module in iter_modules(package.__path__)]
    for item in found:
        if not isinstance(item, Provider):
            raise TypeError(f"{item!r} is not a Provider")
    return found


@cache
def registry() -> Registry:
    """The registry of this process, discovered once on first use: the product's providers and the installed ones."""
    own = discover()
    installed, left_out = find_installed({provider.key for provider in own})
    return Registry([*own, *installed], left_out)
