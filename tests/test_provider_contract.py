"""What every provider must keep, checked by walking the registry; a new folder is checked without a line here."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from pydantic import BaseModel

from integrations_app import errors
from integrations_app.errors import MissingScope, RateLimited, ReconnectRequired
from integrations_app.sdk.actions import Action, Params, Repeat, Result
from integrations_app.sdk.auth import OAuth2
from integrations_app.sdk.forms import Choices, Field, Widget, choices_of, form_fields
from integrations_app.sdk.provider import Provider, Settings
from integrations_app.sdk.registry import discover, registry
from integrations_app.sdk.triggers import Inbound, Trigger
from integrations_app.sdk.workflow_templates import WorkflowTemplate
from integrations_app.workflows.definition import parse
from integrations_app.workflows.importing import fill
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint, problems, template_problems

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests" / "providers"
PROVIDERS = [pytest.param(provider, id=provider.key) for provider in registry()]
ACTIONS = [pytest.param(p, a, id=f"{p.key}.{a.key}") for p in registry() for a in p.actions]
TRIGGERS = [pytest.param(p, t, id=f"{p.key}.{t.key}") for p in registry() for t in p.triggers]
SNAKE = re.compile(r"[a-z][a-z0-9_]*")
MODULES = ("__init__.py", "client.py", "errors.py")
ACTIONS_AT = ("actions.py", "actions/__init__.py")


def models(provider: Provider) -> Iterator[type[BaseModel]]:
    """Every model that is drawn as a form."""
    yield provider.settings
    yield from (action.params for action in provider.actions)
    yield from (trigger.config for trigger in provider.triggers)


MODELS = [pytest.param(m, id=f"{p.key}-{m.__name__}") for p in registry() for m in models(p)]


def written_tests(provider: Provider) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((TESTS / provider.key).glob("test_*.py")))


def test_there_are_providers_and_their_keys_are_their_folders() -> None:
    found = discover()
    assert found
    for provider in found:
        assert provider.folder.name == provider.key
        assert SNAKE.fullmatch(provider.key)
    assert len({provider.key for provider in found}) == len(found)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_card_is_complete(provider: Provider) -> None:
    assert provider.name
    assert provider.summary.endswith(".")
    assert urlsplit(provider.docs_url).scheme == "https"
    assert provider.auth
    assert len({auth.kind for auth in provider.auth}) == len(provider.auth)
    assert all((provider.folder / name).is_file() for name in MODULES)
    assert sum((provider.folder / name).is_file() for name in ACTIONS_AT) == 1
    for pattern in provider.secret_patterns:
        re.compile(pattern)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_logo_is_an_svg_that_runs_and_loads_nothing(provider: Provider) -> None:
    text = (provider.folder / provider.logo).read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["viewBox"]
    assert not re.search(r"<script|\son\w+=|href|url\(|@import|<!ENTITY", text, re.IGNORECASE)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_bases_are_https_and_the_emulation_knows_each(provider: Provider) -> None:
    addresses = provider.base_addresses(lambda _variable: None)
    assert set(addresses) == set(provider.bases)
    for address in addresses.values():
        assert urlsplit(address).scheme == "https"
        assert not address.endswith("/")
        host = urlsplit(address).hostname or ""
        assert any(host == name or host.endswith(name.lstrip("*")) for name in provider.hosts)
    if provider.sandbox:
        assert set(provider.sandbox.bases) == set(provider.bases)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_oauth_says_how_to_register_and_knows_every_scope_that_is_needed(provider: Provider) -> None:
    oauth = provider.oauth
    if oauth is None:
        assert not any(isinstance(auth, OAuth2) for auth in provider.auth)
        return
    assert "{callback_url}" in oauth.app_help
    assert oauth.authorize_path.startswith("/")
    assert oauth.token_path.startswith("/")
    assert {"web", oauth.token_base} <= set(provider.bases)
    asked = (*oauth.identity_scopes, *oauth.default_scopes)
    of_triggers = (trigger.all_scopes for trigger in provider.triggers)
    for needed in [*(action.scopes for action in provider.actions), *of_triggers]:
        assert oauth.missing_scopes(needed, (*asked, *oauth.optional_scopes)) == ()
    assert not set(oauth.optional_scopes) & set(asked)
    assert all(reason.endswith(".") for reason in oauth.optional_scopes.values())
    assert provider.reconnect_codes


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_error_table_covers_dead_grants_and_limits(provider: Provider) -> None:
    meant = {meaning.error for meaning in provider.errors.values()}
    assert {ReconnectRequired, RateLimited} <= meant
    if provider.oauth:
        assert MissingScope in meant
        revoked_or_expired = [code for code, row in provider.errors.items() if row.error is ReconnectRequired]
        assert provider.expired_codes <= set(revoked_or_expired)
    for code, meaning in provider.errors.items():
        assert SNAKE.fullmatch(code)
        assert getattr(errors, meaning.error.__name__) is meaning.error
        assert meaning.advice.endswith(".") or meaning.error is MissingScope


def test_typed_secrets_name_known_settings() -> None:
    for provider in registry():
        for auth in provider.typed:
            assert set(auth.settings) <= set(provider.settings.model_fields)
            assert (auth.kind == "none") == (not auth.fields)
            for field in auth.fields:
                assert field.name not in provider.settings.model_fields
                assert field.title


@pytest.mark.parametrize("model", MODELS)
def test_every_field_has_a_title_and_a_control(model: type[BaseModel]) -> None:
    for name, info in model.model_fields.items():
        assert info.title or (info.metadata and any(getattr(item, "title", None) for item in info.metadata)), name
    for field in form_fields(model):
        assert field.label
        assert field.widget in set(Widget)


@pytest.mark.parametrize("model", MODELS)
def test_secrets_are_passwords_and_passwords_secrets(model: type[BaseModel]) -> None:
    for field in form_fields(model):
        text = str(model.model_fields[field.name].annotation)
        assert ("Secret" in text) == (field.widget == Widget.PASSWORD)


@pytest.mark.parametrize("model", MODELS)
def test_pickers_depend_on_fields_that_are_there(model: type[BaseModel]) -> None:
    for field in form_fields(model):
        picker = choices_of(model, field.name)
        assert (picker is not None) is field.picker
        assert set(picker.depends_on if picker else ()) <= set(model.model_fields) - {field.name}


@pytest.mark.parametrize("model", MODELS)
def test_the_schema_is_json_and_unknown_names_are_refused(model: type[BaseModel]) -> None:
    schema = json.loads(json.dumps(model.model_json_schema()))
    assert schema.get("additionalProperties") is False
    assert set(schema.get("properties", {})) == set(model.model_fields)
    for required in schema.get("required", []):
        assert next(field for field in form_fields(model) if field.name == required).required


@pytest.mark.parametrize("model", MODELS)
def test_defaults_survive_the_round_trip(model: type[BaseModel]) -> None:
    given = {name: sample(field) for name, field in ((f.name, f) for f in form_fields(model)) if field.required}
    built = model.model_validate(given)
    assert model.model_validate_json(built.model_dump_json()) == built


def sample(field: Field) -> Any:
    """A value for a required field, by its control."""
    by_type: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
    return by_type.get(field.type, field.options[0].value if field.options else field.placeholder or "x")


@pytest.mark.parametrize(("provider", "action"), ACTIONS)
def test_an_action_keeps_its_promises(provider: Provider, action: Action) -> None:
    assert provider.action(action.key) is action
    assert SNAKE.fullmatch(action.key)
    assert action.title
    assert not action.title.endswith(".")
    assert issubclass(action.params, Params)
    assert issubclass(action.result, Result)
    json.dumps(action.result.model_json_schema())
    assert (action.repeat is Repeat.RECONCILABLE) == (action.find is not None)


@pytest.mark.parametrize(("provider", "action"), ACTIONS)
def test_an_action_has_a_test(provider: Provider, action: Action) -> None:
    """Its key is run by name in a test module of its provider; what can be looked for, is looked for."""
    found = written_tests(provider)
    assert re.search(rf"\.run\(\s*\"{action.key}\"", found)
    assert action.find is None or re.search(rf"\.find\(\s*\"{action.key}\"", found)


@pytest.mark.parametrize(("provider", "trigger"), TRIGGERS)
def test_a_trigger_matches_its_own_example(provider: Provider, trigger: Trigger) -> None:
    assert provider.trigger(trigger.key) is trigger
    assert SNAKE.fullmatch(trigger.key)
    assert trigger.kinds
    assert trigger.title
    assert json.loads(json.dumps(trigger.example)) == trigger.example
    assert trigger.example
    assert provider.events is not None or trigger.poll is not None
    assert trigger.hooks is None or trigger.poll is None
    config = trigger.config.model_validate(trigger.example_config)
    assert trigger.matches(Inbound(trigger.kinds[0], "1", trigger.example), config)
    assert not trigger.matches(Inbound(trigger.kinds[0], "1", {}), config)


@pytest.mark.parametrize(("provider", "trigger"), TRIGGERS)
def test_a_trigger_has_a_test(provider: Provider, trigger: Trigger) -> None:
    assert f'"{trigger.key}"' in written_tests(provider)


def test_every_picker_has_a_test() -> None:
    """Somewhere in the provider's tests it is loaded as `Model, "field"`; fields with the same loader share it."""
    for provider in registry():
        found = written_tests(provider)
        pickers = [
            (model, field.name, picker.load)
            for model in models(provider)
            for field in form_fields(model)
            if (picker := choices_of(model, field.name)) is not None
        ]
        for load in {load for _, _, load in pickers}:
            places = [(model.__name__, name) for model, name, other in pickers if other is load]
            assert any(re.search(rf"\b{model}, \"{name}\"", found) for model, name in places), places


def test_no_settings_model_holds_a_secret() -> None:
    for provider in registry():
        assert issubclass(provider.settings, Settings)
        for info in provider.settings.model_fields.values():
            assert not re.search(r"\bSecret(Str)?\b", str(info.annotation))


def test_vendors_are_named_only_in_their_folders() -> None:
    """The rest of the house knows vendors through the registry alone."""
    package = ROOT / "integrations_app"
    outside = [
        path
        for path in package.rglob("*.py")
        if not path.is_relative_to(package / "providers") and not path.is_relative_to(package / "sandbox")
    ]
    named = {
        f"{path.relative_to(ROOT)}: {key}"
        for path in outside
        for key in (p.key for p in registry() if p.oauth)
        if re.search(rf"(?i)providers[./]{key}\b", path.read_text(encoding="utf-8"))
    }
    assert named == set()


def test_providers_are_islands() -> None:
    for provider in registry():
        others = "|".join(other.key for other in registry() if other is not provider)
        for path in provider.folder.rglob("*.py"):
            assert not re.search(rf"providers\.(?:{others})\b", path.read_text(encoding="utf-8")), path


def test_choices_are_loaded_by_coroutines() -> None:
    import inspect

    for provider in registry():
        for model in models(provider):
            for name in model.model_fields:
                picker = choices_of(model, name)
                assert picker is None or (isinstance(picker, Choices) and inspect.iscoroutinefunction(picker.load))


def connected(provider: Provider) -> KnownConnection:
    """A connection that may do everything."""
    oauth = provider.oauth
    scopes = (*oauth.identity_scopes, *oauth.default_scopes, *oauth.optional_scopes) if oauth else ()
    return KnownConnection(provider.key.ljust(32, "0"), provider.key, provider.key, "connected", scopes)


def test_there_are_templates_and_each_stands_with_a_provider() -> None:
    listed = registry().templates
    assert len(listed) >= 8
    assert {one.key.partition("/")[0] for one in listed} <= {provider.key for provider in registry()}
    assert len({one.title for one in listed}) == len(listed)


@pytest.mark.parametrize("template", [pytest.param(one, id=one.key) for one in registry().templates])
def test_a_template_can_be_published_once_it_is_filled_in(template: WorkflowTemplate) -> None:
    known = [connected(provider) for provider in registry()]
    taken = {f"{one.provider}:": one.id for one in known}
    endpoint = KnownEndpoint("e" * 32, str(template.asks.get("trigger.config.endpoint", "")))
    raw = json.loads(json.dumps(template.definition))
    left = problems(fill(parse(raw), taken, known, [endpoint]), registry(), known, [endpoint])
    assert {one.path for one in left} <= set(template.asks), left
    for path, example in template.asks.items():
        put(raw, path.split("."), example)
    filled = fill(parse(raw), taken, known, [endpoint])
    assert problems(filled, registry(), known, [endpoint]) == []
    assert template_problems(filled, registry()) == {}


def put(part: Any, path: list[str], value: Any) -> None:
    """Set what stands at the path, where nothing stands yet."""
    *outer, last = path
    for name in outer:
        part = part[int(name)] if isinstance(part, list) else part.setdefault(name, {})
    assert last not in part
    part[last] = value


def refusing_tests(provider: Provider) -> str:
    """The text, parameters included, of those tests of a provider in which something is refused."""
    folders = [*(TESTS / provider.key).glob("test_*.py"), TESTS / "test_refusals.py"]
    found = []
    for text in (path.read_text(encoding="utf-8") for path in folders):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                whole = [ast.get_source_segment(text, one) or "" for one in (*node.decorator_list, node)]
                if "raises" in whole[-1] or "refuse" in whole[-1]:
                    found.append("\n".join(whole))
    return "\n".join(found)


@pytest.mark.parametrize(("provider", "action"), ACTIONS)
def test_an_action_has_a_test_of_a_refusal(provider: Provider, action: Action) -> None:
    from tests.providers.test_refusals import CORE

    assert action.key in CORE.get(provider.key, ()) or f'"{action.key}"' in refusing_tests(provider)
