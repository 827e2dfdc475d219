"""Resolves and dials: every address is judged when it is looked up and again by the socket that dials it."""

import asyncio
import functools
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from integrations_app.errors import EgressDenied, InvalidInput, ResponseRefused
from integrations_app.kit.egress.addresses import Address, is_metadata, parse_address
from integrations_app.kit.egress.certificate import ClientCertificate
from integrations_app.kit.egress.policy import EgressPolicy, Passport
from integrations_app.kit.egress.proxy import Proxy
from integrations_app.kit.egress.target import Target

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

DNS_TIMEOUT = 5.0
DNS_CACHE_SECONDS = 10
# Shorter than the five seconds of common servers, so that a call seldom meets a connection just being closed.
KEEP_ALIVE_SECONDS = 4.0
CONNECTIONS_PER_POOL = 100
MAX_INTERIM_ANSWERS = 16
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
_CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(slots=True)
class Dial:
    """One attempt to reach a target: carried by a context variable to the resolver and the socket factory."""

    target: Target
    policy: EgressPolicy
    passport: Passport
    proxy: Proxy | None = None
    """Who is dialled instead: the operator has named it, and it is the one that looks up the target's address."""
    denied: list[EgressDenied] = field(default_factory=list)

    def judge(self, address: Address | None) -> None:
        """Raise EgressDenied, and remember it, unless this very address may be dialled."""
        if self.proxy is not None:
            return
        if address is None:
            raise EgressDenied("url_invalid", self.target.host)
        try:
            self.policy.judge_address(self.target, self.passport, address)
            self._refuse_own_machine(address)
        except EgressDenied as error:
            self.denied.append(error)
            raise

    def _refuse_own_machine(self, address: Address) -> None:
        """Any address of this machine at our own port is ourselves, also one that nobody listed."""
        if self.passport.grant(self.target) == "sandbox" or not self.policy.is_own_port(self.target.port):
            return
        if is_local(address):
            raise EgressDenied("self_connection", self.target.host)


DIAL: ContextVar[Dial] = ContextVar("egress_dial")


def is_local(address: Address) -> bool:
    """True when the address belongs to this machine: only then can a socket be bound to it."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def current_dial() -> Dial:
    """The attempt of the running request; without one nothing may be dialled (EgressDenied `no_scope`)."""
    dial = DIAL.get(None)
    if dial is None:
        raise EgressDenied("no_scope")
    return dial


class _RefusedError(OSError):
    """Tells aiohttp that this socket cannot be had; the reason is kept in the dial."""


def open_socket(addr_info: Any) -> socket.socket:
    """Judge the very address that is about to be dialled, then make its socket: aiohttp's socket factory."""
    family, kind, protocol, _, address = addr_info
    try:
        current_dial().judge(parse_address(address[0]))
    except EgressDenied as error:
        raise _RefusedError(str(error)) from error
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def system_resolve(pool: ThreadPoolExecutor) -> Resolve:
    """The operating system's resolver, in threads of its own so that slow name servers block nothing else."""

    def look_up(host: str, port: int) -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def resolve(host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(pool, look_up, host, port)

    return resolve


class JudgingResolver(AbstractResolver):
    """Looks up all addresses of a name and refuses the name when any of them may not be dialled."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: int = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's interface; both families are judged together
    ) -> list[ResolveResult]:
        """Return every address; raises EgressDenied `dns_timeout`, `dns_failed`, `mixed_resolution` or a reason."""
        dial = current_dial()
        addresses = [_plain(text) for text in await self._look_up(host, port)]
        if not addresses:
            raise EgressDenied("dns_failed", host)
        self._judge_all(dial, addresses)
        return [_found(host, port, address) for address in addresses]

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        try:
            async with asyncio.timeout(DNS_TIMEOUT):
                return await self._resolve(host, port)
        except TimeoutError as error:
            raise self._failed("dns_timeout", host) from error
        except (OSError, UnicodeError) as error:
            raise self._failed("dns_failed", host) from error

    @staticmethod
    def _failed(reason: str, host: str) -> Exception:
        """A target without an address is refused; aiohttp reports an OSError as the proxy's."""
        return EgressDenied(reason, host) if current_dial().proxy is None else OSError(reason)

    @staticmethod
    def _judge_all(dial: Dial, addresses: list[Address]) -> None:
        denied: list[EgressDenied] = []
        for address in addresses:
            try:
                dial.judge(address)
            except EgressDenied as error:
                denied.append(error)
        if denied and len(denied) < len(addresses) and not any(is_metadata(address) for address in addresses):
            raise EgressDenied("mixed_resolution", dial.target.host)
        if denied:
            raise next((error for error in denied if error.reason == "metadata"), denied[0])

    async def close(self) -> None:
        """Nothing to close: the threads belong to the door."""


def _plain(text: str) -> Address:
    address = parse_address(text)
    if address is None:
        raise EgressDenied("dns_failed")
    return address


def _found(host: str, port: int, address: Address) -> ResolveResult:
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=str(address), port=port, family=family, proto=0, flags=flags)


class _Protocol(ResponseHandler):
    """aiohttp's protocol with a bound on interim (1xx) answers, which aiohttp would read for ever."""

    interim = 0

    async def read(self) -> Any:
        message = await super().read()
        self.interim = self.interim + 1 if message[0].code < HTTPStatus.OK else 0
        if self.interim > MAX_INTERIM_ANSWERS:
            raise ResponseRefused("protocol_error", "The other side sends interim answers without end.")
        return message


class Connector(aiohttp.TCPConnector):
    """A connection pool of one organisation and passport; it dials only what the policy allows."""

    def __init__(self, resolve: Resolve, context: ssl.SSLContext) -> None:
        super().__init__(
            resolver=JudgingResolver(resolve),
            ttl_dns_cache=DNS_CACHE_SECONDS,
            ssl=context,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            limit=CONNECTIONS_PER_POOL,
            socket_factory=open_socket,
        )
        # aiohttp has no public way to name the protocol's class; a test floods a client to notice a change.
        self._factory = functools.partial(_Protocol, loop=asyncio.get_running_loop())  # type: ignore[assignment]

    @property
    def busy(self) -> bool:
        """True while a call holds one of the connections."""
        return bool(self._acquired)


class Request(aiohttp.ClientRequest):
    """aiohttp's request that knows whether a byte of it may have left, and checks who is at the other end."""

    left = False

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Check the peer's address, then send."""
        dial = current_dial()
        peer = conn.transport.get_extra_info("peername") if conn.transport is not None else None
        if dial.denied:
            raise dial.denied[0]
        if peer is not None:
            dial.judge(parse_address(peer[0]))
        self.left = True
        return await super().send(conn)


@functools.lru_cache(maxsize=32)
def trust_context(extra_ca_file: Path | None = None, ca_pem: str = "") -> ssl.SSLContext:
    """As `own_context`, kept: reading some 280 certificates takes tens of milliseconds."""
    return own_context(extra_ca_file, ca_pem)


def own_context(
    extra_ca_file: Path | None = None, ca_pem: str = "", certificate: ClientCertificate | None = None
) -> ssl.SSLContext:
    """TLS ≥ 1.2 with verification, trusting certifi, the system's bundle, one file more and the certificates given.

    The variables SSL_CERT_FILE and SSL_CERT_DIR play no part: the files are named explicitly. `certificate` is what
    connections prove themselves with; it raises InvalidInput `certificate_invalid`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cafile=certifi.where())
    for bundle in (Path(path) for path in (ssl.get_default_verify_paths().openssl_cafile, *_CA_BUNDLES)):
        if bundle.is_file():
            context.load_verify_locations(cafile=bundle)
            break
    if extra_ca_file is not None:
        context.load_verify_locations(cafile=extra_ca_file)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    if certificate is not None:
        certificate.load_into(context)
    return context


def check_ca(pem: str) -> None:
    """Raise InvalidInput `ca_invalid` unless `pem` holds certificates, and nothing but certificates."""
    whole = _CERTIFICATE.sub("", pem).strip()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInput({"ca": "holds no certificate that can be read"}, "", "ca_invalid") from error
    if "-----" in whole:
        raise InvalidInput({"ca": "may hold certificates only, no keys"}, "", "ca_invalid")
