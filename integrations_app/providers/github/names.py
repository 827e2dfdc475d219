"""Names of repositories and files, checked before they become part of a URL."""

import re
from collections.abc import Mapping
from typing import Any

from integrations_app.errors import InvalidInput

_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}")
_EVERY = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,99})/\*")
_WEB_ADDRESS = re.compile(r"https?://[^/\s]+/([^/\s]+/[^/\s]+?)(?:\.git)?/?")


def repository_of(given: str, settings: Any) -> str:
    """The `owner/name` that was given, else the connection's default; the web address of a repository will do too.

    Raises InvalidInput for `repository`.
    """
    text = given.strip() or str(getattr(settings, "default_repository", "") or "").strip()
    if not text:
        raise InvalidInput({"repository": "is missing, and the connection has no default repository"})
    text = without_address(text)
    if not _FULL_NAME.fullmatch(text) or text.rpartition("/")[2] in (".", ".."):
        raise InvalidInput({"repository": "is not an owner/name"})
    return text


def without_address(given: str) -> str:
    """The `owner/name` of a repository's web address; anything else as it is, without blanks around it."""
    link = _WEB_ADDRESS.fullmatch(given.strip())
    return link[1] if link else given.strip()


def owner_of(given: str) -> str | None:
    """The owner whose every repository `owner/*` means; None for anything else."""
    found = _EVERY.fullmatch(given.strip())
    return found[1] if found else None


def target_of(config: Mapping[str, Any]) -> str:
    """What a trigger listens to: a repository by its name in small letters, or `owner/*` for all of an organisation.

    Raises InvalidInput for `repository`.
    """
    given = str(config.get("repository") or "")
    owner = owner_of(given)
    return (f"{owner}/*" if owner else repository_of(given, None)).lower()


def file_path(given: str) -> str:
    """A path inside a repository without a leading slash; raises InvalidInput for `path`."""
    path = given.strip().removeprefix("/")
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts) or not path.isprintable():
        raise InvalidInput({"path": "is not the path of a file"})
    return path
