"""Plain pages: rendered on the server with autoescape, no script, one style sheet, their own strict policy."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from integrations_app.web.paths import API, below

PAGES = Path(__file__).parent / "pages"
STYLE_PATH = "/auth/plain.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_templates = Environment(
    loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_HEADINGS = {
    401: "Sign in first",
    403: "This is not allowed",
    404: "There is nothing here",
    409: "This cannot be done now",
    410: "This is gone",
    421: "Wrong address",
    422: "Something is missing",
    429: "Too many attempts",
    503: "Not available right now",
}


def page(
    name: str, status: int = 200, headers: Mapping[str, str] | None = None, *, policy: str = POLICY, **context: object
) -> Response:
    """Render `pages/<name>.html`; `policy` replaces the Content-Security-Policy, e.g. to let a form leave."""
    text = _templates.get_template(f"{name}.html").render(style=STYLE_PATH, **context)
    base = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(text, status, {**base, **(headers or {})})


def message_page(status: int, code: str, message: str, request_id: str, headers: Mapping[str, str]) -> Response:
    """A page that says what happened, with the code that a program would get."""
    heading = _HEADINGS.get(status, "Something went wrong")
    return page("message", status, headers, heading=heading, message=message, code=code, request_id=request_id)


def wants_html(request: Request) -> bool:
    """Whether a person's browser asked by navigating: it names text/html itself; `*/*` alone does not count.

    The REST API speaks JSON to everybody.
    """
    return "text/html" in request.headers.get("accept", "").lower() and not below(request.scope["path"], (API,))
