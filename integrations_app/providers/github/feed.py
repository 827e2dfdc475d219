"""Whether a GitHub App tells of a repository by itself, and whether the connected account reads it: GitHub's own word.

"List app installations accessible to the user access token" names the installations of the token's App that the
account has a right of its own in, each with the events that it sends; "List repositories accessible to the user access
token" names what both reach. Tokens of other kinds are refused there. Whoever reads a public repository may know what
an App hears of it, but for the drafts of releases ("Webhook events and payloads", `release`), which only those see who
may push.
"""

from collections.abc import Mapping
from typing import Any

from github import Github

from integrations_app.errors import MissingScope, Rejected
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.names import owner_of, target_of
from integrations_app.providers.github.rest import Json, call, items
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.triggers import Feed

MOST = 1000
"""Installations, and repositories of one, that are looked through; with more, a webhook does."""

_FOR_WRITERS = frozenset({"release"})


async def feed(config: Mapping[str, Any], events: tuple[str, ...], ctx: ActionContext[GitHubClient]) -> Feed | None:
    """The installation that sends all of these events of the repository, or of the owner's that the account reads."""
    name = target_of(config)
    try:
        return await ctx.client.read(lambda github: _feed(github, name, set(events)))
    except (MissingScope, Rejected):
        return None


def _feed(github: Github, name: str, events: set[str]) -> Feed | None:
    """In the thread. The installations come first: other tokens than an App's are turned away there."""
    installations = items(github, "/user/installations", MOST, "installations")
    owner = owner_of(name)
    repository = None if owner else call(github, "GET", f"/repos/{name}")
    login = owner or str(repository["owner"]["login"] if repository else "")
    found = next((one for one in installations if _sends(one, login, events)), None)
    if found is None:
        return None
    whole = found.get("repository_selection") == "all"
    shown = [repository] if repository is not None and whole else _repositories(github, found)
    if repository is not None:
        shown = [one for one in shown if one["id"] == repository["id"]]
    if not shown or (events & _FOR_WRITERS and not all(_may_push(one) for one in shown)):
        return None
    return Feed(str(found["id"]), tuple(str(one["id"]) for one in shown))


def _sends(installation: Json, login: str, events: set[str]) -> bool:
    account = str((installation.get("account") or {}).get("login") or "")
    sends = set(installation.get("events") or ())
    return account.lower() == login.lower() and not installation.get("suspended_at") and events <= sends


def _may_push(repository: Json) -> bool:
    return (repository.get("permissions") or {}).get("push") is True


def _repositories(github: Github, installation: Json) -> list[Json]:
    """Those that the account reads; none when they are too many to be looked through."""
    path = f"/user/installations/{int(installation['id'])}/repositories"
    found = items(github, path, MOST + 1, "repositories")
    return found if len(found) <= MOST else []
