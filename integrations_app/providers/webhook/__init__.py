"""Webhook: call any HTTP address, with its base URL and authentication kept in the connection."""

from pathlib import Path

from integrations_app.providers.webhook import actions
from integrations_app.providers.webhook.client import API_KEY, PASSWORD, TOKEN, address, check, open_client
from integrations_app.providers.webhook.errors import ERRORS
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.sdk.auth import SecretField, TypedSecrets
from integrations_app.sdk.provider import Provider

provider = Provider(
    key="webhook",
    name="Webhook",
    summary="Call any HTTP address: your own services and everything without a card of its own.",
    docs_url="https://www.rfc-editor.org/rfc/rfc9110",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(
        TypedSecrets("none", "No authentication"),
        TypedSecrets("api_key", "API key", (SecretField(API_KEY, "API key"),), ("api_key_in", "api_key_name")),
        TypedSecrets("bearer", "Bearer token", (SecretField(TOKEN, "Token"),)),
        TypedSecrets("basic", "User name and password", (SecretField(PASSWORD, "Password"),), ("username",)),
    ),
    settings=WebhookSettings,
    open_client=open_client,
    check=check,
    address=address,
    checks_idle=False,  # nobody promises that a GET changes nothing at an address of one's own
    actions=(actions.call,),
    errors=ERRORS,
)
