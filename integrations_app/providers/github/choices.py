"""Pickers: repositories, and what is inside one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from github import Github
from github.PaginatedList import PaginatedList
from github.Repository import Repository

from integrations_app.errors import MissingScope, Rejected
from integrations_app.providers.github.client import PER_PAGE, GitHubClient
from integrations_app.providers.github.names import owner_of, repository_of
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery
from integrations_app.sdk.pages import PageMemory, search_pages

Page = tuple[list[Choice], str]
_AFFILIATION = "owner,collaborator,organization_member"

_pages: PageMemory[Page] = PageMemory()


async def list_repositories(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Repositories the account works on, the last pushed first."""
    return await _list(query, ctx, ("repositories",), _repositories, _repository)


async def list_sources(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """What a trigger may listen to: every organisation as a whole, then the repositories."""
    page, client = await list_repositories(query, ctx), ctx.client
    if query.cursor:
        return page

    async def load(_cursor: str) -> Page:
        return await _pages.get((*client.key, "organizations"), lambda: _organizations(client))

    return replace(page, choices=(*(await search_pages(query, load)).choices, *page.choices))


async def _organizations(client: GitHubClient) -> Page:
    """Those that the account belongs to, else those in whose repositories it worked last.

    GitHub lists the former only for a token with `read:org` or `user` ("List organizations for the authenticated
    user"), and none for a fine-grained one.
    """
    try:
        logins = await client.read(lambda github: [one.login for one in github.get_user().get_orgs().get_page(0)])
    except (MissingScope, Rejected):
        logins = []
    return [_whole(login) for login in logins or await client.read(_owners)], ""


def _owners(github: Github) -> list[str]:
    """In the thread."""
    owners = (item.owner for item in _repositories(github).get_page(0))
    return list(dict.fromkeys(owner.login for owner in owners if owner.type == "Organization"))


async def list_branches(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Branches of the chosen repository."""
    return await _inside(
        query, ctx, "branches", Repository.get_branches, lambda branch: Choice(branch.name, branch.name)
    )


async def list_pull_requests(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Open pull requests of the chosen repository, the newest first."""
    return await _inside(query, ctx, "pulls", lambda repository: repository.get_pulls(state="open"), _pull_request)


async def list_workflows(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Active workflows of the chosen repository."""
    return await _inside(query, ctx, "workflows", Repository.get_workflows, _workflow)


async def list_labels(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Labels of the chosen repository."""
    return await _inside(query, ctx, "labels", Repository.get_labels, lambda label: Choice(label.name, label.name))


async def list_assignees(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """People who can be assigned in the chosen repository."""
    return await _inside(query, ctx, "assignees", Repository.get_assignees, lambda user: Choice(user.login, user.login))


async def list_issues(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Open issues and pull requests of the chosen repository, the newest first."""
    return await _inside(query, ctx, "issues", lambda repository: repository.get_issues(state="open"), _pull_request)


async def list_milestones(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Open milestones of the chosen repository."""
    return await _inside(query, ctx, "milestones", Repository.get_milestones, _milestone)


async def list_tags(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Tags of the chosen repository."""
    return await _inside(query, ctx, "tags", Repository.get_tags, lambda tag: Choice(tag.name, tag.name))


async def list_releases(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """Releases of the chosen repository, the newest first, with the drafts that the account may see."""
    return await _inside(query, ctx, "releases", Repository.get_releases, _release)


def _release(item: Any) -> Choice:
    hint = f"{item.tag_name}, a draft" if item.draft else item.tag_name
    return Choice(str(item.id), item.name or item.tag_name, hint)


def _milestone(item: Any) -> Choice:
    return Choice(str(item.number), item.title)


def _repositories(github: Github) -> PaginatedList[Any]:
    return github.get_user().get_repos(affiliation=_AFFILIATION, sort="pushed", direction="desc")


def _whole(login: str) -> Choice:
    return Choice(f"{login}/*", f"All repositories of {login}", "organisation")


def _repository(item: Any) -> Choice:
    return Choice(item.full_name, item.full_name, "private" if item.private else "")


def _pull_request(item: Any) -> Choice:
    return Choice(str(item.number), f"#{item.number} {item.title}", f"by {item.user.login}" if item.user else "")


def _workflow(item: Any) -> Choice | None:
    return Choice(item.path.rpartition("/")[2], item.name, item.path) if item.state == "active" else None


async def _inside(
    query: ChoiceQuery,
    ctx: ActionContext[GitHubClient],
    what: str,
    find: Callable[[Repository], PaginatedList[Any]],
    show: Callable[[Any], Choice | None],
) -> ChoicePage:
    given = str(query.values.get("repository") or "")
    if owner_of(given):  # there is no one repository to look into: names are typed
        return ChoicePage(())
    name = repository_of(given, ctx.settings)
    return await _list(query, ctx, (what, name), lambda github: find(github.get_repo(name)), show)


async def _list(
    query: ChoiceQuery,
    ctx: ActionContext[GitHubClient],
    key: tuple[str, ...],
    find: Callable[[Github], PaginatedList[Any]],
    show: Callable[[Any], Choice | None],
) -> ChoicePage:
    client = ctx.client

    async def fetch(cursor: str) -> Page:
        return await client.read(lambda github: _read_page(find(github), cursor, show))

    async def load(cursor: str) -> Page:
        return await _pages.get((*client.key, *key, cursor), lambda: fetch(cursor))

    return await search_pages(query, load)


def _read_page(found: PaginatedList[Any], cursor: str, show: Callable[[Any], Choice | None]) -> Page:
    """In the thread. The cursor is the page's number, counted from 0; a full page may have a next one."""
    number = int(cursor) if cursor.isdigit() else 0
    items = found.get_page(number)
    choices = [choice for choice in map(show, items) if choice is not None]
    return choices, str(number + 1) if len(items) >= PER_PAGE else ""
