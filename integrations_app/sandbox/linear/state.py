"""Plain rows of the emulated Linear, in memory: one workspace."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integrations_app.sandbox.world import World


def stamp(seconds: float) -> str:
    """Unix seconds as Linear writes a moment."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def fixed_id(name: str) -> str:
    """An id that is the same in every world, in the form of a UUID v4."""
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.linear.sandbox").bytes, version=4))


@dataclass
class Person:
    """A person of the workspace."""

    id: str
    name: str
    email: str
    admin: bool = False
    active: bool = True


@dataclass
class State:
    """A state of a team's workflow."""

    id: str
    name: str
    type: str


@dataclass
class Team:
    """A team; the first state is where its issues begin."""

    id: str
    key: str
    name: str
    states: list[State]
    issues_made: int = 0


@dataclass
class Label:
    """A label of the workspace, or of one team."""

    id: str
    name: str
    team: Team | None = None


@dataclass
class Issue:
    """An issue; times in unix seconds."""

    id: str
    number: int
    team: Team
    title: str
    state: State
    creator: Person
    created_at: float
    updated_at: float
    description: str = ""
    priority: int = 0
    due_date: str | None = None
    assignee: Person | None = None
    labels: list[Label] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        """What people read."""
        return f"{self.team.key}-{self.number}"


@dataclass
class Comment:
    """A comment on an issue."""

    id: str
    issue: Issue
    user: Person
    body: str
    created_at: float


@dataclass
class Hook:
    """A webhook; without a team it hears every public one."""

    id: str
    url: str
    secret: str
    kinds: list[str]
    team: Team | None
    enabled: bool = True


@dataclass
class Token:
    """An access token with the refresh token that belongs to it; times in unix seconds, 0 for never."""

    value: str
    email: str
    client_id: str
    scopes: list[str]
    created_at: float
    expires_at: float = 0.0
    refresh: str = ""
    revoked: bool = False


@dataclass
class Linear:
    """One whole emulated workspace."""

    id: str
    name: str
    key: str
    people: list[Person]
    teams: list[Team]
    labels: list[Label]
    issues: dict[str, Issue] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    """Requests by person."""

    def person(self, email: str) -> Person | None:
        """A person by e-mail address."""
        return next((one for one in self.people if one.email == email), None)

    def issue(self, text: str) -> Issue | None:
        """An issue by id or identifier."""
        found = self.issues.get(text)
        return found or next((one for one in self.issues.values() if one.identifier == text.upper()), None)


def linear_of(world: World) -> Linear:
    """The emulated Linear."""
    return world.state(Linear)
