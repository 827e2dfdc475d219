"""PyGithub's HTTP connections, replaced by ones that send through the door from a worker thread."""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from github.Requester import Requester

from integrations_app.errors import Rejected, Unavailable
from integrations_app.kit.egress import Reply, send_sync

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 307, 308})
_PREPARING = 202
_PREPARING_WAIT = 2.0


class _Response:
    """What PyGithub reads of an answer."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = {name.lower(): value for name, value in reply.headers}
        self._body = reply.body

    def getheaders(self) -> Any:
        return self.headers.items()

    def read(self) -> str:
        return self._body.decode("utf-8", "replace")

    def iter_content(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body

    def raise_for_status(self) -> None:
        """Statuses are judged by PyGithub's own check."""


class _Connection:
    """One host; every call is a call through `send_sync`, so the door keeps time, size and addresses."""

    scheme = ""

    def __init__(self, host: str, port: int | None = None, *_: Any, **__: Any) -> None:
        self.host = host
        name = f"[{host}]" if ":" in host else host
        self._origin = f"{self.scheme}://{name}" + (f":{port}" if port else "")
        self._call: tuple[str, str, Any, dict[str, str]] = ("", "", None, {})

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], *_: Any) -> None:  # noqa: A002
        self._call = (verb, f"{self._origin}{url}", input, headers)

    def getresponse(self) -> _Response:
        """Send, following redirects of renamed repositories within the same origin with the same method.

        PyGithub would lose the query on a 301 and take a 307 for an answer.
        """
        verb, url, body, headers = self._call
        for _ in range(MAX_REDIRECTS + 1):
            response = _Response(send_sync(verb, url, headers, body))
            if response.status not in REDIRECTS or "location" not in response.headers:
                return _finished(verb, response)
            url = same_origin(url, urljoin(url, response.headers["location"]))
        raise Rejected("redirected", "GitHub redirects in circles.")

    def close(self) -> None:
        """Nothing to close: the door keeps the connections."""


class HttpsConnection(_Connection):
    """For https addresses."""

    scheme = "https"


class HttpConnection(_Connection):
    """For http addresses: an emulator, or a server in the operator's own network."""

    scheme = "http"


def connection_to(url: str) -> HttpConnection | HttpsConnection:
    """A connection to an address that PyGithub would not call by itself; the door judges it as every other."""
    parts = urlsplit(url)
    kind = HttpsConnection if parts.scheme == "https" else HttpConnection
    return kind(parts.hostname or "", parts.port)


def _finished(verb: str, response: _Response) -> _Response:
    """A read that GitHub is still preparing is to be asked again later; PyGithub would sleep in its thread."""
    if response.status == _PREPARING and verb in ("GET", "HEAD"):
        raise Unavailable("GitHub is still preparing the answer.", _PREPARING_WAIT)
    return response


def same_origin(here: str, there: str) -> str:
    """The address to which a call is redirected; raises Rejected for one of another origin."""
    if urlsplit(here)[:2] != urlsplit(there)[:2]:
        raise Rejected("redirected", "GitHub sends the call to another host: check the address of the server.")
    return there


def install() -> None:
    """Make PyGithub use these connections in the whole process, and keep its logger from printing bodies."""
    Requester.injectConnectionClasses(HttpConnection, HttpsConnection)  # type: ignore[arg-type]
    logging.getLogger("github").setLevel(logging.WARNING)
