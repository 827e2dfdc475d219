"""Looks whether what has a text was made although its answer was lost: by a marker hidden in the text."""

import hashlib
from datetime import UTC, timedelta
from typing import Any

from github import Github

from integrations_app.errors import Rejected
from integrations_app.providers.github.client import PER_PAGE, GitHubClient
from integrations_app.providers.github.names import repository_of
from integrations_app.providers.github.rest import call
from integrations_app.providers.github.results import Comment, Issue, PullRequest, Release, Review
from integrations_app.sdk.context import ActionContext, utc_now

MOST_PAGES = 5
_CLOCK_SKEW = timedelta(minutes=2)
_DEFAULT_LOOKBACK = timedelta(hours=1)


def marker(operation_id: str) -> str:
    """Make the HTML comment that names an operation: invisible on the page; a hash, as an id may hold `--`."""
    return f"<!-- integrations-operation:{hashlib.sha256(operation_id.encode()).hexdigest()[:32]} -->"


def marked(body: str, operation_id: str) -> str:
    """Return the body with the operation's marker at its end."""
    return f"{body}\n\n{marker(operation_id)}" if body else marker(operation_id)


async def find_issue(params: Any, ctx: ActionContext[GitHubClient]) -> Issue | None:
    """Look through the issues created since the first attempt, the newest first."""
    name = repository_of(params.repository, ctx.settings)
    query = {"state": "all", "sort": "created", "direction": "desc"}
    found = await look(ctx, f"/repos/{name}/issues", query, newest_first=True)
    return Issue.of(found) if found is not None else None


async def find_comment(params: Any, ctx: ActionContext[GitHubClient]) -> Comment | None:
    """Look through the comments changed since the first attempt."""
    name = repository_of(params.repository, ctx.settings)
    found = await look(ctx, f"/repos/{name}/issues/{params.number}/comments", {"since": since(ctx)})
    return Comment.of(found) if found is not None else None


async def find_review_comment(params: Any, ctx: ActionContext[GitHubClient]) -> Comment | None:
    """Look through the comments at lines changed since the first attempt."""
    name = repository_of(params.repository, ctx.settings)
    found = await look(ctx, f"/repos/{name}/pulls/{params.number}/comments", {"since": since(ctx)})
    return Comment.of(found) if found is not None else None


async def find_review(params: Any, ctx: ActionContext[GitHubClient]) -> Review | None:
    """Look through the reviews, which GitHub lists from the oldest on and without a date to begin at."""
    name = repository_of(params.repository, ctx.settings)
    found = await look(ctx, f"/repos/{name}/pulls/{params.number}/reviews", {})
    return Review.of(found) if found is not None else None


async def find_pull_request(params: Any, ctx: ActionContext[GitHubClient]) -> PullRequest | None:
    """Look through the pull requests into the base, the newest first."""
    name = repository_of(params.repository, ctx.settings)
    query = {"state": "all", "sort": "created", "direction": "desc", "base": params.base}
    found = await look(ctx, f"/repos/{name}/pulls", query, newest_first=True)
    return PullRequest.of(found) if found is not None else None


async def find_release(params: Any, ctx: ActionContext[GitHubClient]) -> Release | None:
    """Look through the releases, drafts too, the newest first."""
    name = repository_of(params.repository, ctx.settings)
    found = await look(ctx, f"/repos/{name}/releases", {}, newest_first=True)
    return Release.of(found) if found is not None else None


async def look(
    ctx: ActionContext[GitHubClient], path: str, query: dict[str, Any], *, newest_first: bool = False
) -> dict[str, Any] | None:
    """Find the item whose body holds the marker; None when all that is recent was seen, else Rejected."""
    wanted, began = marker(ctx.operation_id), since(ctx)

    def search(github: Github) -> tuple[dict[str, Any] | None, bool]:
        for number in range(1, MOST_PAGES + 1):
            page = call(github, "GET", path, per_page=PER_PAGE, page=number, **query)
            for item in page:
                if wanted in (item.get("body") or ""):
                    return item, True
            if len(page) < PER_PAGE or (newest_first and str(page[-1].get("created_at", "")) < began):
                return None, True
        return None, False

    found, complete = await ctx.client.read(search)
    if not complete:
        raise Rejected("too_much_to_search", "Too much was written since to see whether it was made.")
    return found


def since(ctx: ActionContext[GitHubClient]) -> str:
    """When the operation may have begun at the earliest, as GitHub writes a moment."""
    began = ctx.started or (ctx.now or utc_now()) - _DEFAULT_LOOKBACK
    return (began - _CLOCK_SKEW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
