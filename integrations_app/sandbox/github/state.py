"""Plain rows of the emulated GitHub, in memory."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations_app.sandbox.world import World


def stamp(seconds: float) -> str:
    """Unix seconds as GitHub writes a moment."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def blob_sha(content: bytes) -> str:
    """Git's own name of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass
class Account:
    """A person or an organisation; an organisation has owners, by login, and webhooks of its own."""

    id: int
    login: str
    name: str
    email: str = ""
    type: str = "User"
    owners: tuple[str, ...] = ()
    hooks: "dict[int, Hook]" = field(default_factory=dict)


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str
    description: str = ""


@dataclass
class Comment:
    """A comment on an issue or pull request; review comments also have a place in the diff."""

    id: int
    user: Account
    body: str
    created_at: float
    updated_at: float
    review: dict[str, Any] = field(default_factory=dict)


@dataclass
class Milestone:
    """A milestone of a repository."""

    id: int
    number: int
    title: str
    created_at: float


@dataclass
class Review:
    """What someone thinks of a pull request as a whole."""

    id: int
    user: Account
    body: str
    state: str
    commit_id: str
    submitted_at: float


@dataclass
class Asset:
    """A file of a release."""

    id: int
    name: str
    label: str
    content_type: str
    content: bytes
    uploader: Account
    created_at: float


@dataclass
class Release:
    """A release at a tag; a draft has not been published yet."""

    id: int
    tag: str
    target: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    author: Account
    created_at: float
    published_at: float
    assets: list[Asset] = field(default_factory=list)


@dataclass
class Tag:
    """An annotated tag's own object."""

    sha: str
    tag: str
    message: str
    target: str
    tagger: Account
    at: float


@dataclass
class Pull:
    """What a pull request has beyond an issue."""

    head: str
    base: str
    head_sha: str
    base_sha: str
    files: list[str]
    merged: bool = False
    draft: bool = False
    merge_sha: str = ""
    merged_at: float = 0.0
    merged_by: Account | None = None
    review_comments: list[Comment] = field(default_factory=list)
    reviewers: list[Account] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)


@dataclass
class Issue:
    """An issue, or a pull request when `pull` is set."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    created_at: float
    updated_at: float
    state: str = "open"
    state_reason: str | None = None
    closed_at: float = 0.0
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    milestone: Milestone | None = None
    locked: bool = False
    lock_reason: str | None = None
    pull: Pull | None = None


@dataclass
class Commit:
    """A commit with the whole tree it stands for: path to blob sha."""

    sha: str
    message: str
    author: Account
    at: float
    parents: list[str]
    files: dict[str, str]
    signature: dict[str, str] = field(default_factory=dict)
    """Name and e-mail of an author who was named with the commit."""

    @property
    def tree_sha(self) -> str:
        """A name for the tree: equal trees, equal names."""
        lines = "\n".join(f"{path} {sha}" for path, sha in sorted(self.files.items()))
        return hashlib.sha1(b"tree " + lines.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Delivery:
    """One attempt to deliver to a hook; a redelivery has its own id and the same GUID."""

    id: int
    guid: str
    event: str
    action: str | None
    at: float
    redelivery: bool
    request_headers: dict[str, str]
    payload: dict[str, Any]
    body: str
    status_code: int = 0
    status: str = "pending"
    duration: float = 0.0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""


@dataclass
class Hook:
    """A webhook of a repository or of an organisation."""

    id: int
    url: str
    content_type: str
    secret: str
    events: list[str]
    active: bool
    created_at: float
    updated_at: float
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass
class Run:
    """A workflow run; it is queued, in progress and completed as the clock goes."""

    id: int
    number: int
    workflow_id: int
    workflow_name: str
    path: str
    ref: str
    sha: str
    event: str
    actor: Account
    inputs: dict[str, Any]
    created_at: float
    attempt: int = 1
    started_at: float = 0.0
    conclusion: str = ""
    """Set when a person ended it; else the clock does."""
    told: bool = False
    """Whether the hooks heard that it is over."""


@dataclass
class Repository:
    """A repository with its commits, branches, issues and hooks; `access` maps logins to admin, push or pull."""

    id: int
    owner: Account
    name: str
    description: str
    private: bool
    created_at: float
    pushed_at: float
    access: dict[str, str]
    default_branch: str = "main"
    blobs: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    trees: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"

    def head(self, ref: str) -> Commit | None:
        """The commit of a branch, tag, full ref or sha; `HEAD` is the default branch."""
        ref = self.default_branch if ref == "HEAD" else ref
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
            if name in self.refs:
                sha = self.refs[name]
                return self.commits[self.tags[sha].target if sha in self.tags else sha]
        return self.commits.get(ref)

    def may(self, login: str | None, level: str) -> bool:
        """Whether someone may pull, push or administer."""
        order = ("pull", "push", "admin")
        held = self.access.get(login or "", "" if self.private else "pull")
        return bool(held) and order.index(held) >= order.index(level)


Holder = Repository | Account
"""What a webhook hangs on."""


@dataclass
class Installation:
    """A GitHub App on an account: on all its repositories, or on those whose ids are `chosen`."""

    id: int
    client_id: str
    account: Account
    events: list[str]
    permissions: dict[str, str]
    created_at: float
    chosen: set[int] | None = None
    suspended_at: float = 0.0

    def covers(self, repository: Repository) -> bool:
        """Whether the App is on the repository now."""
        chosen = self.chosen is None or repository.id in self.chosen
        return not self.suspended_at and repository.owner is self.account and chosen


@dataclass
class AppDelivery:
    """What was sent to an App's webhook address, to be sent again."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Token:
    """A token; classic (`gho_`, `ghp_`) have scopes; times in unix seconds, 0 means it never expires."""

    value: str
    login: str
    client_id: str
    scopes: list[str]
    created_at: float
    expires_at: float = 0.0
    refresh: str = ""
    refresh_expires_at: float = 0.0
    revoked: bool = False
    of_app: bool = False
    """A GitHub App's for a person: it may what both may, and has no scopes."""


@dataclass
class GitHub:
    """The whole emulated GitHub."""

    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    calls: dict[tuple[str, str, int], int] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    app_deliveries: list[AppDelivery] = field(default_factory=list)
    storage: dict[str, Any] = field(default_factory=dict)
    """Files behind signed addresses, by name."""
    last_id: int = 1000

    def next_id(self) -> int:
        """A number no other thing has."""
        self.last_id += 1
        return self.last_id

    def repository(self, owner: str, name: str) -> Repository | None:
        """A repository by its case-insensitive name."""
        return self.repositories.get(f"{owner}/{name}".lower())

    def account(self, login: str) -> Account | None:
        """An account by its case-insensitive login."""
        return self.accounts.get(login.lower())


def installation_on(github: GitHub, client_id: str, repository: Repository) -> Installation | None:
    """Where an App reaches a repository; None when it does not."""
    found = (one for one in github.installations.values() if one.client_id == client_id and one.covers(repository))
    return next(found, None)


def github_of(world: World) -> GitHub:
    """The emulated GitHub."""
    return world.state(GitHub)
