"""What a workflow can do at GitHub: open issues, comment on pull requests, start workflows, write files."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from github import Github, GithubException
from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.github import choices, files
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.errors import too_long
from integrations_app.providers.github.find import Comment, Issue, find_comment, find_issue, marked
from integrations_app.providers.github.names import file_path, repository_of
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Multiline

BODY_LIMIT = 65_536
TITLE_LIMIT = 256
INPUTS_LIMIT = 25

Repository = Annotated[
    str,
    Choices(choices.list_repositories),
    Field(title="Repository", description="owner/name; when empty, the connection's default repository."),
]
_IN_REPOSITORY = ("repository",)


class CreateIssue(Params):
    """What to write into a new issue."""

    repository: Repository = ""
    title: str = Field(title="Title", min_length=1)
    body: Annotated[str, Multiline(8)] = Field(default="", title="Body", description="Markdown.")
    labels: Annotated[list[str], Choices(choices.list_labels, _IN_REPOSITORY)] = Field(default=[], title="Labels")
    assignees: Annotated[list[str], Choices(choices.list_assignees, _IN_REPOSITORY)] = Field(
        default=[], title="Assignees"
    )


class CreatePrComment(Params):
    """What to say on a pull request."""

    repository: Repository = ""
    number: Annotated[int, Choices(choices.list_pull_requests, _IN_REPOSITORY)] = Field(title="Pull request", ge=1)
    body: Annotated[str, Multiline(8)] = Field(title="Comment", min_length=1, description="Markdown.")


class DispatchWorkflow(Params):
    """Which workflow to start, where, and with what."""

    repository: Repository = ""
    workflow: Annotated[str, Choices(choices.list_workflows, _IN_REPOSITORY)] = Field(
        title="Workflow", min_length=1, description="The file's name, such as deploy.yml, or the workflow's number."
    )
    ref: Annotated[str, Choices(choices.list_branches, _IN_REPOSITORY)] = Field(title="Branch or tag", min_length=1)
    inputs: dict[str, str] = Field(default={}, title="Inputs", description="As the workflow file declares them.")


class CreateOrUpdateFile(Params):
    """What to write into which file."""

    repository: Repository = ""
    path: str = Field(title="Path", min_length=1, description="Inside the repository, such as docs/status.md.")
    content: Annotated[str, Multiline(10)] = Field(title="Content")
    message: str = Field(title="Commit message", min_length=1)
    branch: Annotated[str, Choices(choices.list_branches, _IN_REPOSITORY)] = Field(
        default="", title="Branch", description="When empty, the repository's default branch."
    )
    encoding: Literal["text", "base64"] = Field(
        default="text", title="Encoding", description="base64 for content that is not text."
    )


class Dispatch(Result):
    """A started workflow; the run's identifiers when GitHub tells them."""

    accepted: bool
    workflow_run_id: int | None = None
    run_url: str | None = None
    html_url: str | None = None


@action(scopes=("repo",), repeat=Repeat.RECONCILABLE, find=find_issue)
async def create_issue(params: CreateIssue, ctx: ActionContext[GitHubClient]) -> Issue:
    """Create an issue.

    Labels and assignees are dropped by GitHub when the account may not push to the repository.
    """
    name = repository_of(params.repository, ctx.settings)
    if len(params.title) > TITLE_LIMIT:
        raise too_long("title", TITLE_LIMIT)
    body = _bounded(marked(params.body, ctx.operation_id))

    def create(github: Github) -> Issue:
        made = github.get_repo(name).create_issue(params.title, body, labels=params.labels, assignees=params.assignees)
        return Issue.of(made)

    return await ctx.client.change(create)


@action(scopes=("repo",), repeat=Repeat.RECONCILABLE, find=find_comment)
async def create_pr_comment(params: CreatePrComment, ctx: ActionContext[GitHubClient]) -> Comment:
    """Comment on a pull request."""
    name = repository_of(params.repository, ctx.settings)
    body = _bounded(marked(params.body, ctx.operation_id))

    def create(github: Github) -> Comment:
        return Comment.of(github.get_repo(name).get_issue(params.number).create_comment(body))

    return await ctx.client.change(create)


@action(scopes=("repo",), repeat=Repeat.UNKNOWABLE)
async def dispatch_workflow(params: DispatchWorkflow, ctx: ActionContext[GitHubClient]) -> Dispatch:
    """Start a workflow.

    The workflow file must have the trigger `workflow_dispatch`.
    """
    name = repository_of(params.repository, ctx.settings)
    if len(params.inputs) > INPUTS_LIMIT:
        raise InvalidInput({"inputs": f"may hold at most {INPUTS_LIMIT} values"}, "", "input_too_long")
    url = f"/repos/{name}/actions/workflows/{quote(params.workflow.rpartition('/')[2], safe='')}/dispatches"
    wanted: dict[str, Any] = {"ref": params.ref, "inputs": params.inputs}
    answer = await ctx.client.change(lambda github: _dispatch(github, url, wanted))
    return Dispatch(
        accepted=True,
        workflow_run_id=answer.get("workflow_run_id"),
        run_url=answer.get("run_url"),
        html_url=answer.get("html_url"),
    )


@action(scopes=("repo",), repeat=Repeat.IDEMPOTENT)
async def create_or_update_file(params: CreateOrUpdateFile, ctx: ActionContext[GitHubClient]) -> files.File:
    """Create or update a file.

    Writes only over the version it has read; an unchanged file makes no commit. Files below
    `.github/workflows` need the permission `workflow` too.
    """
    name = repository_of(params.repository, ctx.settings)
    content = files.read_content(params.content, params.encoding)
    place = files.Place(name, file_path(params.path), params.branch)
    return await files.write(ctx.client, place, content, params.message)


def _dispatch(github: Github, url: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """In the thread. 204, or 200 with the run's identifiers; an old Enterprise Server refuses to be asked for them."""
    try:
        _, answer = github.requester.requestJsonAndCheck("POST", url, input={**wanted, "return_run_details": True})
    except GithubException as error:
        if error.status not in (400, 422) or "return_run_details" not in str(error.data):
            raise
        _, answer = github.requester.requestJsonAndCheck("POST", url, input=wanted)
    return answer if isinstance(answer, dict) else {}


def _bounded(body: str) -> str:
    if len(body) > BODY_LIMIT:
        raise too_long("body", BODY_LIMIT)
    return body
