"""Lets synchronous code in a worker thread send through the door, on the event loop that owns it."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple

from integrations_app.errors import EgressDenied, Unavailable
from integrations_app.kit.egress.client import ENDS_AT, Client
from integrations_app.kit.egress.gate import SAFE_METHODS, deadline_passed
from integrations_app.kit.egress.headers import is_forbidden

_GRACE = 2.0


class Reply(NamedTuple):
    """A complete answer: status, header pairs in the order received, decoded body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Scope:
    client: Client
    loop: asyncio.AbstractEventLoop
    ends_at: float


_SCOPE: ContextVar[_Scope] = ContextVar("egress_thread_scope")


@contextmanager
def scope_for(client: Client, deadline: float) -> Iterator[None]:
    """Set the scope that `asyncio.to_thread` copies into the worker thread; enter it on the door's event loop."""
    loop = asyncio.get_running_loop()
    token = _SCOPE.set(_Scope(client, loop, loop.time() + deadline))
    try:
        yield
    finally:
        _SCOPE.reset(token)


def send_sync(method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> Reply:
    """Send one request from a worker thread and wait for its whole answer. Redirects are handed back.

    All calls of one scope share its deadline. Headers that frame the message (Host, Content-Length)
    are dropped, the door sets them. Raises EgressDenied `no_scope` outside a scope, `wrong_thread`
    on the event loop itself, and all that the door raises.
    """
    scope = _SCOPE.get(None)
    if scope is None:
        raise EgressDenied("no_scope")
    if _on_event_loop():
        raise EgressDenied("wrong_thread")
    left = scope.ends_at - scope.loop.time()
    if left <= 0:
        raise deadline_passed(False, False)
    content = body.encode() if isinstance(body, str) else body
    kept = {name: value for name, value in headers.items() if not is_forbidden(name)}
    sending = _send(scope, method, url, kept, content)
    if scope.loop.is_closed():
        sending.close()
        raise Unavailable("The event loop of this call has ended.")
    future = asyncio.run_coroutine_threadsafe(sending, scope.loop)
    try:
        return future.result(left + _GRACE)  # the door keeps the deadline; this is for a loop that hangs
    except FutureTimeout as error:
        future.cancel()
        raise deadline_passed(True, method.upper() in SAFE_METHODS) from error
    except CancelledError as error:
        raise deadline_passed(True, method.upper() in SAFE_METHODS) from error


async def _send(scope: _Scope, method: str, url: str, headers: dict[str, str], content: bytes | None) -> Reply:
    request = scope.client.build_request(method.upper(), url, headers=headers, content=content)
    request.extensions[ENDS_AT] = scope.ends_at
    response = await scope.client.send(request)
    return Reply(response.status_code, tuple(response.headers.multi_items()), response.content)


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
