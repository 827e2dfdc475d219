"""The client of a webhook connection: puts the secret on, and takes it out of whatever comes back."""

import base64
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from integrations_app.errors import InvalidInput, OutcomeUnknown, Unavailable
from integrations_app.kit.egress import Reply
from integrations_app.kit.secret import Secret
from integrations_app.providers.webhook.errors import check_error
from integrations_app.providers.webhook.redaction import redact, spellings_of
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.providers.webhook.target import target_url
from integrations_app.sdk.context import Access, Account

API_KEY, TOKEN, PASSWORD = "api_key", "token", "password"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE_METHODS = SAFE_METHODS | {"PUT", "DELETE"}


class WebhookClient:
    """One HTTP call at a time, with the connection's authentication."""

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing."""
        if not isinstance(access.settings, WebhookSettings):
            raise TypeError("a webhook connection has WebhookSettings")
        self.settings = access.settings
        self.clock = access.clock
        self._access = access
        self._secrets = {name: value for name, value in access.secrets.items() if value}

    @property
    def has_secret(self) -> bool:
        """Whether calls carry a credential."""
        return bool(self._secrets)

    async def call(
        self,
        method: str,
        path_or_url: str,
        headers: Sequence[tuple[str, str]] = (),
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send; redirects are handed back. Raises InvalidInput for what may not be sent, else the door's errors."""
        own, own_query = self._authentication()
        self._refuse_override(headers, own)
        url = target_url(
            self.settings.base_url, path_or_url, {**(query or {}), **own_query}, keeps_origin=self.has_secret
        )
        client = self._access.door.client(
            pool=self._access.organization_id, passport=self._access.passport, deadline=self._access.deadline
        )
        response = await client.request(method, url, headers=[*headers, *own.items()], content=content)
        return Reply(response.status_code, tuple(response.headers.multi_items()), response.content)

    def _authentication(self) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and query parameters that carry the secret."""
        settings, purpose = self.settings, "webhook call"
        if key := self._secrets.get(API_KEY):
            pair = {settings.api_key_name: key.reveal(purpose).strip()}
            return (pair, {}) if settings.api_key_in == "header" else ({}, pair)
        if token := self._secrets.get(TOKEN):
            return {"Authorization": f"Bearer {token.reveal(purpose).strip()}"}, {}
        if password := self._secrets.get(PASSWORD):
            return {"Authorization": f"Basic {_basic(settings.username, password)}"}, {}
        return {}, {}

    def _refuse_override(self, headers: Sequence[tuple[str, str]], own: Mapping[str, str]) -> None:
        taken = {name.lower() for name in own}
        for name, _ in headers:
            if name.lower() in taken:
                raise InvalidInput({f"headers.{name}": "is set by the connection"}, "", "header_invalid")

    def redact(self, text: str) -> str:
        """Take our own secrets out of a text that came back."""
        return redact(text, self._spellings)

    @cached_property
    def _spellings(self) -> tuple[str, ...]:
        values = [secret.reveal("webhook redaction") for secret in self._secrets.values()]
        if password := self._secrets.get(PASSWORD):
            values.append(f"{self.settings.username}:{password.reveal('webhook redaction')}")
        return spellings_of(values)


def _basic(username: str, password: Secret) -> str:
    return base64.b64encode(f"{username}:{password.reveal('webhook call')}".encode()).decode()


def address(access: Access) -> str:
    """The base URL."""
    if not isinstance(access.settings, WebhookSettings):
        raise TypeError("a webhook connection has WebhookSettings")
    return access.settings.base_url


def open_client(access: Access) -> WebhookClient:
    """Build the client of a connection."""
    return WebhookClient(access)


async def check(client: WebhookClient) -> Account:
    """GET the base URL, which changes nothing at a well-behaved receiver. The account is the host.

    A 404 is fine: many receivers have nothing at their root. Raises ReconnectRequired for 401 with credentials.
    """
    try:
        reply = await client.call("GET", "")
    except OutcomeUnknown as error:
        raise Unavailable("The address did not answer.") from error
    refusal = check_error(reply, has_secret=client.has_secret, now=client.clock())
    if refusal is not None:
        raise refusal
    host = urlsplit(client.settings.base_url).netloc.lower()
    return Account(id=host, name=host, detail={"status": str(reply.status)})
