"""The vendor's token endpoint as Authlib speaks to it, every byte through the door: a code or a refresh token in."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from integrations_app.connections.addresses import Reach, reach
from integrations_app.connections.app_choice import App
from integrations_app.errors import RateLimited, Rejected
from integrations_app.kit.secret import Secret
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.auth import Grant, OAuth2
from integrations_app.sdk.patience import parse_retry_after
from integrations_app.sdk.provider import Provider

TOKEN_SECONDS = 10.0
TOKEN_BYTES = 64 * 1024
_HEADERS = {"User-Agent": "integrations-app", "Accept-Encoding": "identity"}
_SERVER_ERROR = 500
_NO_SUCCESS = 300
_TOO_MANY = 429


def oauth_client(
    hub: Hub, organization_id: str, app: App, oauth: OAuth2, reached: Reach, **more: Any
) -> AsyncOAuth2Client:
    """Authlib as the protocol's voice; every byte goes through the door."""
    transport = hub.door.transport(
        pool=organization_id,
        passport=reached.passport,
        deadline=TOKEN_SECONDS,
        max_response_bytes=TOKEN_BYTES,
        ca_pem=oauth.ca_pem,
        certificate=oauth.certificate,
    )
    return AsyncOAuth2Client(
        client_id=app.client_id,
        token_endpoint_auth_method=oauth.client_auth,
        redirect_uri=app.callback_url,
        transport=transport,
        headers=_HEADERS,
        timeout=None,
        trust_env=False,
        follow_redirects=False,
        **more,
    )


async def exchange(
    hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, app: App, code: Secret, verifier: Secret | None
) -> Grant:
    """Turn the one-time code into a grant, with one request that is never repeated.

    Raises Rejected with the vendor's code, and the door's errors.
    """
    sent: dict[str, str] = {"code": code.reveal("token request")}
    if verifier is not None:
        sent["code_verifier"] = verifier.reveal("token request")

    async def ask(client: AsyncOAuth2Client, url: str) -> object:
        return await client.fetch_token(url, grant_type="authorization_code", **sent)

    answer = await _asked(hub, organization_id, provider, oauth, app, ask)
    return read_grant(oauth, answer)


async def renew(
    hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, app: App, refresh_token: Secret
) -> Grant:
    """Turn a refresh token into a new grant, with one request. No scope is sent: some vendors refuse it then.

    The grant's refresh token is None when the vendor gave none: the old one stays good. Raises Rejected with the
    vendor's code (`http_5xx`, `not_json`, `malformed_answer`, `no_access_token` when nobody can tell what the
    request did), RateLimited, and the door's errors.
    """
    sent = refresh_token.reveal("token request")

    async def ask(client: AsyncOAuth2Client, url: str) -> object:
        return await client.refresh_token(url, refresh_token=sent)

    answer = await _asked(hub, organization_id, provider, oauth, app, ask)
    return read_grant(oauth, answer)


async def buy(hub: Hub, organization_id: str, provider: Provider, oauth: OAuth2, app: App) -> Grant:
    """Turn a client's own secret into a grant (RFC 6749 section 4.4), with one request. Raises as `renew`."""
    sent = {"scope": " ".join(oauth.default_scopes)} if oauth.default_scopes else {}

    async def ask(client: AsyncOAuth2Client, url: str) -> object:
        return await client.fetch_token(url, grant_type="client_credentials", **sent)

    answer = await _asked(hub, organization_id, provider, oauth, app, ask)
    return read_grant(oauth, answer)


async def _asked(
    hub: Hub,
    organization_id: str,
    provider: Provider,
    oauth: OAuth2,
    app: App,
    ask: Callable[[AsyncOAuth2Client, str], Awaitable[object]],
) -> Mapping[str, Any]:
    """The vendor's answer as it came; Authlib chokes on lifetimes that are no number, which must not lose a token."""
    reached = reach(hub.settings, provider, app.kind.value, app.moved)
    came: list[Mapping[str, Any]] = []

    def look(response: Any) -> Any:
        if response.status_code == _TOO_MANY:
            raise RateLimited("The vendor asks for a pause.", _patience(hub, response))
        judged = _refuse_odd_answer(response)
        came.append(judged.json())
        return judged

    secret = app.client_secret.reveal("token request")
    async with oauth_client(hub, organization_id, app, oauth, reached, client_secret=secret) as client:
        client.register_compliance_hook("access_token_response", look)
        client.register_compliance_hook("refresh_token_response", look)
        try:
            whole = "://" in oauth.token_path
            await ask(client, oauth.token_path if whole else reached.bases[oauth.token_base] + oauth.token_path)
        except OAuthError as error:
            raise Rejected(vendor_code(error.error), "The vendor refused the request.") from None
        except (ValueError, OverflowError, TypeError):
            if not came:
                raise
    return came[-1]


def _patience(hub: Hub, response: Any) -> float | None:
    return parse_retry_after(response.headers.get("retry-after"), hub.clock())


def _refuse_odd_answer(response: Any) -> Any:
    """Authlib takes any JSON for a token; refuse what cannot be one before it looks."""
    if response.status_code >= _SERVER_ERROR:
        raise Rejected(f"http_{response.status_code}", "The vendor failed.")
    try:
        body = response.json()
    except (ValueError, RecursionError):
        raise Rejected("not_json", "The vendor's answer is not JSON.") from None
    if not isinstance(body, dict) or ("error" in body and not isinstance(body["error"], str)):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.")
    if response.status_code >= _NO_SUCCESS and "error" not in body:
        raise Rejected(f"http_{response.status_code}", "The vendor refused the exchange.")
    return response


def read_grant(oauth: OAuth2, answer: Mapping[str, Any]) -> Grant:
    """The provider's reading of a token answer, with its type checked. Raises Rejected."""
    try:
        grant = oauth.parse_grant(answer)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Rejected("malformed_answer", "The vendor's answer has another form than expected.") from None
    if not isinstance(grant.access_token, Secret) or not grant.access_token:
        raise Rejected("no_access_token", "The vendor gave no access token.")
    return grant


def vendor_code(code: object) -> str:
    """A vendor's error code, made safe to keep: short, one word."""
    text = str(code)
    return text if re.fullmatch(r"[A-Za-z0-9_.\-]{1,80}", text) else "unknown_error"
