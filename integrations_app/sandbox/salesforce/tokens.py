"""Approvals and sessions of the emulated Salesforce: made, refreshed, rotated, ended."""

from integrations_app.sandbox.oauth import MARK
from integrations_app.sandbox.salesforce.settings import salesforce_settings
from integrations_app.sandbox.salesforce.state import Grant, Row, Token, salesforce_of
from integrations_app.sandbox.world import World

APPROVALS = 5
REFRESHING = ("refresh_token", "offline_access", "full")


class TokenRefused(Exception):
    """A refusal of the token endpoint: `(error, error_description)`."""


def approve(world: World, user: Row, client_id: str, scopes: list[str]) -> Grant:
    """A new approval; the sixth of the same person and app ends the oldest (help article 000205876)."""
    grant = Grant(user.id, client_id, scopes, world.clock())
    if set(scopes) & set(REFRESHING):
        alike = [
            one
            for one in salesforce_of(world).grants
            if (one.user_id, one.client_id) == (user.id, client_id) and one.refresh and not one.revoked
        ]
        for oldest in alike[: max(len(alike) - APPROVALS + 1, 0)]:
            end(world, oldest)
        grant.refresh = _refresh_value(world)
    salesforce_of(world).grants.append(grant)
    return grant


def open_session(world: World, grant: Grant) -> Token:
    """A new access token of an approval."""
    org, now = salesforce_of(world), world.clock()
    user = org.row("User", grant.user_id)
    username = user.values["Username"] if user else ""
    value = f"{org.org_id[:15]}!AQ{MARK}{world.new_token(80)}"
    life = salesforce_settings(world).session_life
    token = Token(value, username, grant.user_id, grant.client_id, grant.scopes, now, now + life, grant)
    org.tokens[value] = token
    return token


def refresh(world: World, client_id: str, value: str) -> tuple[Token, bool]:
    """A session for a refresh token, and whether the refresh token was replaced.

    Raises TokenRefused. A replaced token that is shown again ends its whole family (help article 005316711).
    """
    refused = TokenRefused("invalid_grant", "expired access/refresh token")
    for family in salesforce_of(world).grants:
        if value and value in family.past:
            end(world, family)
            raise refused
    grant = find_grant(world, value)
    if grant is None or grant.client_id != client_id:
        raise refused
    user = salesforce_of(world).row("User", grant.user_id)
    if user is None or not user.values["IsActive"]:
        raise TokenRefused("invalid_grant", "inactive user")
    rotates = salesforce_settings(world).rotate_refresh
    if rotates:
        grant.past.append(grant.refresh)
        grant.refresh = _refresh_value(world)
    return open_session(world, grant), rotates


def find_grant(world: World, refresh_token: str) -> Grant | None:
    """The living approval with this refresh token."""
    grants = salesforce_of(world).grants
    return next((one for one in grants if refresh_token and one.refresh == refresh_token and not one.revoked), None)


def live(world: World, value: str, *, used: bool = False) -> Token | None:
    """The session when it is known and neither revoked nor expired; `used` begins its time anew."""
    token = salesforce_of(world).tokens.get(value)
    if token is None or token.revoked or token.expires_at <= world.clock():
        return None
    if used:
        token.expires_at = world.clock() + salesforce_settings(world).session_life
    return token


def end(world: World, grant: Grant) -> int:
    """End an approval with its refresh token and every session of it; returns how many sessions lived."""
    living = [one for one in salesforce_of(world).tokens.values() if one.grant is grant and not one.revoked]
    for token in living:
        token.revoked = True
    grant.revoked = True
    return len(living)


def revoke(world: World, tokens: list[Token]) -> int:
    """End the approvals of these sessions, as an administrator does; returns how many of them lived."""
    living = [token for token in tokens if not token.revoked]
    for token in living:
        end(world, token.grant)
    return len(living)


def _refresh_value(world: World) -> str:
    return f"5Aep{MARK}{world.new_token(70)}"
