"""What the emulated authorization servers share: registered apps, redirect rules, codes, PKCE."""

import base64
import hashlib
import ipaddress
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

MARK = "sandbox"
"""Stands in every token, so that one who is given it can tell that it belongs to an emulation."""


def is_loopback_host(host: str | None) -> bool:
    """Whether a host name or literal means this machine; never asks the resolver."""
    if not host:
        return False
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass
class App:
    """One registered OAuth client; without `redirect_uris` the product's loopback callbacks are allowed."""

    vendor: str
    client_id: str
    client_secret: str
    name: str
    redirect_uris: list[str] = field(default_factory=list)
    app_id: str = ""
    signing_secret: str = ""
    request_url: str = ""
    exact: bool = False
    """Whether a redirect URI must be registered letter by letter; else it may stand below a registered one."""

    def secret_matches(self, given: str) -> bool:
        """Compare the client secret in constant time."""
        return secrets.compare_digest(self.client_secret.encode(), given.encode())

    def allows(self, redirect_uri: str) -> bool:
        """Whether the redirect URI is registered: itself or, unless `exact`, a path below it."""
        parts = urlsplit(redirect_uri)
        if parts.fragment or not parts.scheme or not parts.netloc:
            return False
        if self.redirect_uris and self.exact:
            return redirect_uri in self.redirect_uris
        if self.redirect_uris:
            return any(_is_below(registered, redirect_uri) for registered in self.redirect_uris)
        callback = rf"/api/integrations/{self.vendor}/(?:[^/]+/)?callback"
        return is_loopback_host(parts.hostname) and re.fullmatch(callback, parts.path) is not None


def _is_below(registered: str, given: str) -> bool:
    ours, theirs = urlsplit(registered), urlsplit(given)
    if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        return False
    return theirs.path == ours.path or theirs.path.startswith(ours.path.rstrip("/") + "/")


@dataclass
class Code:
    """An authorization code as it was granted; times in unix seconds."""

    value: str
    app: App
    account: str
    scopes: list[str]
    user_scopes: list[str]
    redirect_uri: str
    challenge: str
    expires_at: float


class Codes:
    """Codes that were handed out and not yet used; each can be taken once."""

    def __init__(self) -> None:
        self._open: dict[str, Code] = {}

    def add(self, code: Code) -> None:
        """Keep a code until it is taken."""
        self._open[code.value] = code

    def find(self, value: str) -> Code | None:
        """A code that was not used yet, expired or not."""
        return self._open.get(value)

    def take(self, value: str, app: App, now: float) -> Code | None:
        """Use a code up; None when unknown, used, expired or another client's."""
        code = self._open.pop(value, None)
        if code is None or code.app is not app or code.expires_at <= now:
            return None
        return code


def verifier_matches(challenge: str, verifier: str) -> bool:
    """RFC 7636 section 4.6, method S256."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return secrets.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """Client id and secret out of a Basic Authorization header; None when it is none."""
    if not header or not header.lower().startswith("basic "):
        return None
    try:
        name, found, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, secret) if found else None


def with_query(url: str, **parameters: str) -> str:
    """The URL with more query parameters; empty values are left out."""
    kept = {name: value for name, value in parameters.items() if value}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(kept)}" if kept else url
