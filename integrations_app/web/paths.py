"""Which paths are what: pages of people, our own plain pages, machine routes, files."""

PLAIN = ("/login", "/setup", "/invitation", "/auth")
MACHINE = ("/api", "/sandbox", "/healthz", "/readyz", "/metrics")
API = "/api/v1"
FRAMEWORK = ("/_event", "/_upload", "/_health", "/ping", "/assets")


def below(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether `path` is one of `prefixes` or lies below it (`/api` holds `/api/x`, not `/apis`)."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def is_page(path: str) -> bool:
    """Whether a GET of `path` asks for a page of the application, which only the signed in may have."""
    if below(path, (*PLAIN, *MACHINE, *FRAMEWORK)):
        return False
    last = path.rsplit("/", 1)[-1]
    return "." not in last or last.endswith((".html", ".html.gz", ".html.br"))
