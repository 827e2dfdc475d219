"""Looks whether an issue or a comment was made although its answer was lost: by a marker hidden in its text."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from github import Github
from github.PaginatedList import PaginatedList

from integrations_app.errors import Rejected
from integrations_app.providers.github.client import PER_PAGE, GitHubClient
from integrations_app.providers.github.names import repository_of
from integrations_app.sdk.actions import Result
from integrations_app.sdk.context import ActionContext, utc_now

MOST_PAGES = 5
_CLOCK_SKEW = timedelta(minutes=2)
_DEFAULT_LOOKBACK = timedelta(hours=1)


class Issue(Result):
    """An issue as GitHub names it."""

    number: int
    id: int
    html_url: str
    title: str
    state: str

    @classmethod
    def of(cls, item: Any) -> Self:
        """Take what is kept of PyGithub's issue."""
        return cls(number=item.number, id=item.id, html_url=item.html_url, title=item.title, state=item.state)


class Comment(Result):
    """A comment as GitHub names it."""

    id: int
    html_url: str

    @classmethod
    def of(cls, item: Any) -> Self:
        """Take what is kept of PyGithub's comment."""
        return cls(id=item.id, html_url=item.html_url)


def marker(operation_id: str) -> str:
    """Make the HTML comment that names an operation: invisible on the page; a hash, as an id may hold `--`."""
    return f"<!-- integrations-operation:{hashlib.sha256(operation_id.encode()).hexdigest()[:32]} -->"


def marked(body: str, operation_id: str) -> str:
    """Return the body with the operation's marker at its end."""
    return f"{body}\n\n{marker(operation_id)}" if body else marker(operation_id)


async def find_issue(params: Any, ctx: ActionContext[GitHubClient]) -> Issue | None:
    """Look through the issues created since the first attempt, the newest first."""
    name = repository_of(params.repository, ctx.settings)
    since = _since(ctx)

    def newest(github: Github) -> PaginatedList[Any]:
        return github.get_repo(name).get_issues(state="all", sort="created", direction="desc")

    found = await _look(ctx, newest, lambda item: item.created_at < since)
    return Issue.of(found) if found is not None else None


async def find_comment(params: Any, ctx: ActionContext[GitHubClient]) -> Comment | None:
    """Look through the comments changed since the first attempt."""
    name = repository_of(params.repository, ctx.settings)
    since = _since(ctx)

    def recent(github: Github) -> PaginatedList[Any]:
        return github.get_repo(name).get_issue(params.number).get_comments(since=since)

    found = await _look(ctx, recent, lambda _item: False)
    return Comment.of(found) if found is not None else None


async def _look(
    ctx: ActionContext[GitHubClient], list_them: Callable[[Github], PaginatedList[Any]], is_older: Callable[[Any], bool]
) -> Any:
    """Find the item whose body holds the marker; None when all that is recent was seen, else Rejected."""
    wanted = marker(ctx.operation_id)

    def search(github: Github) -> tuple[Any, bool]:
        items = list_them(github)
        for number in range(MOST_PAGES):
            page = items.get_page(number)
            for item in page:
                if wanted in (item.body or ""):
                    return item, True
            if len(page) < PER_PAGE or is_older(page[-1]):
                return None, True
        return None, False

    found, complete = await ctx.client.read(search)
    if not complete:
        raise Rejected("too_much_to_search", "Too much was written since to see whether it was made.")
    return found


def _since(ctx: ActionContext[GitHubClient]) -> datetime:
    began = ctx.started or (ctx.now or utc_now()) - _DEFAULT_LOOKBACK
    return (began - _CLOCK_SKEW).astimezone(UTC)
