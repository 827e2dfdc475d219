"""How control calls are read and refused, for the sandbox's own and each vendor's."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]


class WrongCall(ValueError):
    """A control call, or an act of a person at a vendor, that cannot be understood (400)."""


def checked(handler: Handler) -> Handler:
    """The handler, with what it refuses answered as 400."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except WrongCall as error:
            return JSONResponse({"message": str(error)}, 400)

    return answer


async def body_of(request: Request) -> dict[str, Any]:
    """The body as a JSON object, empty when there is none. Raises WrongCall."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise WrongCall("the body is not JSON") from error
    if not isinstance(body, dict):
        raise WrongCall("the body is not an object")
    return body
