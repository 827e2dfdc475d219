"""What can start a workflow at GitHub: what happens in one repository, or in all of an organisation."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from integrations_app.providers.github import matching
from integrations_app.providers.github.choices import list_branches, list_sources, list_workflows
from integrations_app.providers.github.hooks import HOOKS, ORGANIZATION_SCOPE, of_organization
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.triggers import Trigger

_EXAMPLES = Path(__file__).parent / "examples"
_Branches = Annotated[list[str], Choices(list_branches, ("repository",))]
_NAMES = "Names or patterns such as release/*; none: every branch."


class InRepository(Params):
    """Which repository to listen to."""

    repository: Annotated[str, Choices(list_sources)] = Field(
        title="Repository", min_length=1, description="owner/name; owner/* for all repositories of an organisation."
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
    base_branches: _Branches = Field(default=[], title="Into branches", description=_NAMES)
    head_branches: _Branches = Field(default=[], title="From branches", description=_NAMES)


class OnComment(InRepository):
    """Which comments count."""

    actions: list[str] = Field(default=["created"], title="Actions", description="created, edited, deleted; none: all.")
    command: str = Field(
        default="",
        title="Command",
        max_length=100,
        description="Only comments whose first word is this, such as /deploy; empty: all.",
        pattern=r"^\s*\S*\s*$",
    )


class OnReview(InRepository):
    """Which reviews count."""

    actions: list[str] = Field(
        default=["submitted"], title="Actions", description="submitted, edited, dismissed; none: all."
    )
    states: list[str] = Field(
        default=[], title="Verdicts", description="approved, changes_requested, commented, dismissed; none: all."
    )


class OnPush(InRepository):
    """Which pushes count."""

    branches: _Branches = Field(default=[], title="Branches", description=_NAMES)
    paths: list[str] = Field(
        default=[], title="Paths", description="Only pushes that touch one, such as docs/*; none: every push."
    )


class OnRelease(InRepository):
    """Which changes of releases count."""

    actions: list[str] = Field(
        default=["published"],
        title="Actions",
        description="published, created, edited, released, prereleased …; none: all.",
    )


class OnWorkflowRun(InRepository):
    """Which runs of GitHub Actions count."""

    actions: list[str] = Field(
        default=["completed"], title="Actions", description="requested, in_progress, completed; none: all."
    )
    conclusions: list[str] = Field(
        default=[], title="Conclusions", description="success, failure, cancelled, timed_out …; none: all."
    )
    workflow: Annotated[str, Choices(list_workflows, ("repository",))] = Field(
        default="", title="Workflow", description="Its name or its file's name, such as deploy.yml; empty: all."
    )
    branches: _Branches = Field(default=[], title="Branches", description=_NAMES)


class OnRef(InRepository):
    """Branches or tags, and which of them."""

    ref_type: Literal["any", "branch", "tag"] = Field(default="any", title="Of")
    names: list[str] = Field(default=[], title="Names", description="Names or patterns such as v*; none: all.")


class OnStar(InRepository):
    """Which changes of stars count."""

    actions: list[str] = Field(default=["created"], title="Actions", description="created, deleted; none: all.")


class OnFork(InRepository):
    """Every fork counts."""


class OnDeploymentStatus(InRepository):
    """Which news of deployments count."""

    states: list[str] = Field(
        default=[], title="States", description="success, failure, error, in_progress, pending …; none: all."
    )
    environments: list[str] = Field(default=[], title="Environments", description="Names or patterns; none: all.")


class OnCheckRun(InRepository):
    """Which changes of checks count."""

    actions: list[str] = Field(
        default=["completed"], title="Actions", description="created, completed, rerequested; none: all."
    )
    conclusions: list[str] = Field(
        default=[], title="Conclusions", description="success, failure, neutral, cancelled …; none: all."
    )


def _trigger(key: str, title: str, description: str, config: type[InRepository], matches: matching.Matches) -> Trigger:
    example = json.loads((_EXAMPLES / f"{key}.json").read_text(encoding="utf-8"))
    return Trigger(
        key=key,
        title=title,
        description=description,
        config=config,
        kinds=(key,),
        matches=matches,
        example=example,
        example_config={"repository": example["repository"]["full_name"]},
        scopes=("repo",),
        scopes_when={ORGANIZATION_SCOPE: of_organization},
        hooks=HOOKS,
    )


TRIGGERS = (
    _trigger(
        "issues",
        "Issue changes",
        "An issue is opened, closed, labelled or changed otherwise.",
        OnIssues,
        matching.matches_action,
    ),
    _trigger("push", "Push", "Commits are pushed to a branch.", OnPush, matching.matches_push),
    _trigger(
        "pull_request",
        "Pull request changes",
        "A pull request is opened, updated, closed …",
        OnPullRequest,
        matching.matches_pull_request,
    ),
    _trigger(
        "issue_comment",
        "Comment",
        "Someone comments on an issue or a pull request.",
        OnComment,
        matching.matches_comment,
    ),
    _trigger("pull_request_review", "Review", "Someone reviews a pull request.", OnReview, matching.matches_review),
    _trigger(
        "pull_request_review_comment",
        "Comment at a line",
        "Someone comments at a line of a pull request.",
        OnComment,
        matching.matches_comment,
    ),
    _trigger("release", "Release", "A release is published or changed.", OnRelease, matching.matches_action),
    _trigger("workflow_run", "Workflow run", "A run of GitHub Actions ends.", OnWorkflowRun, matching.matches_run),
    _trigger("create", "Branch or tag created", "A branch or a tag is created.", OnRef, matching.matches_ref),
    _trigger("delete", "Branch or tag deleted", "A branch or a tag is deleted.", OnRef, matching.matches_ref),
    _trigger("star", "Star", "Someone stars the repository.", OnStar, matching.matches_action),
    _trigger("fork", "Fork", "Someone forks the repository.", OnFork, matching.in_repository),
    _trigger(
        "deployment_status",
        "Deployment",
        "A deployment succeeds, fails or goes on.",
        OnDeploymentStatus,
        matching.matches_deployment,
    ),
    _trigger("check_run", "Check", "A check of an app ends.", OnCheckRun, matching.matches_check),
)
