"""The authorised Linear client: a thin one of our own over the door; everything is one POST of GraphQL."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from integrations_app.errors import OutcomeUnknown, ReconnectRequired, Rejected, ResponseRefused
from integrations_app.providers.linear.errors import to_error
from integrations_app.sdk.answers import changing, reading
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN
from integrations_app.sdk.context import Access, Account, RevokeContext
from integrations_app.sdk.patience import parse_retry_after

KEY_MARK = "lin_api_"
"""Begins a personal API key, which is sent without `Bearer` (linear.app/developers/graphql, "Personal API keys")."""
_VIEWER = "query Viewer { viewer { id name email organization { id name urlKey } } }"


class LinearClient:
    """Runs queries and mutations of one workspace."""

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing. Raises ReconnectRequired when no token is stored."""
        token = access.secrets.get(ACCESS_TOKEN)
        if token is None:
            raise ReconnectRequired("No token is stored.", "authentication_error")
        self._access = access
        self._token = token
        self.key = access.connection_id
        self.bases = access.bases
        self.budget = ""

    async def read(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a query; its `data`. A lost answer is Unavailable."""
        with reading():
            return await self._run(document, variables, changes=False)

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a mutation; its `data`. A lost answer, or one without success, is OutcomeUnknown or Rejected."""
        with changing():
            data = await self._run(document, variables, changes=True)
        [payload] = data.values() if len(data) == 1 else [None]
        if not isinstance(payload, Mapping):
            raise OutcomeUnknown("Linear's answer cannot be read: the call may have taken effect.")
        if payload.get("success") is False:
            raise Rejected("not_done", "Linear did not do it.")
        return dict(payload)

    async def run(self, document: str, variables: Mapping[str, Any], *, changes: bool) -> dict[str, Any]:
        """Run any document as it is; its `data`."""
        with changing() if changes else reading():
            return await self._run(document, variables, changes=changes)

    async def _run(self, document: str, variables: Mapping[str, Any], *, changes: bool) -> dict[str, Any]:
        access = self._access
        client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
        token = self._token.reveal("linear call").strip()
        response = await client.request(
            "POST",
            f"{access.bases['api']}/graphql",
            headers={
                "Authorization": token if token.startswith(KEY_MARK) else f"Bearer {token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            content=json.dumps({"query": document, "variables": dict(variables)}).encode(),
        )
        if left := response.headers.get("x-ratelimit-requests-remaining"):
            self.budget = f"{left} of {response.headers.get('x-ratelimit-requests-limit', '?')} requests left"
        body = _read_json(response.content)
        after = parse_retry_after(response.headers.get("retry-after"), access.clock())
        if response.status_code != HTTPStatus.OK or not isinstance(body, dict) or body.get("errors"):
            raise to_error(response.status_code, body, changes=changes, after=after)
        data = body.get("data")
        if not isinstance(data, dict):
            raise to_error(response.status_code, None, changes=changes)
        return data


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def open_client(access: Access) -> LinearClient:
    """Build the client of a connection."""
    return LinearClient(access)


async def check(client: LinearClient) -> Account:
    """Ask who we are. The account is workspace and person: the same person may be in several workspaces."""
    viewer = (await client.read(_VIEWER)).get("viewer")
    organization = viewer.get("organization") if isinstance(viewer, Mapping) else None
    if not isinstance(viewer, Mapping) or not isinstance(organization, Mapping) or not viewer.get("id"):
        raise ResponseRefused("protocol_error", "Linear's answer cannot be read.")
    detail = {
        "name": str(viewer.get("name") or ""),
        "email": str(viewer.get("email") or ""),
        "workspace": str(organization.get("urlKey") or ""),
        "rate": client.budget,
    }
    return Account(
        id=f"{organization['id']}/{viewer['id']}",
        name=f"{organization.get('name')} · {viewer.get('name')}",
        detail={key: value for key, value in detail.items() if value},
    )


async def revoke(context: RevokeContext[LinearClient]) -> None:
    """End the grant at Linear (`POST /oauth/revoke`): the refresh token takes its tokens along. A dead one is success.

    400 for a token that was revoked already, as linear.app/developers/oauth-2-0-authentication says.
    """
    access = context.access
    token = access.secrets.get(REFRESH_TOKEN) or access.secrets.get(ACCESS_TOKEN)
    if token is None:
        return
    hint = REFRESH_TOKEN if REFRESH_TOKEN in access.secrets else ACCESS_TOKEN
    client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
    form = {"token": token.reveal("linear revoke"), "token_type_hint": hint}
    with reading():
        response = await client.request("POST", f"{access.bases['api']}/oauth/revoke", data=form)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise to_error(response.status_code, None, changes=False)
    if response.status_code not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        raise Rejected("revoke_refused", f"Linear did not end the grant (status {response.status_code}).")
