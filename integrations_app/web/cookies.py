"""Who sends a request: the session's cookie, set and cleared in one place, or an API token."""

from starlette.requests import Request
from starlette.responses import Response

from integrations_app.errors import Unauthenticated
from integrations_app.organizations import sessions
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.organizations.signed_in import SignedIn


def session_token(request: Request) -> str:
    """The session's token as the browser sent it; empty when it sent none."""
    return sessions.cookie_token(request.headers.get("cookie", ""))


def bearer_token(request: Request) -> str:
    """The token of the Authorization header; raises Unauthenticated when there is none. Cookies do not count."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send an API token: `Authorization: Bearer <token>`.")
    return token.strip()


def client_address(request: Request) -> str:
    """The address of the peer (of the browser, behind a trusted proxy)."""
    return request.client.host if request.client else ""


async def signed_in(hub: Hub, request: Request) -> SignedIn | None:
    """Who is behind the request's cookie, or None."""
    return await sessions.find(hub, session_token(request), client_address(request))


async def require_actor(hub: Hub, request: Request) -> Actor:
    """The actor behind the request's cookie; raises Unauthenticated."""
    return await sessions.require(hub, session_token(request), client_address(request))


def set_session(response: Response, token: str) -> None:
    """Give the browser its session. The prefix __Host- makes browsers insist on Secure, Path=/ and no Domain."""
    seconds = int(sessions.ABSOLUTE.total_seconds())
    response.set_cookie(sessions.COOKIE, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def clear_session(response: Response) -> None:
    """Take the session from the browser, with everything that pages of ours stored there."""
    response.set_cookie(sessions.COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
