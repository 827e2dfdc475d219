"""Calls of GitHub's REST API by their path, for worker threads: one call, and lists up to a limit."""

from collections.abc import Callable
from typing import Any

from github import Github

from integrations_app.errors import Rejected
from integrations_app.providers.github.client import PER_PAGE, GitHubClient
from integrations_app.providers.github.results import Done

Json = dict[str, Any]


def call(github: Github, verb: str, path: str, body: Json | None = None, /, **query: Any) -> Any:
    """Make one call and return the answer's JSON; an empty answer is an empty object."""
    _, answer = github.requester.requestJsonAndCheck(verb, path, parameters=query or None, input=body)
    return {} if answer is None else answer


async def get(client: GitHubClient, path: str, /, **query: Any) -> Any:
    """Read one address."""
    return await client.read(lambda github: call(github, "GET", path, **query))


async def change_unless(client: GitHubClient, is_so: Callable[[Rejected], bool], verb: str, path: str) -> Done:
    """Make a change; one whose refusal says that things are so already has changed nothing. Raises other refusals."""
    try:
        await client.change(lambda github: call(github, verb, path))
    except Rejected as error:
        if not is_so(error):
            raise
        return Done(changed=False)
    return Done(changed=True)


def items(github: Github, path: str, limit: int, member: str = "", /, **query: Any) -> list[Json]:
    """Read a list page by page until `limit` things or its end; `member` holds the list in answers that are objects."""
    size = min(limit, PER_PAGE)
    found: list[Json] = []
    page: list[Json] = []
    for number in range(1, (limit + size - 1) // size + 1):
        answer = call(github, "GET", path, per_page=size, page=number, **query)
        page = answer[member] if member else answer
        found += page
        if len(page) < size:
            break
    return found[:limit]


def present(**values: Any) -> Json:
    """Keep the values that were given: not None, not empty text."""
    return {name: value for name, value in values.items() if value not in (None, "")}
