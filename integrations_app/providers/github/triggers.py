"""What can start a workflow at GitHub: issues, pushes, pull requests and comments of one repository."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from integrations_app.providers.github.choices import list_branches, list_repositories
from integrations_app.providers.github.hooks import HOOKS
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.triggers import Inbound, Trigger

_EXAMPLES = Path(__file__).parent / "examples"
_BRANCH = "refs/heads/"


class InRepository(Params):
    """Which repository to listen to."""

    repository: Annotated[str, Choices(list_repositories)] = Field(
        title="Repository", min_length=1, description="owner/name"
    )


class OnIssues(InRepository):
    """Which changes of issues count."""

    actions: list[str] = Field(
        default=["opened"],
        title="Actions",
        description="opened, edited, closed, reopened, labeled, assigned …; none: all.",
    )


class OnPullRequest(InRepository):
    """Which changes of pull requests count."""

    actions: list[str] = Field(
        default=["opened"], title="Actions", description="opened, synchronize, closed, ready_for_review …; none: all."
    )


class OnIssueComment(InRepository):
    """Which comments count."""

    actions: list[str] = Field(default=["created"], title="Actions", description="created, edited, deleted; none: all.")


class OnPush(InRepository):
    """Which pushes count."""

    branches: Annotated[list[str], Choices(list_branches, ("repository",))] = Field(
        default=[], title="Branches", description="Names or patterns such as release/*; none: every branch."
    )


def matches_action(inbound: Inbound, config: Any) -> bool:
    """Whether the delivery is of the repository and one of the actions; no actions means all."""
    return _in_repository(inbound, config) and (
        not config.actions or str(inbound.payload.get("action", "")) in config.actions
    )


def matches_push(inbound: Inbound, config: Any) -> bool:
    """Whether the push is of the repository and one of the branches; tags and deletions are no pushes of a branch."""
    ref = str(inbound.payload.get("ref", ""))
    if not _in_repository(inbound, config) or not ref.startswith(_BRANCH) or inbound.payload.get("deleted"):
        return False
    branch = ref.removeprefix(_BRANCH)
    return not config.branches or any(fnmatchcase(branch, pattern) for pattern in config.branches)


def _in_repository(inbound: Inbound, config: Any) -> bool:
    repository = inbound.payload.get("repository")
    name = repository.get("full_name", "") if isinstance(repository, dict) else ""
    wanted = str(config.repository)
    return str(name).lower() == wanted.strip().lower()


def _trigger(key: str, title: str, description: str, config: type[InRepository]) -> Trigger:
    return Trigger(
        key=key,
        title=title,
        description=description,
        config=config,
        kinds=(key,),
        matches=matches_push if config is OnPush else matches_action,
        example=json.loads((_EXAMPLES / f"{key}.json").read_text(encoding="utf-8")),
        scopes=("repo",),
        hooks=HOOKS,
    )


TRIGGERS = (
    _trigger("issues", "Issue changes", "An issue is opened, closed, labelled or changed otherwise.", OnIssues),
    _trigger("push", "Push", "Commits are pushed to a branch.", OnPush),
    _trigger("pull_request", "Pull request changes", "A pull request is opened, updated, closed …", OnPullRequest),
    _trigger("issue_comment", "Comment", "Someone comments on an issue or a pull request.", OnIssueComment),
)
