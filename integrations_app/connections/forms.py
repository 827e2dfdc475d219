"""Reads what a person entered for a connection: name, settings, secrets, each checked by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from integrations_app.connections.addresses import moved_bases, reach
from integrations_app.connections.models import Connection
from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress import parse_target
from integrations_app.kit.secret import MASK, Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import SecretField, TypedSecrets
from integrations_app.sdk.forms import Address
from integrations_app.sdk.provider import Provider

UNKNOWN = "unknown_field"
LONGEST_NAME = 200
LONGEST_SECRET = 16 * 1024
PORT_DENIED = "port_denied"


def checked_name(name: object) -> str:
    """A name without blanks around it; raises InvalidInput."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput({"name": "is needed"})
    if len(name.strip()) > LONGEST_NAME:
        raise InvalidInput({"name": f"is longer than {LONGEST_NAME} characters"})
    return name.strip()


def checked_settings(provider: Provider, settings: object) -> dict[str, Any]:
    """Settings as the provider's model dumps them; raises InvalidInput with paths below `settings`."""
    if not isinstance(settings, Mapping):
        raise InvalidInput({"settings": "is not an object"})
    try:
        model = provider.settings.model_validate(dict(settings))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        unknown = any(one["type"] == "extra_forbidden" for one in found)
        fields = {".".join(("settings", *map(str, one["loc"]))): str(one["msg"]) for one in found}
        raise InvalidInput(fields, "", UNKNOWN if unknown else "invalid_input") from None
    return model.model_dump(mode="json")


def judge_addresses(hub: Hub, provider: Provider, row: Connection, before: Mapping[str, Any] | None = None) -> None:
    """Ask the door about every address in the settings of a row that is not as `before`, as far as it can say now.

    What a name stands for is judged when it is called. Raises InvalidInput with `url_*`, `port_denied` or
    `egress_denied`.
    """
    wrong: dict[str, EgressDenied] = {}
    for name in _address_fields(provider):
        address = row.settings.get(name)
        if not address:
            continue
        try:
            if before is None or before.get(name) != address:
                passport = reach(hub.settings, provider, row.app_kind, moved_bases(provider, row.settings)).passport
                hub.door.check_url(address, passport)
        except EgressDenied as error:
            wrong[f"settings.{name}"] = error
    if wrong:
        reason = next(iter(wrong.values())).reason
        code = reason if reason.startswith("url_") or reason == PORT_DENIED else EgressDenied.code
        raise InvalidInput({field: _refused(error) for field, error in wrong.items()}, "", code)


def moves_origin(provider: Provider, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an address that was there leads to another origin now."""
    return any(
        before.get(name) and (not after.get(name) or _origin(before[name]) != _origin(after[name]))
        for name in _address_fields(provider)
    )


def _origin(address: str) -> tuple[str, str, int]:
    return parse_target(address).origin


def _address_fields(provider: Provider) -> list[str]:
    fields = provider.settings.model_fields
    return [name for name, info in fields.items() if any(isinstance(one, Address) for one in info.metadata)]


def _refused(error: EgressDenied) -> str:
    return f"is an address that may not be called ({error.reason}): correct it, or ask the operator to allow it"


def changed_secrets(provider: Provider, secrets: object) -> dict[str, Secret]:
    """The secrets that change: absent and masked ones stay as they are, an empty optional one shall go.

    Raises InvalidInput for another empty one.
    """
    if not isinstance(secrets, Mapping):
        raise InvalidInput({"secrets": "is not an object"})
    changed: dict[str, Secret] = {}
    known = [field for kind in provider.typed for field in kind.fields]
    for field, value in secrets.items():
        secret = _secret(f"secrets.{field}", value, [one for one in known if one.name == field])
        if secret is not None and secret != Secret(MASK):
            changed[str(field)] = secret
    return changed


def _secret(path: str, value: object, declared: Sequence[SecretField]) -> Secret | None:
    """`declared` is how the ways to connect name it."""
    if value is None:
        return None
    if not isinstance(value, str | Secret):
        raise InvalidInput({path: "is not a text"})
    text = value.reveal("validate a typed secret") if isinstance(value, Secret) else value
    if not text.strip() and any(field.optional for field in declared):
        return Secret("")
    if not text.strip():
        raise InvalidInput({path: "must not be empty; leave it out to keep the stored one"})
    refused = "\0" if any(field.lines > 1 for field in declared) else "\r\n\0"
    if len(text) > LONGEST_SECRET or any(mark in text for mark in refused):
        raise InvalidInput({path: "is too long or holds a line break"})
    return value if isinstance(value, Secret) else Secret(text.strip())


def typed_kind(provider: Provider, auth_kind: str | None, secrets: Mapping[str, Secret]) -> TypedSecrets:
    """Which of the provider's typed ways to connect this is: the one named, else the one with these fields.

    Raises InvalidInput: `unknown_field` for a secret that no way has, else what is missing.
    """
    named = [kind for kind in provider.typed if auth_kind in (None, kind.kind)]
    if not named:
        raise InvalidInput({"auth_kind": f"is none of {provider.name}'s"})
    for kind in named:
        if set(kind.needed) <= set(secrets) <= {field.name for field in kind.fields}:
            return kind
    known = {field.name for kind in named for field in kind.fields}
    unknown = {f"secrets.{field}": "is not a secret of this provider" for field in secrets if field not in known}
    if unknown:
        raise InvalidInput(unknown, "", UNKNOWN)
    closest = next((kind for kind in named if {field.name for field in kind.fields} & set(secrets)), named[0])
    missing = {f"secrets.{name}": "is needed" for name in closest.needed if name not in secrets}
    raise InvalidInput(missing or {"secrets": "belong to several ways to connect"})
