"""Makes the address of one call: below the base URL, and never at another origin when a secret travels along."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress import parse_target

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def target_url(base_url: str, path_or_url: str, query: Mapping[str, str], *, keeps_origin: bool) -> str:
    """Join and judge; `keeps_origin` says that the call carries a secret.

    Raises InvalidInput for `path_or_url` with `url_scheme`, `url_userinfo`, `url_invalid`, or `origin_changed`.
    """
    text = path_or_url.strip()
    if not _SCHEME.match(text):
        text = _below(base_url, text)
    try:
        there, base = parse_target(text), parse_target(base_url)
    except EgressDenied as error:
        raise _refused("is not an address that may be called", error.reason) from error
    if keeps_origin and there.origin != base.origin:
        raise _refused("leaves the connection's origin, where its secret must stay", "origin_changed")
    parts = urlsplit(text)
    return urlunsplit(parts._replace(query=_merged(parts.query, query), fragment=""))


def _merged(written: str, given: Mapping[str, str]) -> str:
    """Add parameters to a query; they replace those of the same name, and the rest stays as it was written."""
    if not given:
        return written
    pairs = parse_qsl(written, keep_blank_values=True)
    if any(name in given for name, _ in pairs):
        written = urlencode([(name, value) for name, value in pairs if name not in given])
    return "&".join(part for part in (written, urlencode(given)) if part)


def _below(base_url: str, path: str) -> str:
    """Put a path below the base; the base's own path stays in front, whether or not it begins with a slash."""
    if path.startswith(("//", "/\\", "\\")):
        raise _refused("is neither a path nor an address", "url_invalid")
    if not path or path.startswith("?"):
        return f"{base_url}{path}"
    return f"{base_url}/{path.removeprefix('/')}"


def _refused(why: str, code: str) -> InvalidInput:
    return InvalidInput({"path_or_url": why}, "", code)
