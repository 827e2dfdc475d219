"""Writes a file: reads its version, writes over exactly that one, tries again when it moved meanwhile."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from github import Github

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.github.client import GitHubClient
from integrations_app.sdk.actions import Result

CONTENT_LIMIT = 1_000_000
TRIES = 4


class File(Result):
    """The file as it is now; `changed` is false when it held that content before."""

    path: str
    sha: str
    commit_sha: str | None = None
    html_url: str | None = None
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A file in a repository; an empty branch means the default one."""

    repository: str
    path: str
    branch: str

    @property
    def url(self) -> str:
        """The address below the API's base."""
        return f"/repos/{self.repository}/contents/{quote(self.path)}"


def read_content(text: str, encoding: str) -> bytes:
    """Turn the parameter into bytes; raises InvalidInput, with `input_too_long` above one million bytes."""
    if encoding == "base64":
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidInput({"content": "is not base64"}) from error
    else:
        content = text.encode("utf-8", "replace")
    if len(content) > CONTENT_LIMIT:
        raise InvalidInput({"content": f"may hold at most {CONTENT_LIMIT:,} bytes"}, "", "input_too_long")
    return content


async def write(client: GitHubClient, place: Place, content: bytes, message: str) -> File:
    """Bring the file to `content`; raises Rejected `conflict` when it keeps moving under us."""
    wanted = _blob_sha(content)
    for left in reversed(range(TRIES)):
        there = await _current(client, place)
        if there is not None and there["sha"] == wanted:
            return File(path=place.path, sha=wanted, html_url=there.get("html_url"), created=False, changed=False)
        try:
            return await _put(client, place, content, message, there["sha"] if there else None)
        except Rejected as error:
            if not left or not _moved(error):
                raise
    raise AssertionError  # the last try returns or raises


def _moved(error: Rejected) -> bool:
    """Whether the file changed, or came to be, between reading and writing."""
    return error.code == "conflict" or (error.code == "validation_failed" and "sha" in error.message.lower())


async def _current(client: GitHubClient, place: Place) -> dict[str, Any] | None:
    parameters = {"ref": place.branch} if place.branch else {}

    def get(github: Github) -> Any:
        return github.requester.requestJsonAndCheck("GET", place.url, parameters=parameters)[1]

    try:
        found = await client.read(get)
    except Rejected as error:
        if error.code == "not_found_or_no_access":
            return None  # writing will tell a missing file from a missing repository
        raise
    if not isinstance(found, dict) or found.get("type") != "file":
        raise Rejected("not_a_file", f"{place.path} is not a file.")
    return found


async def _put(client: GitHubClient, place: Place, content: bytes, message: str, sha: str | None) -> File:
    body = {"message": message, "content": base64.b64encode(content).decode()}
    body |= {"branch": place.branch} if place.branch else {}
    body |= {"sha": sha} if sha else {}

    def put(github: Github) -> File:
        _, answer = github.requester.requestJsonAndCheck("PUT", place.url, input=body)
        made = answer["content"]
        return File(
            path=made["path"],
            sha=made["sha"],
            commit_sha=answer["commit"]["sha"],
            html_url=made.get("html_url"),
            created=sha is None,
            changed=True,
        )

    return await client.change(put)


def _blob_sha(content: bytes) -> str:
    """Compute the id git gives this content: equal ids mean equal files, whatever their size."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
