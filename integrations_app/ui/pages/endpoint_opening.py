"""Opening an endpoint from a form, in the editor and in the settings alike."""

from collections.abc import Mapping
from datetime import timedelta

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.kit.jwt import USUAL, TokenRule
from integrations_app.kit.secret import Secret
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.forms import Choice
from integrations_app.ui.hub import hub
from integrations_app.workflows.endpoint_terms import ALLOWED, MOST_ANSWER_SECONDS, Terms
from integrations_app.workflows.endpoints import CreatedEndpoint, EndpointRow, create_endpoint
from integrations_app.workflows.inbound import JWT, NONE

WAYS = (
    Choice("hmac_sha256", "Signature (X-Hub-Signature-256)"),
    Choice("standard_webhooks", "Signature (Standard Webhooks)"),
    Choice("bearer", "Bearer token"),
    Choice("basic", "User and password"),
    Choice("api_key", "API key"),
    Choice("jwt", "JSON Web Token"),
    Choice("none", "None: whoever knows the address"),
)
"""Ways that no vendor owns; those of vendors come from the registry."""
UNSIGNED_REFUSED = "Say that anybody may start the workflow, or choose how senders prove who they are."
MAX_ALLOWED_CHARS = 10_000
SECRET_BOX = "endpoint-secret"  # noqa: S105 - where it is shown
SHOWN_ONCE = "shown once to the person who opened the endpoint or replaced its secret"

GRACES = {"0": "No longer", "3600": "1 hour", "86400": "24 hours", "604800": "7 days"}
"""How long the secret before a rotation may be taken too, by seconds."""
DAY = "86400"
ROTATED = "Give the new secret to the sender. The former one is taken until its time ends."
ROTATED_AT_ONCE = "The former secret is refused from now on."
KEY_REPLACED = "Tokens that fit the new key are taken. The former one fits until its time ends."
KEY_REPLACED_AT_ONCE = "Tokens that fit the new key are taken, others no longer."


def words_of_rotation(row: EndpointRow) -> str:
    """What a person hears who has replaced a secret or a public key."""
    if row.rule.is_shared:
        return ROTATED if row.former_until else ROTATED_AT_ONCE
    return KEY_REPLACED if row.former_until else KEY_REPLACED_AT_ONCE


def grace_of(chosen: str) -> timedelta:
    """The time that a choice among GRACES names; none for anything else."""
    return timedelta(seconds=int(chosen)) if chosen in GRACES else timedelta(0)


def ways() -> list[Choice]:
    """How senders may prove who they are, the way to prove nothing last."""
    vendors = [Choice(kind, name) for kind, name in hub().registry.senders]
    return [*WAYS[:-1], *vendors, WAYS[-1]]


async def open_endpoint(actor: Actor, form: Mapping[str, str]) -> CreatedEndpoint | str:
    """Open what the form says; else why it was not opened, for people."""
    name, kind = str(form.get("name", "")).strip(), str(form.get("kind", ""))
    try:
        terms = Terms(lines_of(form), rule_in(form) if kind == JWT else None, seconds_in(form))
    except InvalidInput as error:
        return wrong_words(error)
    given = _given(form, terms)
    secret = Secret(given) if given and kind != NONE else None
    if kind == NONE and not form.get("unsigned"):
        return UNSIGNED_REFUSED
    try:
        return await create_endpoint(hub(), actor, name, kind, secret, terms)
    except InvalidInput as error:
        return wrong_words(error)
    except IntegrationsError as error:
        return error.message or error.code


def lines_of(form: Mapping[str, str]) -> list[str]:
    """The lines of the field of allowed addresses, blank ones too: a refusal counts them."""
    return str(form.get("allowed", ""))[:MAX_ALLOWED_CHARS].splitlines()


def wrong_words(error: InvalidInput) -> str:
    """What is wrong in the form, in words."""
    return " ".join(f"{_part(path)} {why}." for path, why in error.fields.items())


def _part(path: str) -> str:
    name, _, place = path.partition(".")
    if name == "answer_seconds":
        return "The time to wait for an answer"
    if name == JWT:
        return place.capitalize() or "Token"
    if name == ALLOWED:
        return f"Line {int(place) + 1} of the addresses" if place else "The addresses"
    return name.capitalize()


def seconds_in(form: Mapping[str, str]) -> int:
    """How long the form lets deliveries wait. InvalidInput when that is no number."""
    text = str(form.get("answer_seconds", "")).strip() or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_ANSWER_SECONDS))):
        raise InvalidInput({"answer_seconds": f"is 0 to {MOST_ANSWER_SECONDS}"})
    return int(text)


def rule_in(form: Mapping[str, str]) -> TokenRule:
    """What the form says of the sender's tokens."""
    algorithm = str(form.get("algorithm", "")) or USUAL.algorithm
    return TokenRule(algorithm, str(form.get("issuer", "")).strip(), str(form.get("audience", "")).strip())


def _given(form: Mapping[str, str], terms: Terms) -> str:
    """The sender's own secret, or its public key."""
    rule = terms.rule_over(USUAL)
    keyed = rule is not None and not rule.is_shared
    return str(form.get("public_key" if keyed else "secret", "")).strip()


def new_secret_of(made: CreatedEndpoint, form: Mapping[str, str]) -> str:
    """The secret to show this once; empty when the sender gave its own, or there is none."""
    own = str(form.get("secret", "")).strip()
    return made.secret.reveal(SHOWN_ONCE) if made.secret and not own and made.row.rule.is_shared else ""
