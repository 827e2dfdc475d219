"""One REST call: who asks, what for, the refusals, and the table of endpoints."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from integrations_app.sandbox.github.state import (
    Account,
    Commit,
    GitHub,
    Issue,
    Repository,
    Token,
    github_of,
    installation_on,
)
from integrations_app.sandbox.world import World

Json = dict[str, Any]
REPO = ("repo", "public_repo")
HOOKS = ("admin:repo_hook", "write:repo_hook", "repo")
ORGANIZATION_HOOKS = ("admin:org_hook",)
DOCS = "https://docs.github.com/rest"


class Refusal(Exception):
    """A refusal in GitHub's shape."""

    def __init__(
        self, status: int, message: str, errors: list[Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}


def not_found() -> Refusal:
    """404, also for what one may not see."""
    return Refusal(404, "Not Found")


def invalid(resource: str, name: str, code: str, message: str = "") -> Refusal:
    """422 with one entry in `errors`."""
    entry = {"resource": resource, "field": name, "code": code}
    return Refusal(422, "Validation Failed", [entry | ({"message": message} if message else {})])


@dataclass
class Reply:
    """What an endpoint answers; `body` None is an empty answer."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One call; `api` and `web` are the addresses it was asked on (REST base, site base)."""

    world: World
    web: str
    token: Token | None
    viewer: Account | None
    path: dict[str, Any]
    query: dict[str, str]
    body: Json
    api_version: str
    url: str
    raw: bytes = b""
    """The body of an upload."""
    content_type: str = ""

    @property
    def api(self) -> str:
        """The REST base."""
        return f"{self.web}/api/v3"

    @property
    def github(self) -> GitHub:
        """The state."""
        return github_of(self.world)

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.world.clock()

    def me(self) -> Account:
        """Who asks; raises 401 when nobody signed in."""
        if self.viewer is None:
            raise Refusal(401, "Requires authentication")
        return self.viewer

    def has_scope(self, *scopes: str) -> bool:
        """Whether the token carries one of these scopes; an App's has none and may what `repository` lets it."""
        return self.token is not None and (self.token.of_app or bool(set(scopes) & set(self.token.scopes)))

    def repository(self, level: str = "pull", scopes: tuple[str, ...] = ()) -> Repository:
        """The repository of the path; 404 when it may not be seen or a scope is missing, 403 below `level`."""
        found = self.github.repository(self.path["owner"], self.path["repo"])
        login = self.viewer.login if self.viewer else None
        if found is None or not found.may(login, "pull"):
            raise not_found()
        if found.private and not self.has_scope("repo", *scopes):
            raise not_found()
        if scopes:
            self.me()
            usable = [scope for scope in scopes if scope != "public_repo" or not found.private]
            if not self.has_scope(*usable):
                raise not_found()
        if self.token is not None and self.token.of_app:
            changes, permission = bool(scopes) or level != "pull", "repository_hooks" if scopes == HOOKS else ""
            self._require_app(self.token.client_id, found, permission, changes=changes)
        if not found.may(login, level):
            if level == "admin":
                raise not_found()
            raise Refusal(403, "Must have admin rights to Repository.")
        return found

    def _require_app(self, client_id: str, repository: Repository, permission: str, *, changes: bool) -> None:
        """Refuse what the App of the token is not installed on, or has not the permission for."""
        found = installation_on(self.github, client_id, repository)
        if found is None and repository.private:
            raise not_found()
        allowed = found is not None and (not permission or found.permissions.get(permission) == "write")
        if changes and not allowed:
            raise Refusal(403, "Resource not accessible by integration")

    def organization(self, scopes: tuple[str, ...]) -> Account:
        """The organisation of the path, for its owners; 404 for everybody else and without one of the scopes."""
        found = self.github.account(self.path["org"])
        if found is None or self.me().login not in found.owners or not self.has_scope(*scopes):
            raise not_found()
        if self.token is not None and self.token.of_app and not self._manages_hooks_of(found):
            raise Refusal(403, "Resource not accessible by integration")
        return found

    def _manages_hooks_of(self, organization: Account) -> bool:
        client_id = self.token.client_id if self.token else ""
        here = (one for one in self.github.installations.values() if one.account is organization)
        return any(one.client_id == client_id and one.permissions.get("organization_hooks") == "write" for one in here)

    def issue(self, repository: Repository) -> Issue:
        """The issue or pull request of the path."""
        found = repository.issues.get(self.path["number"])
        if found is None:
            raise not_found()
        return found

    def text(self, name: str, resource: str, required: bool = True) -> str:
        """A text member of the body; 422 when missing or no text."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if value is None:
            raise invalid(resource, name, "missing_field")
        if not isinstance(value, str):
            message = f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string."
            raise Refusal(422, message)
        if required and not value.strip():
            raise invalid(resource, name, "missing_field")
        return value

    def commit(self, repository: Repository, ref: str) -> Commit:
        """The commit of a ref; 404 when there is none."""
        found = repository.head(ref)
        if found is None:
            raise Refusal(404, f"No commit found for the ref {ref}")
        return found


@dataclass(frozen=True)
class Endpoint:
    """A REST endpoint; `scopes` only fill `X-Accepted-OAuth-Scopes`, the act itself refuses."""

    method: str
    path: str
    scopes: tuple[str, ...]
    act: Callable[[Call], Reply]


ENDPOINTS: list[Endpoint] = []
Act = Callable[[Call], Reply]


def endpoint(method: str, path: str, *scopes: str) -> Callable[[Act], Act]:
    """Put a function into the table of endpoints; `{owner}/{repo}` paths start at `/repos`."""

    def register(act: Act) -> Act:
        ENDPOINTS.append(Endpoint(method, path, scopes, act))
        return act

    return register


def paged(call: Call, items: list[Any], wrap: Callable[[list[Any]], Any] = lambda views: views) -> Reply:
    """One page by `page` and `per_page` (at most 100) with a Link header."""
    try:
        size = min(max(int(call.query.get("per_page", "30")), 1), 100)
        number = max(int(call.query.get("page", "1")), 1)
    except ValueError as error:
        raise Refusal(422, "Invalid request.\n\npage and per_page are numbers.") from error
    last = max((len(items) + size - 1) // size, 1)
    links = []
    if number > 1:
        links += [(1, "first"), (number - 1, "prev")]
    if number < last:
        links += [(number + 1, "next"), (last, "last")]
    headers = {"Link": ", ".join(f'<{_page_url(call, page)}>; rel="{rel}"' for page, rel in links)} if links else {}
    return Reply(200, wrap(items[(number - 1) * size : number * size]), headers)


def _page_url(call: Call, number: int) -> str:
    return f"{call.url}?{urlencode(call.query | {'page': str(number)})}"
