"""Security headers on every answer except the sandbox's, and a policy for scripts that needs no eval."""

import base64
import hashlib
import re
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations_app.web.paths import below

_INLINE = re.compile(r"<script((?:\s[^>]*)?)>(.*?)</script>", re.DOTALL)
_DATA = ("text/html", "application/json")


def content_policy(public_origin: str, pages: Path | None) -> str:
    """The policy of the application's pages.

    Inline scripts of the built pages (theme, React Router) are named by their hashes; without a build to read
    (`pages` None or empty) they are all allowed. Styles stay open: Radix and Emotion write them at run time.
    """
    hashes = inline_script_hashes(pages) if pages else ()
    scripts = " ".join(f"'sha256-{value}'" for value in hashes) or "'unsafe-inline'"
    url = urlsplit(public_origin)
    socket = f"{'wss' if url.scheme == 'https' else 'ws'}://{url.netloc}"
    return (
        f"default-src 'self'; script-src 'self' {scripts}; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' {socket}; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def inline_script_hashes(pages: Path) -> tuple[str, ...]:
    """SHA-256 in base64 of every inline script in the HTML files below `pages`, without repeats."""
    found: dict[str, None] = {}
    for file in sorted(pages.rglob("*.html")):
        for attributes, script in _INLINE.findall(file.read_text(encoding="utf-8")):
            if " src=" not in attributes:
                digest = hashlib.sha256(script.encode()).digest()
                found[base64.b64encode(digest).decode()] = None
    return tuple(found)


class SecurityHeaders:
    """Adds what is missing; a route that sets its own policy or caching keeps it."""

    def __init__(self, app: ASGIApp, public_origin: str, policy: str) -> None:
        self._app = app
        self._always = {
            "X-Content-Type-Options": "nosniff",
            # Not no-referrer: under it browsers send `Origin: null` with our own forms.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Content-Security-Policy": policy,
        }
        if public_origin.startswith("https:"):
            self._always["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the headers."""
        if scope["type"] != "http" or below(scope["path"], ("/sandbox",)):
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message), scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, dressed)

    def _dress(self, headers: MutableHeaders, path: str, status: int) -> None:
        for name, value in self._always.items():
            headers.setdefault(name, value)
        if status == HTTPStatus.NOT_MODIFIED:
            return
        if headers.get("content-type", "").startswith(_DATA) or status >= HTTPStatus.MULTIPLE_CHOICES:
            headers.setdefault("Cache-Control", "no-store")
        elif path.startswith("/assets/"):
            headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
