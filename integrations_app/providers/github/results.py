"""What steps get back: GitHub's own names, and of its long answers only what a workflow can use."""

from typing import Any, Self

from pydantic import ConfigDict, Field

from integrations_app.sdk.actions import Result


class Kept(Result):
    """Takes the members it names out of GitHub's answer and leaves the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Read an answer; one without a needed member raises ValueError, which the client calls unreadable."""
        return cls.model_validate(answer)


class User(Kept):
    """A person or an organisation."""

    login: str
    id: int
    html_url: str | None = None


class Label(Kept):
    """A label."""

    name: str
    color: str | None = None


class Milestone(Kept):
    """A milestone."""

    number: int
    title: str


class Issue(Kept):
    """An issue, or a pull request seen as one."""

    number: int
    id: int
    html_url: str
    title: str
    state: str
    state_reason: str | None = None
    body: str | None = None
    user: User | None = None
    labels: list[Label] = Field(default=[])
    assignees: list[User] = Field(default=[])
    milestone: Milestone | None = None
    locked: bool = False
    comments: int = 0
    created_at: str = ""
    updated_at: str = ""
    closed_at: str | None = None


class Comment(Kept):
    """A comment, in the timeline or at a line."""

    id: int
    html_url: str
    body: str | None = None
    user: User | None = None
    path: str | None = None
    line: int | None = None
    in_reply_to_id: int | None = None


class Side(Kept):
    """One side of a pull request."""

    ref: str
    sha: str
    label: str | None = None


class PullRequest(Kept):
    """A pull request; `mergeable` is null while GitHub works it out."""

    number: int
    id: int
    html_url: str
    title: str
    state: str
    body: str | None = None
    user: User | None = None
    head: Side
    base: Side
    draft: bool = False
    merged: bool = False
    mergeable: bool | None = None
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    labels: list[Label] = Field(default=[])
    assignees: list[User] = Field(default=[])
    requested_reviewers: list[User] = Field(default=[])
    changed_files: int | None = None
    created_at: str = ""
    updated_at: str = ""


class Merge(Kept):
    """A merge."""

    sha: str | None = None
    merged: bool
    message: str = ""


class Review(Kept):
    """A review."""

    id: int
    html_url: str
    state: str
    body: str | None = None
    user: User | None = None
    commit_id: str | None = None


class ChangedFile(Kept):
    """A file that differs; `patch` is missing for large and binary files."""

    filename: str
    status: str
    sha: str | None = None
    additions: int = 0
    deletions: int = 0
    changes: int = 0
    patch: str | None = None


class Author(Kept):
    """Who wrote a commit, and when."""

    name: str | None = None
    email: str | None = None
    date: str | None = None


class CommitWords(Kept):
    """A commit's own words."""

    message: str
    author: Author | None = None


class Commit(Kept):
    """A commit."""

    sha: str
    html_url: str | None = None
    commit: CommitWords
    author: User | None = None


class Ref(Result):
    """A branch or a tag; `sha` is the commit it stands at."""

    ref: str
    name: str
    sha: str


class Release(Kept):
    """A release."""

    id: int
    tag_name: str
    html_url: str
    name: str | None = None
    body: str | None = None
    draft: bool = False
    prerelease: bool = False
    target_commitish: str = ""
    published_at: str | None = None


class WorkflowRun(Kept):
    """A run of a workflow."""

    id: int
    name: str | None = None
    run_number: int
    run_attempt: int = 1
    status: str | None = None
    conclusion: str | None = None
    event: str = ""
    head_branch: str | None = None
    head_sha: str = ""
    html_url: str
    workflow_id: int | None = None
    created_at: str = ""
    run_started_at: str | None = None


class Done(Result):
    """Whether this step changed something; false when it was like that before."""

    changed: bool
