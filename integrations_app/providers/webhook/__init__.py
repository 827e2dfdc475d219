"""Webhook: call any HTTP address, with its base URL and authentication kept in the connection."""

from pathlib import Path

from integrations_app.providers.webhook import actions
from integrations_app.providers.webhook.client import address, check, open_client, trust
from integrations_app.providers.webhook.curl import settings_from_curl
from integrations_app.providers.webhook.errors import ERRORS
from integrations_app.providers.webhook.proof import (
    API_KEY,
    DIGEST_PASSWORD,
    PASSWORD,
    SIGNING_SECRET,
    STANDARD_SECRET,
    TOKEN,
    judge,
    judge_digest,
)
from integrations_app.providers.webhook.settings import GROUP, WebhookSettings
from integrations_app.providers.webhook.stripe import STRIPE
from integrations_app.providers.webhook.tokens import token_request
from integrations_app.sdk.actions import Paste
from integrations_app.sdk.auth import CLIENT_SECRET, SecretField, TypedSecrets
from integrations_app.sdk.certificates import CERTIFICATE_FIELDS, certificate_beside
from integrations_app.sdk.provider import Provider

BESIDE = certificate_beside(GROUP)

provider = Provider(
    key="webhook",
    name="Webhook",
    summary="Call any HTTP address: your own services and everything without a card of its own.",
    docs_url="https://www.rfc-editor.org/rfc/rfc9110",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(
        TypedSecrets("none", "No authentication"),
        TypedSecrets(
            "api_key",
            "API key",
            (SecretField(API_KEY, "API key"), *BESIDE),
            ("api_key_in", "api_key_name"),
            judge=judge,
        ),
        TypedSecrets("bearer", "Bearer token", (SecretField(TOKEN, "Token"), *BESIDE), judge=judge),
        TypedSecrets(
            "basic", "User name and password", (SecretField(PASSWORD, "Password"), *BESIDE), ("username",), judge=judge
        ),
        TypedSecrets(
            "digest",
            "Digest authentication",
            (
                SecretField(DIGEST_PASSWORD, "Password", "Never sent: it answers the challenge that comes with a 401."),
                *BESIDE,
            ),
            ("username",),
            judge=judge_digest,
        ),
        TypedSecrets("certificate", "Client certificate (mutual TLS)", CERTIFICATE_FIELDS, judge=judge),
        TypedSecrets(
            "client_credentials",
            "OAuth 2 client credentials",
            (SecretField(CLIENT_SECRET, "Client secret"), *BESIDE),
            ("token_url", "client_id", "scope", "client_auth"),
            token_request,
            judge,
        ),
        TypedSecrets(
            "hmac",
            "HMAC signature",
            (SecretField(SIGNING_SECRET, "Signing secret"), *BESIDE),
            ("signature_header", "signature_algorithm", "signature_encoding", "signature_prefix", "timestamp_header"),
            judge=judge,
        ),
        TypedSecrets(
            "standard_webhooks",
            "Standard Webhooks signature",
            (SecretField(STANDARD_SECRET, "Standard Webhooks secret", "Begins with whsec_."), *BESIDE),
            judge=judge,
        ),
    ),
    settings=WebhookSettings,
    open_client=open_client,
    check=check,
    address=address,
    trust=trust,
    paste=Paste("curl command", settings_from_curl),
    trial="call",
    expired_codes=frozenset({"token_refused", "token_missing"}),
    checks_idle=False,  # nobody promises that a GET changes nothing at an address of one's own
    actions=(actions.call,),
    presets=(STRIPE,),
    errors=ERRORS,
)
