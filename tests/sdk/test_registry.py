"""Finding providers, and resolving references to what they offer."""

from dataclasses import replace

import pytest

from integrations_app.errors import NotFound
from integrations_app.sdk.provider import BaseAddress, SandboxApp
from integrations_app.sdk.registry import Registry, discover, registry

ONE = discover()[0]


def test_in_order_of_name() -> None:
    names = [provider.name for provider in registry()]
    assert names == sorted(names, key=str.lower)
    assert registry() is registry()


def test_references_are_resolved() -> None:
    provider = next(one for one in registry() if one.triggers)
    key, trigger = provider.actions[0].key, provider.triggers[0].key
    assert registry().action(f"{provider.key}.{key}") == (provider, provider.actions[0])
    assert registry().trigger(f"{provider.key}.{trigger}") == (provider, provider.triggers[0])
    assert provider.key in registry()


@pytest.mark.parametrize("reference", ["nobody.act", "nobody", "", f"{ONE.key}.nothing", f"{ONE.key}"])
def test_unknown_references(reference: str) -> None:
    with pytest.raises(NotFound):
        registry().action(reference)
    with pytest.raises(NotFound):
        registry().trigger(reference)


def test_two_providers_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match=ONE.key):
        Registry([ONE, replace(ONE, name="Another")])


def test_addresses() -> None:
    bases = {
        "web": BaseAddress("https://v.example/", "URL"),
        "api": BaseAddress("https://api.v.example", "API", "{web}/api"),
    }
    provider = replace(ONE, bases=bases, sandbox=SandboxApp("id", "secret", {"web": "/v", "api": "/v/api"}))
    assert provider.base_addresses(lambda _name: None) == {"web": "https://v.example", "api": "https://api.v.example"}
    assert provider.base_addresses({"URL": "http://own/"}.get) == {"web": "http://own", "api": "http://own/api"}
    assert provider.base_addresses({"URL": "http://own", "API": "http://a"}.get)["api"] == "http://a"
    assert provider.sandbox_addresses("http://s/sandbox/") == {
        "web": "http://s/sandbox/v",
        "api": "http://s/sandbox/v/api",
    }
    assert replace(provider, sandbox=None).sandbox_addresses("http://s") == {}
