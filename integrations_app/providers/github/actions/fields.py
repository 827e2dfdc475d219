"""Parameters that many actions share, and the bounds they keep before anything is sent."""

from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.github import choices
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.errors import too_long
from integrations_app.providers.github.names import repository_of
from integrations_app.sdk.actions import Params
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices

BODY_LIMIT = 65_536
TITLE_LIMIT = 256
NAMES_LIMIT = 100
MOST = 1_000
IN_REPOSITORY = ("repository",)
SCOPES = ("repo",)

Repository = Annotated[
    str,
    Choices(choices.list_repositories),
    Field(title="Repository", description="owner/name; when empty, the connection's default repository."),
]
Limit = Annotated[int, Field(title="At most", ge=1, le=MOST, description="How many to read; more are asked by page.")]
Labels = Annotated[list[str], Choices(choices.list_labels, IN_REPOSITORY), Field(title="Labels")]
People = Annotated[list[str], Choices(choices.list_assignees, IN_REPOSITORY), Field(title="Assignees")]
Branch = Annotated[str, Choices(choices.list_branches, IN_REPOSITORY)]


class InRepository(Params):
    """A repository."""

    repository: Repository = ""


class OnIssue(InRepository):
    """An issue or a pull request."""

    number: Annotated[int, Choices(choices.list_issues, IN_REPOSITORY)] = Field(title="Issue or pull request", ge=1)


class OnPull(InRepository):
    """A pull request."""

    number: Annotated[int, Choices(choices.list_pull_requests, IN_REPOSITORY)] = Field(title="Pull request", ge=1)


def place(params: InRepository, ctx: ActionContext[GitHubClient]) -> str:
    """The repository's address below the API's base; raises InvalidInput."""
    return f"/repos/{repository_of(params.repository, ctx.settings)}"


def bounded(text: str, field: str = "body", limit: int = BODY_LIMIT) -> str:
    """The text, when it is not too long; raises InvalidInput `input_too_long`."""
    if len(text) > limit:
        raise too_long(field, limit)
    return text


def few(values: list[str], field: str, limit: int = NAMES_LIMIT) -> list[str]:
    """The values, when there are not too many, and some; raises InvalidInput."""
    if not values:
        raise InvalidInput({field: "is empty"})
    if len(values) > limit:
        raise InvalidInput({field: f"may hold at most {limit} values"}, "", "input_too_long")
    return values


def segment(text: str, field: str) -> str:
    """A name as one part of an address; raises InvalidInput for one that would leave its place."""
    if not text.strip() or text.strip() in (".", "..") or not text.isprintable():
        raise InvalidInput({field: "is not a name"})
    return quote(text.strip(), safe="")


def ref_name(text: str, field: str) -> str:
    """The name of a branch or a tag as part of an address; raises InvalidInput for what git would not take."""
    name = text.strip()
    parts = name.split("/")
    odd = any(part in ("", ".", "..") or part.endswith(".lock") for part in parts) or ".." in name or "@{" in name
    if not name or odd or not name.isprintable() or set(name) & set(" ~^:?*[\\"):
        raise InvalidInput({field: "is not the name of a branch or a tag"})
    return quote(name)
