"""Build step that makes the front end talk to whatever origin served it."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reflex_base.plugins import Plugin

_ENVIRONMENT_ASSET = "assets/reflex-env-*.js"
_URL_LITERAL = re.compile(r"""(["'`])((?:https?|wss?)://[^"'`]+)\1""")


class SameOriginPlugin(Plugin):
    """Replace the addresses that Reflex bakes into the bundle, so that one build serves on any host and port."""

    def post_build(self, **context: Any) -> None:
        """Rewrite the environment asset under `static_dir`, before it is compressed."""
        follow_origin(context["static_dir"])


def follow_origin(static_dir: Path) -> None:
    """Turn every absolute URL in the environment asset into the page's own origin.

    Raises RuntimeError when there is none to turn: another version of Reflex names or writes it differently,
    and a bundle that dials a fixed port must not be served.
    """
    assets = sorted(static_dir.glob(_ENVIRONMENT_ASSET))
    found = sum(_rewrite(asset) for asset in assets)
    if not found:
        raise RuntimeError(f"no address found in {_ENVIRONMENT_ASSET}: the front end would not find its server")


def _rewrite(asset: Path) -> int:
    text, count = _URL_LITERAL.subn(_from_location, asset.read_text(encoding="utf-8"))
    asset.write_text(text, encoding="utf-8")
    return count


def _from_location(literal: re.Match[str]) -> str:
    url = urlsplit(literal[2])
    start = 'location.origin.replace(/^http/,"ws")' if url.scheme.startswith("ws") else "location.origin"
    return f'({start}+"{url.path}")'
