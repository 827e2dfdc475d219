"""The page that a person goes on to after signing in or connecting: always one of ours."""

from integrations_app.kit.local_path import is_local_path

HOME = "/integrations"
_NOT_PAGES = (
    *("/login", "/setup", "/auth", "/api", "/sandbox", "/healthz", "/readyz", "/metrics"),
    *("/_event", "/_upload", "/_health", "/ping", "/assets"),
)


def safe_next(path: str) -> str:
    """The path itself when it is a page of this product, else the home page; any text may come in."""
    return path if is_local_path(path, _NOT_PAGES) else HOME
