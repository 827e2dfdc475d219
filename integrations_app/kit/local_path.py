"""Judges a path that came from outside: whether a browser sent there stays on this very site."""

import re
from urllib.parse import unquote, urlsplit

LONGEST = 500
"""Characters; paths of pages are far shorter."""
_ROUNDS = 4
_ODD = re.compile(r'[^\x21-\x7e]|[\\<>"]')
_ODD_INSIDE = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
"""What may not stand in a path even when it is encoded; a blank or a letter outside ASCII is only a name then."""


def is_local_path(path: str, closed: tuple[str, ...]) -> bool:
    """Whether `path` (with query and fragment) is a plain path of this site, and none of `closed` or below one.

    Whatever a browser could read as another host or scheme is none, in any number of encodings.
    """
    if len(path) > LONGEST or _ODD.search(path):
        return False
    seen = path
    for _ in range(_ROUNDS):
        if _is_foreign(seen, closed):
            return False
        decoded = unquote(seen)
        if decoded == seen:
            return True
        seen = decoded
    return False


def _is_foreign(path: str, closed: tuple[str, ...]) -> bool:
    if not path.startswith("/") or path.startswith("//") or _ODD_INSIDE.search(path):
        return True
    try:
        url = urlsplit(path)
    except ValueError:
        return True
    if url.scheme or url.netloc or any(part in {".", ".."} for part in url.path.split("/")):
        return True
    return any(url.path == prefix or url.path.startswith(f"{prefix}/") for prefix in closed)
