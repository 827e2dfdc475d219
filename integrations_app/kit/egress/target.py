"""Reads a URL strictly into a target: what will be dialled and asked for, judged before anything is sent."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from urllib.parse import unquote

import httpx

from integrations_app.errors import EgressDenied
from integrations_app.kit.egress.addresses import Address, classify, parse_address, without_zone

MAX_URL = 8192
MAX_PORT = 65535
_MAX_NAME = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_PARTS = re.compile(r"(https?://[^/?#]*)([^?#]*)", re.IGNORECASE)
# What two parsers may read in two ways: control characters, blanks, backslashes.
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class Target:
    """One place a call wants to reach: lower-case ASCII host without trailing dot, port, raw path."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what must be equal for two URLs to share credentials."""
        return (self.scheme, self.host, self.port)

    @property
    def address(self) -> Address | None:
        """The address when the host is a literal one, else None."""
        return parse_address(self.host)

    @property
    def is_loopback(self) -> bool:
        """Whether it says that it is on this machine; a name may be so without saying it."""
        named = self.host == "localhost" or self.host.endswith(".localhost")
        return named or (self.address is not None and classify(self.address) == "loopback")


def parse_target(text: str) -> Target:
    """Read an absolute http(s) URL.

    Raises EgressDenied with `url_scheme`, `url_userinfo` or `url_invalid`. Spellings of IPv4 that
    only libc understands (`2130706433`, `0x7f.1`, `127.1`) are `url_invalid`.
    """
    parts = _PARTS.match(text)
    if parts is None or len(text) > MAX_URL or _ODD.search(text):
        scheme = _SCHEME.match(text)
        foreign = scheme is not None and scheme[1].lower() not in _DEFAULT_PORTS
        raise EgressDenied("url_scheme" if foreign else "url_invalid")
    scheme_name, host, port = _read_origin(parts[1])
    return Target(scheme_name, host, port, parts[2] or "/")


@lru_cache(maxsize=4096)
def _read_origin(text: str) -> tuple[str, str, int]:
    """Read `scheme://authority`. Kept by origin only: paths and queries may hold secrets."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise EgressDenied("url_invalid") from error
    if url.userinfo or "@" in text:
        raise EgressDenied("url_userinfo", url.host)
    host = canonical_host(url.raw_host.decode("ascii"))
    port = url.port if url.port is not None else _DEFAULT_PORTS[url.scheme]
    if not 0 < port <= MAX_PORT:
        raise EgressDenied("url_invalid", host)
    return url.scheme, host, port


@lru_cache(maxsize=4096)
def canonical_host(raw: str) -> str:
    """Return the host in lower case without zone and trailing dot; raise EgressDenied `url_invalid`."""
    if ":" in raw:
        address = parse_address(raw)
        if address is None:
            raise EgressDenied("url_invalid", without_zone(raw))
        return str(address)
    host = raw.lower().removesuffix(".")
    labels = host.split(".")
    if not host or len(host) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise EgressDenied("url_invalid", host)
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError as error:
            raise EgressDenied("url_invalid", host) from error
    return host


def path_is_under(path: str, prefix: str) -> bool:
    """True when `path` stays below `prefix` (ending in `/`) however often a server decodes or normalises it."""
    if not path.startswith(prefix):
        return False
    decoded = path
    for _ in range(4):
        if (once := unquote(decoded)) == decoded:
            break
        decoded = once
    else:
        return False
    return not any(segment in {".", ".."} for segment in re.split(r"[/\\]", decoded.replace("\t", "")))
