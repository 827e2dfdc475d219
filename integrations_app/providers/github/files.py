"""Reads, writes and deletes a file: exactly the version that was read, again when it moved meanwhile."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from github import Github

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.github.client import GitHubClient
from integrations_app.sdk.actions import Result

CONTENT_LIMIT = 1_000_000
TRIES = 4
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class File(Result):
    """The file as it is now; `changed` is false when it held that content before."""

    path: str
    sha: str
    commit_sha: str | None = None
    html_url: str | None = None
    created: bool
    changed: bool


class Content(Result):
    """A file's content: a text, or base64 of what is none."""

    path: str
    sha: str
    size: int
    html_url: str | None = None
    content: str | None = None
    content_base64: str | None = None


class Removal(Result):
    """A deleted file; `changed` is false when it was gone before."""

    path: str
    commit_sha: str | None = None
    changed: bool


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a commit."""

    name: str
    email: str

    @property
    def body(self) -> dict[str, str]:
        """As GitHub takes it."""
        return {"name": self.name, "email": self.email}


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


@dataclass(frozen=True, slots=True)
class Words:
    """What a commit says, and who wrote it; without an author, the connected account."""

    message: str
    author: Author | None = None

    @property
    def members(self) -> dict[str, Any]:
        """The members of the call's body."""
        return {"message": self.message} | ({"author": self.author.body} if self.author else {})


def read_author(name: str, email: str) -> Author | None:
    """The author of a commit, None when nothing is given; raises InvalidInput for half of one."""
    given, address = name.strip(), email.strip()
    if not given and not address:
        return None
    if not given:
        raise InvalidInput({"author_name": "is missing: GitHub takes an author by name and e-mail only"})
    if not _ADDRESS.fullmatch(address):
        raise InvalidInput({"author_email": "is not an e-mail address: GitHub takes an author by name and e-mail only"})
    return Author(given, address)


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


async def write(client: GitHubClient, place: Place, content: bytes, words: Words) -> File:
    """Bring the file to `content`; raises Rejected `conflict` when it keeps moving under us."""
    wanted = _blob_sha(content)
    for left in reversed(range(TRIES)):
        there = await _current(client, place)
        if there is not None and there["sha"] == wanted:
            return File(path=place.path, sha=wanted, html_url=there.get("html_url"), created=False, changed=False)
        try:
            return await _put(client, place, content, words, there["sha"] if there else None)
        except Rejected as error:
            if not left or not _moved(error):
                raise
    raise AssertionError  # the last try returns or raises


async def read(client: GitHubClient, place: Place) -> Content:
    """Read the file; raises Rejected, `too_large` for one whose content GitHub does not give."""
    found = await _current(client, place)
    if found is None:
        raise Rejected("not_found_or_no_access", f"{place.path} is not there, or the account may not see it.")
    if found.get("encoding") != "base64":
        raise Rejected("too_large", f"{place.path} is larger than a step can hold.")
    raw = base64.b64decode(found["content"])
    kept = Content(path=found["path"], sha=found["sha"], size=len(raw), html_url=found.get("html_url"))
    try:
        return kept.model_copy(update={"content": raw.decode()})
    except UnicodeDecodeError:
        return kept.model_copy(update={"content_base64": base64.b64encode(raw).decode()})


async def remove(client: GitHubClient, place: Place, message: str) -> Removal:
    """Delete the version that was read; raises Rejected `conflict` when it keeps moving under us."""
    for left in reversed(range(TRIES)):
        there = await _current(client, place)
        if there is None:
            await client.read(lambda github: github.requester.requestJsonAndCheck("GET", _root(place)))
            return Removal(path=place.path, changed=False)
        body = {"message": message, "sha": there["sha"]} | ({"branch": place.branch} if place.branch else {})

        def delete(github: Github, body: dict[str, Any] = body) -> str:
            return str(github.requester.requestJsonAndCheck("DELETE", place.url, input=body)[1]["commit"]["sha"])

        try:
            return Removal(path=place.path, commit_sha=await client.change(delete), changed=True)
        except Rejected as error:
            if not left or not _moved(error):
                raise
    raise AssertionError  # the last try returns or raises


def _root(place: Place) -> str:
    """What must be seen before a missing file counts as deleted."""
    at = f"/repos/{place.repository}"
    return f"{at}/branches/{quote(place.branch)}" if place.branch else at


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


async def _put(client: GitHubClient, place: Place, content: bytes, words: Words, sha: str | None) -> File:
    body = words.members | {"content": base64.b64encode(content).decode()}
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
