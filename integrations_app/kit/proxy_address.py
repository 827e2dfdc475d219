"""The address of an outer proxy as an operator writes it; read without loading what would dial it."""

from urllib.parse import unquote, urlsplit

from integrations_app.kit.secret import Secret

LOOKS_LIKE = "must look like http://user:password@proxy.example.com:4750"


def read_proxy(url: Secret) -> tuple[str, int, Secret | None]:
    """Host, port and `user:password`, if any. Raises ValueError, which does not repeat the value."""
    parts = urlsplit(url.reveal("read the proxy's address"))
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme != "http" or not host or not port or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(LOOKS_LIKE)
    if parts.username is None:
        return host, port, None
    return host, port, Secret(f"{unquote(parts.username)}:{unquote(parts.password or '')}")
