"""HTML of the sandbox: rendered with autoescape, without scripts, with headers of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

HERE = Path(__file__).parent / "templates"
FOLDERS = Path(__file__).parent
"""Templates of a vendor may stand in its own folder: `KEY/index.html`."""
# No form-action: Chromium applies it to the redirect that follows "Allow" and would block it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


_environment = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    loader=FileSystemLoader([HERE, FOLDERS]),
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["moment"] = _moment
_environment.filters["masked"] = lambda value: f"{value[:9]}…{value[-4:]}"


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template; `base` (the address of the sandbox) is always there."""
    html = _environment.get_template(template).render(base=request.state.base, **values)
    return HTMLResponse(html, status, HEADERS)


def refused(request: Request, title: str, message: str, status: int = 400) -> HTMLResponse:
    """A page that says why the vendor would not go on."""
    return render(request, "refused.html", status, title=title, message=message, again="")


def see_other(url: str) -> RedirectResponse:
    """Go to another page with GET."""
    return RedirectResponse(url, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def style(_request: Request) -> Response:
    """The one style sheet."""
    return Response((HERE / "style.css").read_bytes(), media_type="text/css")
