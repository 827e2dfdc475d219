"""The authorised Salesforce client: a thin one of our own over the door; where it calls comes with the token."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from integrations_app.errors import EgressDenied, ReconnectRequired, Rejected, ResponseRefused
from integrations_app.kit.egress import Reply, parse_target
from integrations_app.kit.http_date import parse_http_date
from integrations_app.providers.salesforce.errors import to_error
from integrations_app.providers.salesforce.limits import HEADER, read_usage
from integrations_app.providers.salesforce.settings import SalesforceSettings
from integrations_app.sdk.answers import changing, reading
from integrations_app.sdk.auth import ACCESS_TOKEN, REFRESH_TOKEN
from integrations_app.sdk.context import Access, Account, RevokeContext
from integrations_app.sdk.patience import parse_retry_after

DOMAIN = ".salesforce.com"
SIGN_IN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
HOPS = 3
"""Addresses that are asked for the identity before it is given up."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REVOKED = ("invalid_token", "unsupported_token_type")
_MALFORMED = "Salesforce's answer cannot be read."


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; `body` is None when it was empty."""

    status: int
    body: Any


class SalesforceClient:
    """Calls the data API of one organisation.

    Keeps what the last answer said beside its body: `usage` about the daily limit, `told_at` about the time.
    """

    def __init__(self, access: Access) -> None:
        """Build the client; opens nothing.

        Raises ReconnectRequired without a token or without the organisation's address, Rejected `instance_refused`
        for an address that is not Salesforce's.
        """
        token = access.secrets.get(ACCESS_TOKEN)
        if token is None:
            raise ReconnectRequired("No session is stored.", "missing_oauth_token")
        self._access = access
        self._token = token
        self.instance = _instance(access)
        version = access.settings.api_version if isinstance(access.settings, SalesforceSettings) else "62.0"
        self.data = f"/services/data/v{version}"
        self.usage = ""
        self.told_at: datetime | None = None
        self.key = (access.connection_id, self.instance)

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET what changes nothing: a lost answer is Unavailable. `path` begins with a slash, below the version."""
        with reading():
            return _object((await self._call("GET", self.data + path, query, changes=False)).body)

    async def read_next(self, address: str) -> dict[str, Any]:
        """GET the `nextRecordsUrl` of an answer, which is a path of the organisation."""
        if not address.startswith("/services/data/"):
            raise Rejected("redirected", "Salesforce names another place for the rest of its answer.")
        with reading():
            return _object((await self._call("GET", address, None, changes=False)).body)

    async def change(self, method: str, path: str, body: Any = None) -> Answer:
        """Make one call that changes something: a lost answer is OutcomeUnknown."""
        with changing():
            return await self._call(method, self.data + path, None, changes=True, body=body)

    async def call(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        """Make any call below `/services/`; only GET counts as one that changes nothing."""
        if method == "GET":
            with reading():
                return await self._call(method, path, query, changes=False)
        with changing():
            return await self._call(method, path, query, changes=True, body=body)

    async def identity(self) -> dict[str, Any]:
        """Who the session belongs to, from the address that came with it; it may send on to the organisation's own."""
        address = self._access.extra.get("id", "") or f"{self.instance}/services/oauth2/userinfo"
        with reading():
            for _ in range(HOPS):
                if not is_salesforce(address, self._access):
                    raise Rejected("instance_refused", "The address of the identity is not Salesforce's.")
                reply = await self._request("GET", address, None, None)
                location = _header(reply, "location")
                if reply.status not in REDIRECTS or not location:
                    break
                address = _joined(address, location)
            return _object(self._answer(reply, changes=False).body)

    async def _call(
        self, method: str, path: str, query: Mapping[str, str] | None, *, changes: bool, body: Any = None
    ) -> Answer:
        return await self._send(method, self.instance + path, query, changes=changes, body=body)

    async def _send(
        self, method: str, url: str, query: Mapping[str, str] | None, *, changes: bool, body: Any = None
    ) -> Answer:
        reply = await self._request(method, url, query, body)
        if used := read_usage(_header(reply, HEADER)):
            self.usage = f"{used[0]} of {used[1]} calls left"
        self.told_at = parse_http_date(_header(reply, "date")) or self.told_at
        return self._answer(reply, changes=changes)

    def _answer(self, reply: Reply, *, changes: bool) -> Answer:
        """The answer read, or the error it stands for."""
        found = _read_json(reply.body, reply.status)
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
            after = parse_retry_after(_header(reply, "retry-after") or None, self._access.clock())
            raise to_error(reply.status, found, changes=changes, after=after)
        return Answer(reply.status, found)

    async def _request(self, method: str, url: str, query: Mapping[str, str] | None, body: Any) -> Reply:
        access = self._access
        client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
        headers = {
            "Authorization": f"Bearer {self._token.reveal('salesforce call').strip()}",
            "Accept": "application/json",
        }
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        response = await client.request(method, url, params=query or None, headers=headers, content=content)
        return Reply(response.status_code, tuple(response.headers.multi_items()), response.content)


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise ResponseRefused("protocol_error", _MALFORMED) from None


def _header(reply: Reply, name: str) -> str:
    return next((value for key, value in reply.headers if key.lower() == name), "")


def _read_json(content: bytes, status: int) -> Any:
    """The body; None when empty. A refusal may be a page or a word (`Bad_OAuth_Token`), a success must be JSON."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        if status < HTTPStatus.MULTIPLE_CHOICES:
            raise ResponseRefused("protocol_error", _MALFORMED) from None
        word = content[:100].decode("utf-8", "replace").strip()
        return [{"errorCode": word}] if re.fullmatch(r"[A-Za-z_]{3,40}", word) else None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ResponseRefused("protocol_error", _MALFORMED)
    return body


def is_salesforce(address: str, access: Access) -> bool:
    """Whether a session may be sent there: an https host of Salesforce, or where the operator or the sandbox is."""
    try:
        there, web = parse_target(address), parse_target(access.bases["web"])
    except EgressDenied:
        return False
    if there.origin == web.origin:
        return True
    return there.scheme == "https" and there.port == 443 and there.host.endswith(DOMAIN)  # noqa: PLR2004


def _instance(access: Access) -> str:
    """Where the organisation's data is: told with the token. A My Domain or an emulation is it by itself."""
    given = access.extra.get("instance_url", "").rstrip("/")
    if not given:
        given = access.bases["web"]
        if parse_target(given).host in SIGN_IN_HOSTS:
            message = "Salesforce did not say where the organisation's data is."
            raise ReconnectRequired(message, "no_instance_url")
    if not is_salesforce(given, access):
        raise Rejected("instance_refused", "The address of the organisation is not Salesforce's.")
    return given


def address(access: Access) -> str:
    """Where the organisation's data is; lists the versions of the interface to anybody who asks."""
    return f"{_instance(access)}/services/data/"


def open_client(access: Access) -> SalesforceClient:
    """Build the client of a connection."""
    return SalesforceClient(access)


async def check(client: SalesforceClient) -> Account:
    """Ask for the limits, which a session must be good for, and for the identity. The account is org and person."""
    limits = await _limits(client)
    who = await client.identity()
    if not who.get("organization_id") or not who.get("user_id"):
        raise ResponseRefused("protocol_error", _MALFORMED)
    name = str(who.get("username") or who.get("preferred_username") or who["user_id"])
    detail = {
        "name": str(who.get("display_name") or who.get("name") or ""),
        "organization": str(who["organization_id"]),
        "instance": parse_target(client.instance).host,
        "rate": _left(limits) or client.usage,
    }
    return Account(
        id=f"{who['organization_id']}/{who['user_id']}",
        name=name,
        detail={key: value for key, value in detail.items() if value},
    )


async def _limits(client: SalesforceClient) -> dict[str, Any]:
    """The limits; without the permission to see them (View Setup and Configuration), the list of resources."""
    try:
        return await client.read("/limits")
    except Rejected:
        return await client.read("/")


def _left(limits: Any) -> str:
    daily = limits.get("DailyApiRequests") if isinstance(limits, Mapping) else None
    if not isinstance(daily, Mapping) or "Remaining" not in daily:
        return ""
    return f"{daily['Remaining']} of {daily.get('Max', '?')} calls left"


async def revoke(context: RevokeContext[SalesforceClient]) -> None:
    """End the approval at Salesforce: the refresh token takes its sessions along. One that is gone is success.

    Form without client authentication; 400 `invalid_token` for an unknown one (RFC 7009 wants 200).
    """
    access = context.access
    token = access.secrets.get(REFRESH_TOKEN) or access.secrets.get(ACCESS_TOKEN)
    if token is None:
        return
    client = access.door.client(pool=access.organization_id, passport=access.passport, deadline=access.deadline)
    url = f"{access.bases['web']}/services/oauth2/revoke"
    with reading():
        response = await client.request("POST", url, data={"token": token.reveal("salesforce revoke")})
    if response.status_code == HTTPStatus.OK:
        return
    found = _read_json(response.content, response.status_code)
    code = str(found.get("error", "")) if isinstance(found, Mapping) else ""
    if code in REVOKED:
        return
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise to_error(response.status_code, None, changes=False)
    raise Rejected("revoke_refused", f"Salesforce did not end the approval (status {response.status_code}).")
