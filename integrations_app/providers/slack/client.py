"""The authorised Slack client: slack_sdk over the door's session, its errors turned into ours."""

import logging
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from integrations_app.errors import ReconnectRequired, ResponseRefused, Unavailable
from integrations_app.providers.slack.errors import to_error
from integrations_app.sdk.answers import changing, reading
from integrations_app.sdk.auth import ACCESS_TOKEN
from integrations_app.sdk.context import Access, Account, RevokeContext

# The SDK looks at the logger's own level and prints whole requests and answers, tokens included, at DEBUG.
_LOGGER = logging.getLogger("slack_sdk.web.client")
_LOGGER.setLevel(logging.WARNING)

_BYTES = {"Content-Type": "application/octet-stream"}
_GONE = frozenset({"invalid_auth", "token_revoked", "account_inactive", "token_expired"})


class _Web(AsyncWebClient):
    """slack_sdk with two holes closed."""

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        # With a closed session the SDK opens one of its own, past the door.
        if self.session is None or self.session.closed:
            raise Unavailable("The door is closed.")
        answer: dict[str, Any] = await super()._request(http_verb=http_verb, api_url=api_url, req_args=req_args)
        # A page of a proxy is text to the SDK, and then an AttributeError: no members make it a refusal.
        return answer if isinstance(answer["data"], dict) else {**answer, "data": {}}


class SlackClient:
    """`web` is slack_sdk's client; every call of it goes through `read` or `change`."""

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing. Raises ReconnectRequired when no token is stored."""
        token = access.secrets.get(ACCESS_TOKEN)
        if token is None:
            raise ReconnectRequired("No token is stored.", "not_authed")
        self.key = (access.connection_id, access.bases["api"])
        self._clock = access.clock
        self.web = _Web(
            token=token.reveal("slack call"),
            base_url=access.bases["api"],
            session=access.door.aiohttp_session(
                pool=access.organization_id, passport=access.passport, deadline=access.deadline
            ),
            retry_handlers=[],
            logger=_LOGGER,
        )
        self.web.proxy = None  # the SDK takes it from the environment

    async def read(self, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
        """Await a call that changes nothing worth protecting: a lost answer is Unavailable."""
        with reading():
            return await self._answered(call, changes=False)

    async def change(self, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
        """Await a call that changes something: a lost answer is OutcomeUnknown."""
        with changing():
            return await self._answered(call, changes=True)

    async def upload(self, url: str, content: bytes) -> None:
        """Post the bytes of a file to the address that Slack gave for it, without the token.

        Nobody sees them before the upload is completed, so a lost answer is Unavailable. Raises ResponseRefused for
        an answer that is no success, and EgressDenied for an address that is not Slack's.
        """
        if self.web.session is None or self.web.session.closed:
            raise Unavailable("The door is closed.")
        with reading():
            async with self.web.session.post(url, data=content, headers=_BYTES) as answer:
                await answer.read()
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable("Slack could not take the file.")
        if answer.status != HTTPStatus.OK:
            raise ResponseRefused("upload_refused", f"Slack did not take the file (status {answer.status}).")

    async def _answered(self, call: Awaitable[AsyncSlackResponse], *, changes: bool) -> AsyncSlackResponse:
        try:
            return await call
        except SlackApiError as error:
            # Its response holds the request with the token: it must not become the cause.
            raise to_error(error, changes=changes, now=self._clock()) from None


def open_client(access: Access) -> SlackClient:
    """Build the client of a connection."""
    return SlackClient(access)


async def check(client: SlackClient) -> Account:
    """Ask `auth.test` who we are. The account is the workspace; needs no scope."""
    answer = await client.read(client.web.auth_test())
    scopes = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
    detail = {"workspace": str(answer.get("url", "")), "bot": str(answer.get("user", ""))}
    return Account(
        id=str(answer["team_id"]),
        name=str(answer.get("team", "")),
        scopes=tuple(scope.strip() for scope in scopes.split(",") if scope.strip()),
        detail={**detail, "bot_user_id": str(answer.get("user_id", ""))},
    )


async def revoke(context: RevokeContext[SlackClient]) -> None:
    """End the grant with `auth.revoke` (not RFC 7009: the token is the one that calls); gone already is success."""
    try:
        await context.client.read(context.client.web.auth_revoke())
    except ReconnectRequired as error:
        if error.vendor_code not in _GONE:
            raise
