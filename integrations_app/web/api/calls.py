"""A call of the REST API as a value, and its route: who asks and whether they may is settled before a body is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import Depends
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from integrations_app.errors import InvalidInput, NotFound, StartRefused
from integrations_app.kit.columns import is_id
from integrations_app.organizations import tokens
from integrations_app.organizations.denials import require_noted
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.organizations.tokens import Bearer
from integrations_app.web.cookies import bearer_token, client_address
from integrations_app.web.reading import BODY_SECONDS, Inflight, Reader, require_type

PERMISSION = "x-permission"
"""Where the description of a call says what it needs."""
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_MEMBERS = 100
"""Members of a body's outermost object; no call knows half as many."""
_READER = Reader(Inflight(), BODY_SECONDS)
_NUL_ESCAPED, _NUL = b"\\u0000", "\x00"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it needs, what it gives, and the refusals that not every call has."""

    method: str
    path: str
    handle: Callable[..., Awaitable[Response]]
    needs: Permission
    gives: type[BaseModel] | None = None
    """None: an empty answer with 204."""
    status: int = 200
    also: int | None = None
    """Another status with which the same may come."""
    refusals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The services, and who asks them."""

    hub: Hub
    bearer: Bearer
    renew: Callable[[], Awaitable[Bearer]]
    """Look again whether the token still lives; for calls that take long. Raises Unauthenticated."""

    @property
    def actor(self) -> Actor:
        """Whoever the token acts for, with the role that it has."""
        return self.bearer.actor


async def _asked(request: Request) -> Asked:
    asked: Asked = request.state.asked
    return asked


Caller = Annotated[Asked, Depends(_asked)]
"""What every handler takes first."""


class AdmittedRoute(APIRoute):
    """A route that declares its permission; a start with one that does not is refused (`call_unguarded`)."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler behind token, permission, known parameters and a body within bounds, in this order."""
        name = str((self.openapi_extra or {}).get(PERMISSION, ""))
        if name not in set(Permission):
            raise StartRefused("call_unguarded", f"The call {self.path} declares no permission.")
        needs, handle = Permission(name), super().get_route_handler()
        takes_query = bool(self.dependant.query_params)

        async def admitted(request: Request) -> Response:
            hub: Hub = request.app.state.hub
            renew = partial(tokens.require, hub, bearer_token(request), client_address(request))
            bearer = await renew()
            await require_noted(hub, bearer.actor, needs, {"call": f"{request.method} {self.path}"})
            _require_ids(request)
            _require_query(request, takes_query=takes_query)
            request.state.asked = Asked(hub, bearer, renew)
            answer: Response = await handle(await _with_body(request) if self.body_field else request)
            return answer

        return admitted


class _ReadRequest(Request):
    """A request whose body has been read and parsed."""

    def __init__(self, request: Request, raw: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._body = raw
        self._parsed = _parsed(raw) if raw else None

    async def json(self) -> Any:
        return self._parsed


def _parsed(raw: bytes) -> Any:
    """The JSON; unlike the framework's own parser this one refuses NaN, half characters and endless nesting."""
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidInput({"body": "is not JSON"}) from None
    if isinstance(parsed, dict) and len(parsed) > MAX_MEMBERS:
        raise InvalidInput({"body": f"has more than {MAX_MEMBERS} fields"}, "", "unknown_field")
    if _NUL_ESCAPED in raw and _holds_nul(parsed):
        raise InvalidInput({"body": "holds a NUL character"})
    return parsed


async def _with_body(request: Request) -> Request:
    raw = await _READER.read(request, MAX_BODY_BYTES)
    if raw:
        require_type(request, ("application/json",))
    return _ReadRequest(request, raw)


def _require_ids(request: Request) -> None:
    """What is no id names nothing, in the words of the service."""
    if any(name.endswith("_id") and not is_id(str(value)) for name, value in request.path_params.items()):
        raise NotFound


def _require_query(request: Request, *, takes_query: bool) -> None:
    pairs = request.query_params.multi_items()
    if pairs and not takes_query:
        raise InvalidInput({name[:60]: "is not known here" for name, _ in pairs}, "", "unknown_field")
    broken = {name[:60]: "holds a NUL character" for name, value in pairs if _NUL in name + value}
    if broken:
        raise InvalidInput(broken)


def _holds_nul(parsed: Any) -> bool:
    waiting = [parsed]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and _NUL in one:
            return True
    return False
