"""Tokens of the emulated Linear: given, renewed, ended."""

from collections.abc import Sequence

from integrations_app.sandbox.linear.settings import linear_settings
from integrations_app.sandbox.linear.state import Token, linear_of
from integrations_app.sandbox.oauth import MARK
from integrations_app.sandbox.world import World

KEY_CLIENT = "personal key"
IMPLIED = {
    "write": {"issues:create", "comments:create"},
    "admin": {"write", "issues:create", "comments:create"},
}


def give(world: World, email: str, client_id: str, scopes: list[str]) -> Token:
    """An access token that ends, and a refresh token; `read` is always among the scopes."""
    workspace, now = linear_of(world), world.clock()
    wanted = ["read", *(scope for scope in scopes if scope != "read")]
    value, refresh = f"lin_oauth_{MARK}{world.new_token(48)}", f"lin_refresh_{MARK}{world.new_token(48)}"
    token = Token(value, email, client_id, wanted, now, now + linear_settings(world).token_life, refresh)
    workspace.tokens[value] = workspace.refresh_tokens[refresh] = token
    return token


def give_key(world: World, email: str, scopes: list[str] | None) -> Token:
    """A personal API key: it does not end."""
    value = f"lin_api_{MARK}{world.new_token(34)}"
    wanted = ["read", *(scopes if scopes is not None else ["write", "admin"])]
    token = Token(value, email, KEY_CLIENT, list(dict.fromkeys(wanted)), world.clock())
    linear_of(world).tokens[value] = token
    return token


def renew(world: World, client_id: str, refresh: str) -> Token | None:
    """The pair that replaces this refresh token; None when it is dead, replaced or another client's."""
    old = linear_of(world).refresh_tokens.get(refresh)
    if old is None or old.client_id != client_id:
        return None
    end(world, [old])
    return give(world, old.email, client_id, old.scopes)


def live(world: World, value: str) -> Token | None:
    """The token when it is known, not revoked and not expired."""
    token = linear_of(world).tokens.get(value)
    if token is None or token.revoked or (token.expires_at and token.expires_at <= world.clock()):
        return None
    return token


def end(world: World, tokens: Sequence[Token]) -> int:
    """Revoke tokens with their refresh tokens; how many lived."""
    living = [token for token in tokens if not token.revoked]
    for token in living:
        token.revoked = True
        linear_of(world).refresh_tokens.pop(token.refresh, None)
    return len(living)


def allows(token: Token, scope: str) -> bool:
    """Whether the token's scopes hold this one."""
    return any(scope == name or scope in IMPLIED.get(name, ()) for name in token.scopes)
