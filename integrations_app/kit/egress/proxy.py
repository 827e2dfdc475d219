"""An outer proxy of the operator's, such as Smokescreen: calls go through it once the door has judged their URL."""

import base64
import socket
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from yarl import URL

from integrations_app.errors import EgressDenied, IntegrationsError, Unavailable
from integrations_app.kit.proxy_address import read_proxy
from integrations_app.kit.secret import Secret

DENIED = "proxy_denied"
UNREACHABLE = "proxy_unreachable"
_SECONDS = 5.0
_AUTHORIZATION = "Proxy-Authorization"
# Smokescreen answers 407 for what its list does not hold, other proxies 403.
_DENIALS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED})


@dataclass(frozen=True, slots=True, eq=False)
class Proxy:
    """Where it listens, and how we prove ourselves to it."""

    host: str
    port: int
    credentials: Secret | None = None
    """`user:password`."""

    @classmethod
    def parse(cls, url: Secret) -> "Proxy":
        """Read `http://[user:password@]host:port`. Raises ValueError, which does not repeat it."""
        return cls(*read_proxy(url))

    @property
    def shown(self) -> str:
        """`host:port`, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def lead(self, request: aiohttp.ClientRequest) -> None:
        """Send a request through the proxy: in a tunnel when it is https, else as the proxy's own request."""
        proof = {_AUTHORIZATION: self._proof(self.credentials)} if self.credentials else {}
        request.update_proxy(URL.build(scheme="http", host=self.host, port=self.port), None, dict(proof))
        if not request.is_ssl():
            request.headers.update(proof)

    @staticmethod
    def _proof(credentials: Secret) -> str:
        return f"Basic {base64.b64encode(credentials.reveal_bytes('proxy authorization')).decode()}"

    def require_answer(self) -> None:
        """Look whether it takes connections, waiting at most five seconds. Raises Unavailable `proxy_unreachable`."""
        try:
            socket.create_connection((self.host, self.port), _SECONDS).close()
        except OSError:
            raise self._unreachable() from None

    def refusal(self, error: Exception, host: str) -> IntegrationsError | None:
        """What an error says of the proxy; None when the proxy did its part. Nothing was sent to `host` yet."""
        if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientConnectorDNSError):
            return self._unreachable()
        if not isinstance(error, aiohttp.ClientHttpProxyError):
            return None
        if error.status in _DENIALS:
            return EgressDenied(DENIED, host)
        message = f"The proxy for outgoing calls does not reach the address (status {error.status})."
        return Unavailable(message, None, UNREACHABLE)

    def judge_answer(self, response: aiohttp.ClientResponse, host: str) -> None:
        """Raise EgressDenied `proxy_denied` for an answer outside a tunnel that only a proxy gives.

        That is 407 alone (RFC 9110 section 15.5.8): a 403 or 502 may be either's, and proxies of the target's write
        `Via` and `Proxy-Status` as well.
        """
        if response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and response.url.scheme == "http":
            response.close()
            raise EgressDenied(DENIED, host)

    def _unreachable(self) -> Unavailable:
        return Unavailable(f"The proxy for outgoing calls ({self.shown}) does not answer.", None, UNREACHABLE)
