"""The gate every request passes just before it is dialled, and the bounds on what comes back."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp

from integrations_app.errors import EgressDenied, IntegrationsError, OutcomeUnknown, ResponseRefused, Unavailable
from integrations_app.kit.egress.dial import DIAL, Dial, Request
from integrations_app.kit.egress.headers import check_headers, check_method
from integrations_app.kit.egress.inflate import Inflater, refused_size
from integrations_app.kit.egress.policy import EgressPolicy, Passport
from integrations_app.kit.egress.proxy import Proxy
from integrations_app.kit.egress.target import canonical_host, parse_target
from integrations_app.kit.egress.watch import WATCH, Watch

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much: `ends_at` in the loop's time, `limit` in decoded bytes.

    `safe` means that the method changes nothing at the other side.
    """

    ends_at: float
    limit: int
    safe: bool


BOUNDS: ContextVar[Bounds] = ContextVar("egress_bounds")


def deadline_passed(sent: bool, safe: bool) -> IntegrationsError:
    """The error for a call that ran out of time: what it says depends on whether the request may have arrived."""
    message = "The call did not end before its deadline."
    if not sent:
        return Unavailable(message, None, "deadline_exceeded")
    refused = ResponseRefused("deadline_exceeded", message)
    if safe:
        return refused
    unknown = OutcomeUnknown("No answer came before the deadline: the call may have taken effect.")
    unknown.__cause__ = refused
    return unknown


def translate(error: Exception, sent: bool, safe: bool) -> IntegrationsError:
    """Turn an aiohttp or socket error of a request into one of ours."""
    if (refused := _tls_refusal(error)) is not None:
        return refused
    if isinstance(error, aiohttp.InvalidURL):
        return EgressDenied("url_invalid")
    if isinstance(error, aiohttp.ClientResponseError) or _is_garbled(error):
        return ResponseRefused("protocol_error", "The answer is not proper HTTP.")
    if not sent:
        return Unavailable("The other side cannot be reached.")
    if safe:
        return Unavailable("The connection was lost before the answer was complete.")
    return OutcomeUnknown("The connection was lost before the answer was complete: the call may have taken effect.")


CERTIFICATE_REFUSED = "certificate_refused"
_ABOUT_OUR_CERTIFICATE = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        *(f"TLSV1_ALERT_{what}" for what in ("UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")),
        *(f"SSLV3_ALERT_{what}" for what in ("BAD_CERTIFICATE", "NO_CERTIFICATE", "UNSUPPORTED_CERTIFICATE")),
        *(f"SSLV3_ALERT_CERTIFICATE_{what}" for what in ("REVOKED", "EXPIRED", "UNKNOWN")),
    }
)


def _tls_refusal(error: Exception) -> ResponseRefused | None:
    """What went wrong before anything was said under TLS; None when it is something else."""
    alert = _alert(error)
    if alert in _ABOUT_OUR_CERTIFICATE:  # also after TLS 1.3 let us send: a server looks at no request before
        return ResponseRefused(CERTIFICATE_REFUSED, "The other side wants a client certificate that it accepts (TLS).")
    if not isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return None
    if "ALERT" in alert:
        return ResponseRefused("tls_error", f"The other side ended the TLS handshake ({_words(alert)}).")
    return ResponseRefused("tls_error", "The other side could not prove who it is (TLS).")


def _alert(error: BaseException | None) -> str:
    """OpenSSL's name of what the peer said before it closed the connection; empty when it said nothing."""
    while error is not None:
        said = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
        if said:
            return str(said)
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return ""


def _words(alert: str) -> str:
    return alert.partition("ALERT_")[2].replace("_", " ").lower()


def _is_garbled(error: BaseException) -> bool:
    """True when a body error was caused by its framing (a bad chunk), not by a lost connection."""
    if not isinstance(error, aiohttp.ClientPayloadError):
        return False
    cause = error.__cause__ or error.__context__
    lost = isinstance(cause, OSError | asyncio.IncompleteReadError) or "not completed" in str(error)
    return not lost


@asynccontextmanager
async def bounded_time(bounds: Bounds) -> AsyncIterator[None]:
    """Run the body of an answer's read within the deadline, translating what goes wrong."""
    try:
        async with asyncio.timeout_at(bounds.ends_at):
            yield
    except TimeoutError as error:
        raise ResponseRefused("deadline_exceeded", "The answer did not end before the deadline.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise translate(error, True, bounds.safe) from error


Denied = Callable[[EgressDenied], Awaitable[None]]


class Gate:
    """An aiohttp middleware: judges URL, method and headers, keeps the deadline, translates errors.

    `denied` is told of every call that the policy refuses, before the caller is.
    """

    def __init__(
        self, policy: EgressPolicy, passport: Passport, denied: Denied | None = None, proxy: Proxy | None = None
    ) -> None:
        self._policy = policy
        self._passport = passport
        self._denied = denied
        self._proxy = proxy

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Let one request through, or raise one of our errors."""
        try:
            return await self._judged(request, handler)
        except EgressDenied as error:
            if self._denied is not None:
                await self._denied(error)
            raise

    async def _judged(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        check_method(request.method)
        check_headers(list(request.headers.items()))
        target = parse_target(str(request.url))
        if (canonical_host(request.url.raw_host or ""), request.url.port) != (target.host, target.port):
            raise EgressDenied("url_invalid", target.host)  # aiohttp dials what its own parser has read
        self._policy.judge_target(target, self._passport)
        proxy = None if target.is_loopback else self._proxy  # the proxy's loopback is not ours
        dial = Dial(target, self._policy, self._passport, proxy)
        if proxy is not None:
            proxy.lead(request)
        watch = WATCH.get()
        if watch is not None:
            return await self._watched(request, handler, dial, watch)
        return await self._dialled(request, handler, dial)

    async def _watched(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, dial: Dial, watch: Watch
    ) -> aiohttp.ClientResponse:
        ticket = await watch.before(request.method, str(request.url))
        try:
            response = await self._dialled(request, handler, dial)
        except BaseException:
            watch.after(ticket, None, {})
            raise
        watch.after(ticket, response.status, {name.lower(): value for name, value in response.headers.items()})
        return response

    async def _dialled(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, dial: Dial
    ) -> aiohttp.ClientResponse:
        token = DIAL.set(dial)
        try:
            response = await self._send(request, handler, dial)
        finally:
            DIAL.reset(token)
        if dial.proxy is not None:
            dial.proxy.judge_answer(response, dial.target.host)
        return response

    async def _send(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, dial: Dial
    ) -> aiohttp.ClientResponse:
        bounds = BOUNDS.get()
        again = bounds.safe  # a kept-alive connection may die under a harmless request: once more
        while True:
            try:
                async with asyncio.timeout_at(bounds.ends_at):
                    return await handler(request)
            except TimeoutError as error:
                raise deadline_passed(_left(request), bounds.safe) from error
            except (aiohttp.ClientError, OSError) as error:
                if dial.denied:
                    raise dial.denied[0] from error
                if dial.proxy is not None and (refused := dial.proxy.refusal(error, dial.target.host)) is not None:
                    raise refused from None
                lost = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
                if not (again and lost and _left(request)):
                    raise translate(error, _left(request), bounds.safe) from error
                again = False


def _left(request: aiohttp.ClientRequest) -> bool:
    return isinstance(request, Request) and request.left


def refuse_announced_size(response: aiohttp.ClientResponse, bounds: Bounds) -> None:
    """Refuse at once when Content-Length already says that the answer is too large."""
    if response.method != "HEAD" and (response.content_length or 0) > bounds.limit:
        response.close()
        raise refused_size(bounds.limit)


async def decoded_chunks(response: aiohttp.ClientResponse, bounds: Bounds) -> AsyncIterator[bytes]:
    """Yield the decoded body piece by piece within the bounds; the connection is closed when one is broken."""
    try:
        inflater = Inflater(",".join(response.headers.getall("Content-Encoding", [])), bounds.limit)
        while True:
            async with bounded_time(bounds):
                raw = await response.content.read(CHUNK)
            if not raw:
                break
            for piece in inflater.feed(raw):
                yield piece
        inflater.finish()
    except BaseException:
        response.close()
        raise
