"""One Web API call: its arguments, its token, its refusals, and the table of methods."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from integrations_app.sandbox.slack.state import Channel, Installation, Team, Token, User, slack_of
from integrations_app.sandbox.world import World

Json = dict[str, Any]
PAGE_LIMIT = 1000


class SlackError(Exception):
    """A refusal in Slack's shape: HTTP 200, `ok: false`, `error` and perhaps more members."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass
class Call:
    """An authenticated call of one method."""

    world: World
    base: str
    args: Json
    token: Token
    team: Team

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.world.clock()

    @property
    def installation(self) -> Installation:
        """The app's installation in this workspace."""
        return slack_of(self.world).installations[(self.token.client_id, self.team.id)]

    def text(self, name: str, default: str = "") -> str:
        """An argument as text; absent is the default."""
        value = self.args.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        """An argument that must be there; raises SlackError(code)."""
        value = self.text(name)
        if not value:
            raise SlackError(code, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean argument, as true/false or 1/0."""
        value = self.args.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def structure(self, name: str, code: str) -> Any:
        """A JSON argument, given as such or as text in a form; None when absent; SlackError(code)."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise SlackError(code) from error

    def channel(self, value: str, by_name: bool = False) -> Channel:
        """A conversation this token may see; raises channel_not_found."""
        found = self.team.channels.get(value)
        if found is None and by_name:
            name = value.removeprefix("#")
            found = next((c for c in self.team.channels.values() if c.name == name), None)
        if found is None or not self.sees(found):
            raise SlackError("channel_not_found")
        return found

    def sees(self, channel: Channel) -> bool:
        """Public channels are seen by all, the rest by members."""
        return channel.kind == "public_channel" or self.token.user_id in channel.members

    def user(self, value: str) -> User:
        """A user of this workspace; raises user_not_found."""
        found = self.team.users.get(value)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def needs(self, *scopes: str) -> None:
        """Refuse when the token has none of these scopes."""
        if not set(scopes) & set(self.token.scopes):
            raise SlackError("missing_scope", needed=scopes[0], provided=",".join(self.token.scopes))


@dataclass
class Method:
    """A method of the Web API; any one of `scopes` is enough, none means every token."""

    name: str
    scopes: tuple[str, ...]
    act: Callable[[Call], Json]


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str) -> Callable[[Callable[[Call], Json]], Callable[[Call], Json]]:
    """Put a function into the table of methods."""

    def register(act: Callable[[Call], Json]) -> Callable[[Call], Json]:
        METHODS[name] = Method(name, scopes, act)
        return act

    return register


def read_arguments(query: str, content_type: str, body: bytes) -> Json:
    """Arguments from the query and a form or JSON body, the body winning; raises SlackError."""
    args: Json = dict(parse_qsl(query, keep_blank_values=True))
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        try:
            parsed = json.loads(body)
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(parsed, dict):
            raise SlackError("json_not_object")
        args |= parsed
    elif kind == "application/x-www-form-urlencoded":
        args |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body and kind not in ("", "text/plain"):
        raise SlackError("invalid_post_type")
    return args


def find_token(world: World, authorization: str | None, args: Json) -> Token:
    """The live token of a call; raises not_authed, invalid_auth, token_revoked, token_expired, account_inactive."""
    value = str(args.pop("token", ""))
    if authorization and authorization.lower().startswith("bearer "):
        value = authorization[7:].strip()
    if not value:
        raise SlackError("not_authed")
    token = slack_of(world).tokens.get(value)
    if token is None:
        raise SlackError("invalid_auth")
    installation = slack_of(world).installations.get((token.client_id, token.team_id))
    if installation is None or not installation.active:
        raise SlackError("account_inactive")
    if token.revoked:
        raise SlackError("token_revoked")
    if token.expires_at and token.expires_at <= world.clock():
        raise SlackError("token_expired")
    return token


def page(call: Call, items: list[Any], default: int = 100) -> tuple[list[Any], str]:
    """One page of a list by `cursor` and `limit`, and the next cursor (empty at the end); SlackError."""
    try:
        limit = int(call.text("limit") or default)
        start = int(bytes.fromhex(call.text("cursor")).decode() or 0)
    except ValueError as error:
        raise SlackError("invalid_cursor" if call.text("cursor") else "invalid_limit") from error
    if not 1 <= limit <= PAGE_LIMIT:
        raise SlackError("invalid_limit")
    rest = start + limit < len(items)
    return items[start : start + limit], str(start + limit).encode().hex() if rest else ""
