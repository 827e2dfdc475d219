"""What the provider page shows: its catalogue, its OAuth apps and the form of one connection, as frozen rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from integrations_app.connections.apps import AppDescription
from integrations_app.connections.views import ConnectionView, TestResult
from integrations_app.sdk.auth import SecretField, TypedSecrets
from integrations_app.sdk.forms import Choice, Field, Widget, form_fields
from integrations_app.sdk.provider import Provider
from integrations_app.ui.components.form import FormField, form_field

SAFETY = {
    "idempotent": "Safe to repeat",
    "reconcilable": "Looked up before a repeat",
    "unknowable": "Held when the answer is lost",
}
KINDS = {"organization": "Your organization's app", "server": "This server's app", "sandbox": "Sandbox"}
SECRET = "secret:"  # noqa: S105 - a prefix, not a secret
"""Prefix of a secret's control, so that it can never be mistaken for a setting."""
REMOVE = "remove:"
"""Prefix of the box that removes a secret."""


@dataclass(frozen=True)
class CatalogueLine:
    """One action or trigger."""

    key: str
    title: str
    kind: str
    inputs: str
    scopes: str
    safety: str


@dataclass(frozen=True)
class AppLine:
    """One OAuth app that can be used."""

    id: str
    title: str
    client_id: str
    callback_url: str
    refusal: str
    chosen: bool
    own: bool


@dataclass(frozen=True)
class Fact:
    """One line of a test's result."""

    label: str
    value: str


@dataclass(frozen=True)
class TestView:
    """What a test found out."""

    __test__ = False  # no test class, whatever its name says to pytest

    ok: bool = True
    headline: str = ""
    facts: list[Fact] = field(default_factory=list)


def catalogue(provider: Provider) -> list[CatalogueLine]:
    """Every action and trigger of a provider."""
    actions = [
        CatalogueLine(
            key=f"{provider.key}.{one.key}",
            title=one.title,
            kind="Action",
            inputs=", ".join(item.label for item in form_fields(one.params)),
            scopes=", ".join(one.scopes),
            safety=SAFETY[one.repeat.value],
        )
        for one in provider.actions
    ]
    triggers = [
        CatalogueLine(
            key=f"{provider.key}.{one.key}",
            title=one.title,
            kind="Trigger",
            inputs=", ".join(item.label for item in form_fields(one.config)),
            scopes=", ".join(one.scopes),
            safety="",
        )
        for one in provider.triggers
    ]
    return [*actions, *triggers]


def app_lines(described: AppDescription) -> list[AppLine]:
    """The apps of the App tab."""
    return [
        AppLine(
            id=one.id or "",
            title=KINDS[one.kind],
            client_id=one.client_id,
            callback_url=one.callback_url,
            refusal=one.refusal,
            chosen=one.chosen,
            own=one.kind == "organization",
        )
        for one in described.options
    ]


def split_help(markdown: str) -> tuple[str, str]:
    """A provider's help as plain text, and the file to copy that stands fenced in it."""
    before, _, rest = markdown.partition("```")
    code, _, after = rest.partition("```")
    text = re.sub(r"<(https?://[^>]+)>", r"\1", re.sub(r"\*\*|`", "", f"{before.rstrip()}\n{after.lstrip()}"))
    return re.sub(r"\n[ \t]+", " ", text).strip(), code.partition("\n")[2].rstrip()


def connection_form(provider: Provider, kind: str, row: ConnectionView | None) -> list[FormField]:
    """Name, settings and secrets of one connection, or of a new one."""
    stored: Mapping[str, Any] = row.settings if row else {}
    name = Field("name", "Name", Widget.TEXT.value, help="How your colleagues will recognise it.")
    fields = [form_field(name, row.name if row else "")]
    hidden = _settings_of_other_ways(provider, kind)
    fields += [
        form_field(item, _as_text(stored[item.name]) if item.name in stored else None)
        for item in form_fields(provider.settings)
        if item.name not in hidden
    ]
    return fields + _secret_fields(provider, kind, row)


def _secret_fields(provider: Provider, kind: str, row: ConnectionView | None) -> list[FormField]:
    chosen = next((one for one in provider.typed if one.kind == kind), None)
    if chosen is None:
        return []
    return [_secret_field(one, row) for one in chosen.fields]


def _secret_field(one: SecretField, row: ConnectionView | None) -> FormField:
    needed, is_set = row is None and not one.optional, row is not None and one.name in row.fingerprints
    widget, name = Widget.PASSWORD.value, SECRET + one.name
    item = Field(name, one.title, widget, help=one.help, required=needed, rows=one.lines, group=one.group)
    removable = is_set and one.optional and not one.part_of
    return replace(form_field(item, "", is_set=is_set), remove_as=REMOVE + one.name if removable else "")


def _settings_of_other_ways(provider: Provider, kind: str) -> set[str]:
    own = {name for one in provider.typed if one.kind == kind for name in one.settings}
    return {name for one in provider.typed for name in one.settings} - own


def ways(provider: Provider) -> list[Choice]:
    """How one can connect."""
    return [Choice(one.kind, one.title) for one in provider.auth]


def is_typed(provider: Provider, kind: str) -> bool:
    """Whether this way to connect asks for something first: secrets, or where people of this vendor sign in."""
    typed = any(isinstance(one, TypedSecrets) and one.kind == kind for one in provider.auth)
    return typed or provider.moved_bases is not None


def takes_sandbox_token(provider: Provider, kind: str) -> bool:
    """Whether a typed secret may be one that the sandbox handed out."""
    return provider.sandbox is not None and any(one.kind == kind and one.fields for one in provider.typed)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    return "" if value is None else orjson.dumps(value).decode()


def read_form(provider: Provider, form: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Name, settings and secrets out of a submitted form.

    A secret left empty is not among them: keep the stored one. One that shall go is there as an empty text.
    """
    settings: dict[str, Any] = {}
    for item in form_fields(provider.settings):
        if item.widget == Widget.CHECKBOX.value:
            settings[item.name] = form.get(item.name) in ("on", True, "true")
        elif item.name in form:
            settings[item.name] = _typed(item, str(form[item.name]))
    secrets = {
        name.removeprefix(SECRET): str(value) for name, value in form.items() if name.startswith(SECRET) and value
    }
    secrets |= {name.removeprefix(REMOVE): "" for name, value in form.items() if name.startswith(REMOVE) and value}
    return str(form.get("name", "")).strip(), settings, secrets


def _typed(item: Field, text: str) -> Any:
    if item.widget == Widget.PAIRS.value and not text.lstrip().startswith("{"):
        lines = [line.partition(":") for line in text.splitlines() if line.strip()]
        return {name.strip(): value.strip() for name, colon, value in lines} if all(one[1] for one in lines) else text
    if item.type in {"object", "array", "any"} and text.strip():
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
    if text == "" and not item.required:
        return None if item.type in {"integer", "number"} else {"object": {}, "array": []}.get(item.type, "")
    return text


def with_errors(fields: list[FormField], errors: Mapping[str, str]) -> list[FormField]:
    """Put each error at its field."""
    said = {path.removeprefix("settings.").replace("secrets.", SECRET, 1): why for path, why in errors.items()}
    return [replace(one, error=said.get(one.name, "")) for one in fields]


def keep_typed(fields: list[FormField], form: Mapping[str, Any]) -> list[FormField]:
    """Show again what was typed, secrets excepted."""
    return [
        one if one.widget == "password" else replace(one, value=str(form.get(one.name, one.value))) for one in fields
    ]


def test_view(result: TestResult) -> TestView:
    """A test's result as lines."""
    facts = [Fact("Took", f"{result.milliseconds} ms")]
    if result.account_name:
        facts.insert(0, Fact("Account", result.account_name))
    facts += [Fact(label.replace("_", " ").capitalize(), value) for label, value in result.detail.items()]
    if result.scopes:
        facts.append(Fact("Scopes granted", ", ".join(result.scopes)))
    if result.missing_scopes:
        facts.append(Fact("Scopes still needed", ", ".join(result.missing_scopes)))
    headline = "The connection works." if result.ok else f"{result.message} {result.fix}".strip()
    return TestView(result.ok, headline, facts)
