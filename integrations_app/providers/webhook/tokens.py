"""Where the access token of a webhook connection is asked for."""

from pydantic import BaseModel

from integrations_app.errors import InvalidInput
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.sdk.auth import TokenRequest


def token_request(settings: BaseModel) -> TokenRequest:
    """The token request that the settings describe. Raises InvalidInput for settings without an address or a client."""
    if not isinstance(settings, WebhookSettings):
        raise TypeError("a webhook connection has WebhookSettings")
    missing = {f"settings.{name}": "is needed" for name in ("token_url", "client_id") if not getattr(settings, name)}
    if missing:
        raise InvalidInput(missing)
    return TokenRequest(
        settings.token_url, settings.client_id, settings.scope, settings.client_auth, settings.ca, settings.base_url
    )
