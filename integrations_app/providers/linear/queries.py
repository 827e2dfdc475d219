"""The documents that are sent to Linear, and what is read of its answers."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from integrations_app.sdk.actions import Result

ISSUE = (
    "id identifier title description priority url createdAt updatedAt dueDate "
    "state { id name type } team { id key name } assignee { id name email } labels { nodes { id name } }"
)
COMMENT = "id body url createdAt issue { id identifier } user { id name }"
CREATE_ISSUE = (
    "mutation CreateIssue($input: IssueCreateInput!) "
    f"{{ issueCreate(input: $input) {{ success issue {{ {ISSUE} }} }} }}"
)
UPDATE_ISSUE = (
    "mutation UpdateIssue($id: String!, $input: IssueUpdateInput!) "
    f"{{ issueUpdate(id: $id, input: $input) {{ success issue {{ {ISSUE} }} }} }}"
)
CREATE_COMMENT = (
    "mutation CreateComment($input: CommentCreateInput!) "
    f"{{ commentCreate(input: $input) {{ success comment {{ {COMMENT} }} }} }}"
)
GET_ISSUE = f"query GetIssue($id: String!) {{ issue(id: $id) {{ {ISSUE} }} }}"
GET_COMMENT = f"query GetComment($id: String!) {{ comment(id: $id) {{ {COMMENT} }} }}"
LIST_ISSUES = (
    "query ListIssues($filter: IssueFilter, $first: Int!) "
    "{ issues(filter: $filter, first: $first, orderBy: updatedAt) "
    f"{{ nodes {{ {ISSUE} }} pageInfo {{ hasNextPage }} }} }}"
)
LIST_STATES = (
    "query ListStates($filter: WorkflowStateFilter, $after: String) "
    "{ workflowStates(first: 50, filter: $filter, after: $after) "
    "{ nodes { id name type } pageInfo { hasNextPage endCursor } } }"
)


def _listing(name: str, what: str, selected: str) -> str:
    return (
        f"query {name}($after: String) {{ {what}(first: 50, after: $after) "
        f"{{ nodes {{ {selected} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )


LIST_TEAMS = _listing("ListTeams", "teams", "id key name")
LIST_LABELS = _listing("ListLabels", "issueLabels", "id name team { id }")
LIST_USERS = _listing("ListUsers", "users", "id name email active")
LIST_WEBHOOKS = "query ListWebhooks { webhooks(first: 250) { nodes { id url enabled } } }"
CREATE_WEBHOOK = (
    "mutation CreateWebhook($input: WebhookCreateInput!) { webhookCreate(input: $input) { success webhook { id } } }"
)
UPDATE_WEBHOOK = (
    "mutation UpdateWebhook($id: String!, $input: WebhookUpdateInput!) "
    "{ webhookUpdate(id: $id, input: $input) { success webhook { id } } }"
)
DELETE_WEBHOOK = "mutation DeleteWebhook($id: String!) { webhookDelete(id: $id) { success } }"


class Kept(Result):
    """Takes the members it names out of Linear's answer, under Linear's names, and leaves the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Read an answer; one without a needed member raises ValueError."""
        return cls.model_validate(answer)


class State(Kept):
    """Where an issue stands in its team's workflow."""

    id: str
    name: str
    type: str = ""


class Team(Kept):
    """A team."""

    id: str
    key: str
    name: str


class User(Kept):
    """A person."""

    id: str
    name: str
    email: str | None = None


class Label(Kept):
    """A label."""

    id: str
    name: str


class Issue(Kept):
    """An issue; `identifier` is what people read, such as ENG-12."""

    id: str
    identifier: str
    title: str
    url: str
    description: str | None = None
    priority: float = 0
    createdAt: str | None = None  # noqa: N815 - Linear's name
    updatedAt: str | None = None  # noqa: N815 - Linear's name
    dueDate: str | None = None  # noqa: N815 - Linear's name
    state: State | None = None
    team: Team | None = None
    assignee: User | None = None
    labels: list[Label] = Field(default=[])

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """Labels come as a page."""
        if isinstance(value, dict) and isinstance(value.get("labels"), dict):
            return value | {"labels": value["labels"].get("nodes") or []}
        return value


class IssueKey(Kept):
    """Which issue a comment is on."""

    id: str
    identifier: str


class Comment(Kept):
    """A comment on an issue."""

    id: str
    body: str
    url: str
    createdAt: str | None = None  # noqa: N815 - Linear's name
    issue: IssueKey | None = None
    user: User | None = None
