"""Plain rows of the emulated Slack, in memory."""

from dataclasses import dataclass, field
from typing import Any

from integrations_app.sandbox.world import World


@dataclass
class User:
    """A person or a bot of one workspace."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    is_bot: bool = False
    is_admin: bool = False
    deleted: bool = False


@dataclass
class Message:
    """One message; `thread_ts` names the parent of a reply, `reactions` maps emoji names to user ids."""

    ts: str
    user: str
    text: str
    team_id: str
    bot_id: str = ""
    app_id: str = ""
    username: str = ""
    thread_ts: str = ""
    blocks: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    edited: str = ""
    only_for: str = ""
    broadcast: bool = False


@dataclass
class Channel:
    """A conversation of any kind, with its messages in the order of their timestamps."""

    id: str
    team_id: str
    name: str
    created: int
    creator: str
    members: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_general: bool = False
    topic: str = ""
    purpose: str = ""

    @property
    def kind(self) -> str:
        """The type name `conversations.list` filters by."""
        if self.is_im or self.is_mpim:
            return "im" if self.is_im else "mpim"
        return "private_channel" if self.is_private else "public_channel"

    def message(self, ts: str) -> Message | None:
        """The visible message with this timestamp."""
        return next((m for m in self.messages if m.ts == ts and not m.only_for), None)


@dataclass
class Team:
    """A workspace with its people and conversations, by id."""

    id: str
    name: str
    domain: str
    owner: str
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)


@dataclass
class Installation:
    """An app in a workspace; scopes only ever grow until it is uninstalled."""

    client_id: str
    app_id: str
    team_id: str
    bot_user_id: str
    bot_id: str
    installer: str
    scopes: list[str] = field(default_factory=list)
    active: bool = True


@dataclass
class Token:
    """An access token; `kind` is bot or user; times in unix seconds, 0 means it never expires."""

    value: str
    kind: str
    client_id: str
    team_id: str
    user_id: str
    scopes: list[str]
    created_at: float
    expires_at: float = 0.0
    refresh: str = ""
    revoked: bool = False


@dataclass
class Scheduled:
    """A message that waits for its time."""

    id: str
    channel_id: str
    post_at: int
    message: Message
    created: int


@dataclass
class Upload:
    """A file whose address was handed out, waiting for its bytes and for completion."""

    id: str
    team_id: str
    user_id: str
    filename: str
    length: int
    content: bytes | None = None
    completed: bool = False


@dataclass
class EventDelivery:
    """One event that was sent to a request URL, with the status of every attempt (0: no answer)."""

    event_id: str
    type: str
    url: str
    body: str
    attempts: list[int] = field(default_factory=list)
    error: str = ""


@dataclass
class Slack:
    """The whole emulated Slack."""

    teams: dict[str, Team] = field(default_factory=dict)
    installations: dict[tuple[str, str], Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    scheduled: list[Scheduled] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)
    deliveries: list[EventDelivery] = field(default_factory=list)
    request_url_verified: dict[str, bool] = field(default_factory=dict)
    calls: dict[tuple[str, str, int], int] = field(default_factory=dict)
    last_micros: int = 0
    last_number: int = 0

    def next_ts(self, now: float) -> str:
        """A message timestamp that no other message has: seconds and six digits."""
        self.last_micros = max(int(now * 1_000_000), self.last_micros + 1)
        return f"{self.last_micros // 1_000_000}.{self.last_micros % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """A new vendor-shaped id."""
        self.last_number += 1
        return f"{prefix}0SBX{self.last_number:05d}"


def slack_of(world: World) -> Slack:
    """The emulated Slack."""
    return world.state(Slack)
