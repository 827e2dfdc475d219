"""The authorised GitHub client: PyGithub in worker threads, over the door."""

import asyncio
import contextvars
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from github import Auth, BadAttributeException, Github, GithubException

from integrations_app.errors import IntegrationsError, ReconnectRequired, Rejected, ResponseRefused, Unavailable
from integrations_app.providers.github import connection
from integrations_app.providers.github.downloads import Archive, Wish, unpack
from integrations_app.providers.github.errors import to_error
from integrations_app.sdk.answers import changing, reading
from integrations_app.sdk.auth import ACCESS_TOKEN
from integrations_app.sdk.context import Access, Account, RevokeContext

T = TypeVar("T")
PER_PAGE = 100
# Threads of its own: the process's default ones belong to the database.
_THREADS = ThreadPoolExecutor(16, "github")

# What PyGithub raises over an answer it cannot use: addresses of another host, no JSON, missing or odd members.
_UNREADABLE = (
    AssertionError,
    AttributeError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    RecursionError,
    BadAttributeException,
)
_ELSEWHERE = connection.REDIRECTS | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}

connection.install()


class GitHubClient:
    """`read` and `change` run a function of a PyGithub `Github` in a worker thread."""

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing. Raises ReconnectRequired when no token is stored."""
        token = access.secrets.get(ACCESS_TOKEN)
        if token is None:
            raise ReconnectRequired("No token is stored.", "bad_credentials")
        self._access = access
        self._token = token
        self.bases = access.bases
        self.key = (access.connection_id, access.bases["api"])

    async def read(self, work: Callable[[Github], T], *, hidden: bool = False) -> T:
        """Run calls that change nothing: a lost answer is Unavailable.

        `hidden`: what is read shows itself to nobody without the scope for it, not even in public.
        """
        with reading():
            return await self._run(work, changes=False, hidden=hidden)

    async def change(self, work: Callable[[Github], T]) -> T:
        """Run one call that changes something: a lost answer is OutcomeUnknown."""
        with changing():
            return await self._run(work, changes=True)

    async def download(self, path: str, wish: Wish) -> Archive:
        """Read an archive that GitHub keeps elsewhere: the API names a signed address, which gets no token.

        Only a public address is called there, by https when GitHub itself is. Raises Rejected `gone` for what is kept
        no longer, ResponseRefused for an archive that is too large or broken.
        """
        with reading():
            content = await self._fetched(await self._location(f"{self.bases['api']}{path}"))
        return await asyncio.get_running_loop().run_in_executor(_THREADS, unpack, content, wish)

    async def _location(self, url: str) -> str:
        """Where the API says that the file is; an API that has moved is asked once more where it is now."""
        access = self._access
        door = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
        headers = {
            "Authorization": f"Bearer {self._token.reveal('github call').strip()}",
            "Accept": "application/vnd.github+json",
        }
        for _ in range(connection.MAX_REDIRECTS + 1):
            answer = await door.request("GET", url, headers=headers)
            there = _joined(url, answer.headers.get("location", ""))
            if answer.status_code == HTTPStatus.FOUND:
                return _fetchable(url, there)
            if answer.status_code not in connection.REDIRECTS:
                raise _refusal(answer.status_code, answer.content, dict(answer.headers), access.clock())
            url = connection.same_origin(url, there)
        raise Rejected("redirected", "GitHub redirects in circles.")

    async def _fetched(self, url: str) -> bytes:
        """The file at the storage; where that redirects, too, every hop is as safe as the one before."""
        access = self._access
        anywhere = replace(access.passport, hosts=None) if access.passport is not None else None
        door = access.door.client(pool=access.organization_id, passport=anywhere, deadline=access.deadline)
        for _ in range(connection.MAX_REDIRECTS + 1):
            answer = await door.request("GET", url)
            if answer.status_code == HTTPStatus.OK:
                return answer.content
            if answer.status_code not in _ELSEWHERE or "location" not in answer.headers:
                raise Unavailable(f"GitHub's storage did not give the file (status {answer.status_code}).")
            url = _fetchable(url, _joined(url, answer.headers["location"]))
        raise Rejected("redirected", "GitHub's storage redirects in circles.")

    async def _run(self, work: Callable[[Github], T], *, changes: bool, hidden: bool = False) -> T:
        access = self._access
        scope = access.door.thread_scope(
            pool=access.organization_id, passport=access.passport, deadline=access.deadline
        )
        with scope:
            context = contextvars.copy_context()
            try:
                return await asyncio.get_running_loop().run_in_executor(_THREADS, context.run, self._work, work)
            except GithubException as error:
                raise to_error(error, changes=changes, now=access.clock(), hidden=hidden) from None
            except _UNREADABLE as error:
                raise ResponseRefused("protocol_error", "GitHub's answer cannot be read.") from error

    def _work(self, work: Callable[[Github], T]) -> T:
        """In the thread: one `Github` per piece of work, as PyGithub does not say that it is thread-safe."""
        client = Github(
            auth=Auth.Token(self._token.reveal("github call").strip()),
            base_url=self._access.bases["api"],
            user_agent="integrations-app",
            per_page=PER_PAGE,
            timeout=int(self._access.deadline),
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )
        return work(client)


def _joined(here: str, there: str) -> str:
    """The address that a redirect names; raises ResponseRefused for what is none."""
    try:
        return urljoin(here, there)
    except ValueError as error:
        raise ResponseRefused("protocol_error", "GitHub redirects to what is no address.") from error


def _fetchable(here: str, there: str) -> str:
    """The address of a file, when it is as safe as GitHub's own."""
    if urlsplit(there).scheme != "https" and urlsplit(here).scheme == "https":
        raise Rejected("redirected", "GitHub keeps the file at an address without encryption.")
    return there


def _refusal(status: int, content: bytes, headers: dict[str, str], now: datetime) -> IntegrationsError:
    """What the API says in place of an address."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    error = to_error(GithubException(status, body, headers), changes=False, now=now)
    if isinstance(error, Rejected) and error.code == "gone":
        return Rejected("gone", "GitHub keeps it no longer: logs and artifacts are deleted after some time.")
    return error


def open_client(access: Access) -> GitHubClient:
    """Build the client of a connection."""
    return GitHubClient(access)


async def check(client: GitHubClient) -> Account:
    """Ask `GET /user` who we are; any token may. Scopes and the rate budget come in the headers."""
    return await client.read(_account)


def _account(github: Github) -> Account:
    headers, user = github.requester.requestJsonAndCheck("GET", "/user")
    scopes = tuple(part.strip() for part in headers.get("x-oauth-scopes", "").split(",") if part.strip())
    detail = {"login": str(user["login"]), "name": str(user.get("name") or "")}
    if "x-ratelimit-remaining" in headers:
        detail["rate"] = f"{headers['x-ratelimit-remaining']} of {headers.get('x-ratelimit-limit', '?')} calls left"
    return Account(id=str(user["id"]), name=str(user["login"]), scopes=scopes, detail=detail)


async def revoke(context: RevokeContext[GitHubClient]) -> None:
    """Delete the token at GitHub (Basic with the app's credentials, JSON body; not RFC 7009).

    Other connections of the same person keep theirs. A token that is gone already is success. A pasted
    token has no app and stays as it is: its owner may use it elsewhere.
    """
    access, secret = context.access, context.client_secret
    token = access.secrets.get(ACCESS_TOKEN)
    if not context.client_id or secret is None or token is None:
        return
    client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
    response = await client.request(
        "DELETE",
        f"{access.bases['api']}/applications/{context.client_id}/token",
        auth=(context.client_id, secret.reveal("github revoke")),
        json={"access_token": token.reveal("github revoke")},
        headers={"Accept": "application/vnd.github+json"},
    )
    if response.status_code not in (204, 404, 422):
        raise _revoke_refusal(response.status_code)


def _revoke_refusal(status: int) -> Unavailable | Rejected:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable("GitHub did not delete the token now.")
    return Rejected("revoke_refused", f"GitHub did not delete the token (status {status}): check the app's secret.")
