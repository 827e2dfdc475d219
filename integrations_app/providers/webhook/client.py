"""The client of a webhook connection: puts the secret on, and takes it out of whatever comes back."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from integrations_app.errors import InvalidInput, OutcomeUnknown, ReconnectRequired, ResponseRefused, Unavailable
from integrations_app.kit.egress import ClientCertificate, Digest, Reply, Waits
from integrations_app.kit.secret import MASK
from integrations_app.providers.webhook.errors import CERTIFICATE_REFUSED, ERRORS, check_error
from integrations_app.providers.webhook.proof import DIGEST_PASSWORD, PASSWORD, Proof, prove
from integrations_app.providers.webhook.redaction import redact, spellings_of
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.providers.webhook.target import target_url
from integrations_app.sdk.auth import ACCESS_TOKEN, CLIENT_SECRET
from integrations_app.sdk.certificates import certificate_ends, certificate_of
from integrations_app.sdk.context import Access, Account

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE_METHODS = SAFE_METHODS | {"PUT", "DELETE"}
LARGEST_ANSWER = 10 * 1024 * 1024
_CHECK = "connection-check"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, ready to be sent; `shown_url` and `shown_headers` hold no secret."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None
    shown_url: str
    shown_headers: tuple[tuple[str, str], ...]
    digest_user: str = ""
    """Who answers the challenge of Digest authentication."""
    certified: bool = False
    """Whether a client certificate goes along."""


class WebhookClient:
    """One HTTP call at a time, with the connection's authentication."""

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing."""
        if not isinstance(access.settings, WebhookSettings):
            raise TypeError("a webhook connection has WebhookSettings")
        self.settings = access.settings
        self.clock = access.clock
        self.received = 0
        """Bytes of all bodies that came."""
        self._access = access
        self._secrets = {name: value for name, value in access.secrets.items() if value}

    @property
    def has_secret(self) -> bool:
        """Whether calls carry a credential."""
        return bool(self._secrets)

    @property
    def has_token(self) -> bool:
        """Whether calls carry a token that was asked for with a client secret."""
        return CLIENT_SECRET in self._secrets and ACCESS_TOKEN in self._secrets

    def prepare(
        self,
        method: str,
        path_or_url: str,
        headers: Sequence[tuple[str, str]] = (),
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        message_id: str = _CHECK,
    ) -> Outgoing:
        """Put address, headers and proof together. Raises InvalidInput for what may not be sent, ReconnectRequired."""
        proof = prove(self.settings, self._secrets, content or b"", message_id, self.clock())
        self._refuse_override(headers, proof)
        given = {name.lower() for name, _ in headers}
        usual = [pair for pair in self.settings.headers.items() if pair[0].lower() not in given]
        own = {name.lower() for name in proof.shown}
        plain = [pair for pair in (*headers, *usual) if pair[0].lower() not in own]
        return Outgoing(
            method,
            self._url(path_or_url, {**(query or {}), **proof.query}),
            (*plain, *proof.headers.items()),
            content,
            self._url(path_or_url, {**(query or {}), **dict.fromkeys(proof.query, MASK)}).replace(quote(MASK), MASK),
            (*plain, *proof.shown.items()),
            self.settings.username if self._digest else "",
            self._certificate is not None,
        )

    async def send(self, outgoing: Outgoing, *, redirects: int = 0, limit: int = LARGEST_ANSWER) -> Reply:
        """Send, following at most `redirects`.

        Raises the door's errors, and ReconnectRequired `certificate_refused` for a client certificate.
        """
        try:
            response = await self._sent(outgoing, redirects, limit)
        except ResponseRefused as error:
            if error.code != CERTIFICATE_REFUSED or self._certificate is None:
                raise
            raise ReconnectRequired(ERRORS[CERTIFICATE_REFUSED].advice, CERTIFICATE_REFUSED) from error
        self.received += len(response.content)
        return Reply(response.status_code, tuple(response.headers.multi_items()), response.content)

    async def _sent(self, outgoing: Outgoing, redirects: int, limit: int) -> Any:
        settings = self.settings
        client = self._access.door.client(
            pool=self._access.organization_id,
            passport=self._access.passport,
            deadline=settings.total_seconds or self._access.deadline,
            max_response_bytes=min(limit, LARGEST_ANSWER),
            waits=Waits(settings.connect_seconds, settings.read_seconds),
            ca_pem=settings.ca,
            certificate=self._certificate,
        )
        sent: Any = {"headers": list(outgoing.headers), "content": outgoing.content, "auth": self._digest}
        if redirects:
            return await client.follow(outgoing.method, outgoing.url, redirects=redirects, **sent)
        return await client.request(outgoing.method, outgoing.url, **sent)

    @cached_property
    def _digest(self) -> Digest | None:
        password = self._secrets.get(DIGEST_PASSWORD)
        return Digest(self.settings.username, password) if password else None

    @cached_property
    def _certificate(self) -> ClientCertificate | None:
        return certificate_of(self._secrets, self.settings.base_url)

    @property
    def certificate_ends(self) -> datetime | None:
        """When the client certificate ends; None without one."""
        return certificate_ends(self._secrets)

    def _url(self, path_or_url: str, query: Mapping[str, str]) -> str:
        return target_url(self.settings.base_url, path_or_url, query, keeps_origin=self.has_secret)

    def _refuse_override(self, headers: Iterable[tuple[str, str]], proof: Proof) -> None:
        taken = {name.lower() for name in proof.shown}
        for name, _ in headers:
            if name.lower() in taken:
                raise InvalidInput({f"headers.{name}": "is set by the connection"}, "", "header_invalid")

    def redact(self, text: str) -> str:
        """Take our own secrets out of a text that came back."""
        return redact(text, (*self._spellings, *(self._digest.answers if self._digest else ())))

    @cached_property
    def _spellings(self) -> tuple[str, ...]:
        values = [secret.reveal("webhook redaction") for secret in self._secrets.values()]
        if password := self._secrets.get(PASSWORD):
            pair = f"{self.settings.username}:{password.reveal('webhook redaction')}"
            values += [pair, base64.b64encode(pair.encode()).decode()]
        return spellings_of(values)


def address(access: Access) -> str:
    """The base URL."""
    if not isinstance(access.settings, WebhookSettings):
        raise TypeError("a webhook connection has WebhookSettings")
    return access.settings.base_url


def trust(access: Access) -> str:
    """The private authority of the settings, empty without one."""
    return access.settings.ca if isinstance(access.settings, WebhookSettings) else ""


def open_client(access: Access) -> WebhookClient:
    """Build the client of a connection."""
    return WebhookClient(access)


async def check(client: WebhookClient) -> Account:
    """GET the base URL, which changes nothing at a well-behaved receiver. The account is the host.

    A 404 is fine: many receivers have nothing at their root. Raises ReconnectRequired for 401 with credentials.
    """
    try:
        reply = await client.send(client.prepare("GET", ""))
    except OutcomeUnknown as error:
        raise Unavailable("The address did not answer.") from error
    except ResponseRefused as error:
        if error.code == "deadline_exceeded":
            raise Unavailable("The address did not answer in time.", None, error.code) from error
        raise
    refusal = check_error(reply, has_secret=client.has_secret, now=client.clock())
    if isinstance(refusal, ReconnectRequired) and client.has_token:
        raise ReconnectRequired(str(refusal), "token_refused")
    if refusal is not None:
        raise refusal
    host = urlsplit(client.settings.base_url).netloc.lower()
    detail = {"status": str(reply.status)}
    if (ends := client.certificate_ends) is not None:
        detail["client_certificate_until"] = f"{ends:%Y-%m-%d}"
    return Account(id=host, name=host, detail=detail)
