"""What people see of a request before it is sent, and of what was tried."""

from dataclasses import dataclass

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.sdk.actions import Preview


@dataclass(frozen=True)
class RequestView:
    """A request without its secrets, or why there is none yet."""

    shown: bool = False
    line: str = ""
    headers: str = ""
    body: str = ""
    command: str = ""
    error: str = ""


def request_view(found: Preview) -> RequestView:
    """Lay out a preview."""
    headers = "\n".join(f"{name}: {value}" for name, value in found.headers)
    return RequestView(True, f"{found.method} {found.url}", headers, found.body[:20_000], found.command)


def request_trouble(error: IntegrationsError) -> RequestView:
    """Say why the request cannot be shown, by field where that is known."""
    named = error.fields if isinstance(error, InvalidInput) else {}
    fields = [f"{name.removeprefix('inputs.')} {why}" for name, why in named.items()]
    return RequestView(error="\n".join(fields) or error.message or error.code)
