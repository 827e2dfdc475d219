"""The one door to the network: hands out clients whose pools are kept per organisation and passport."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import aiohttp

from integrations_app.errors import EgressDenied, Unavailable
from integrations_app.kit.egress.bridge import scope_for
from integrations_app.kit.egress.certificate import ClientCertificate
from integrations_app.kit.egress.client import UNHURRIED, Client, OpenSession, Transport, Waits
from integrations_app.kit.egress.dial import Connector, Resolve, own_context, system_resolve, trust_context
from integrations_app.kit.egress.gate import Denied, Gate
from integrations_app.kit.egress.policy import NO_PASSPORT, EgressPolicy, Passport
from integrations_app.kit.egress.proxy import Proxy
from integrations_app.kit.egress.sdk_session import BoundedResponse, SdkGate, open_session
from integrations_app.kit.egress.target import Target, parse_target

DEADLINE = 30.0
MAX_RESPONSE_BYTES = 10 * 1024 * 1024
MAX_IDLE_POOLS = 256
IDLE_SECONDS = 60.0
_RESOLVER_THREADS = 16


PoolDenied = Callable[[str, EgressDenied], Awaitable[None]]
_Key = tuple[str, Passport, str, str]
"""Organisation, passport, the authority trusted beside the usual ones, and the identity of a client certificate."""


class _Pool:
    """Connections of one organisation and one passport, and the sessions that use them."""

    def __init__(self, connector: Connector, gate: Gate) -> None:
        self.connector = connector
        self.gate = gate
        self.session = open_session(connector, gate)
        self.used_at = 0.0
        self._sdk_sessions: dict[tuple[float, int], aiohttp.ClientSession] = {}

    def sdk_session(self, deadline: float, limit: int) -> aiohttp.ClientSession:
        session = self._sdk_sessions.get((deadline, limit))
        if session is None or session.closed:
            middleware = SdkGate(self.gate, deadline, limit)
            session = open_session(
                self.connector, middleware, response_class=BoundedResponse, headers={"Accept-Encoding": "identity"}
            )
            self._sdk_sessions[deadline, limit] = session
        return session

    async def aclose(self) -> None:
        for session in (self.session, *self._sdk_sessions.values()):
            await session.close()
        await self.connector.close()


class Door:
    """Everything that leaves the process goes through here. Owns the connections of one event loop.

    `resolve(host, port)` may replace the operating system's resolver; `extra_ca_file` adds trusted
    certificates (PEM). `denied(pool, error)` is awaited for every call that the policy refuses, before the
    caller gets the error. `proxy` is where all calls go that do not name this machine itself. Close it with
    `aclose()` on the loop that used it.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolve: Resolve | None = None,
        extra_ca_file: Path | None = None,
        denied: PoolDenied | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.policy = policy
        self._proxy = proxy
        self._denied = denied
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, "egress-dns")
        self._resolve = resolve or system_resolve(self._threads)
        self._extra_ca_file = extra_ca_file
        self._pools: OrderedDict[_Key, _Pool] = OrderedDict()
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    def check_url(self, url: str, passport: Passport | None = None) -> Target:
        """Judge a URL as far as it can be without DNS, for use when settings are saved. Raises EgressDenied."""
        target = parse_target(url)
        self.policy.judge_target(target, passport or NO_PASSPORT)
        return target

    def client(  # noqa: PLR0913 - what one call may need, by name
        self,
        *,
        pool: str,
        passport: Passport | None = None,
        deadline: float = DEADLINE,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        headers: Mapping[str, str] | None = None,
        waits: Waits = UNHURRIED,
        ca_pem: str = "",
        certificate: ClientCertificate | None = None,
    ) -> Client:
        """Return a light httpx client on the pool of one organisation.

        `pool` is the organisation's id: connections are never shared between two. `deadline` is in
        seconds for one call from name look-up to the body's last byte; `max_response_bytes` counts
        decoded bytes; `waits` are shorter patience within the deadline; `ca_pem` is trusted beside the
        usual certificates; `certificate` proves us to its origin, whichever the client calls. Closing the client
        leaves the pool open.
        """
        opener = self._opener(pool, passport, ca_pem, certificate)
        return Client(
            opener,
            deadline=deadline,
            max_response_bytes=max_response_bytes,
            headers=headers,
            waits=waits,
            denied=self._denied_in(pool),
        )

    def transport(
        self,
        *,
        pool: str,
        passport: Passport | None = None,
        deadline: float = DEADLINE,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        ca_pem: str = "",
        certificate: ClientCertificate | None = None,
    ) -> Transport:
        """Return an httpx transport for a library that brings its own httpx client; parameters as in `client`."""
        return Transport(self._opener(pool, passport, ca_pem, certificate), deadline, max_response_bytes)

    def aiohttp_session(
        self,
        *,
        pool: str,
        passport: Passport | None = None,
        deadline: float = DEADLINE,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> aiohttp.ClientSession:
        """Return the shared aiohttp session for an SDK that wants one. It belongs to the door."""
        return self._pool(pool, passport).sdk_session(deadline, max_response_bytes)

    @contextmanager
    def thread_scope(
        self, *, pool: str, passport: Passport | None = None, deadline: float = DEADLINE
    ) -> Iterator[None]:
        """Let `send_sync` work in threads started by `asyncio.to_thread` inside this block.

        `deadline` covers all calls of the block together, in seconds.
        """
        with scope_for(self.client(pool=pool, passport=passport, deadline=deadline), deadline):
            yield

    def _opener(
        self, pool: str, passport: Passport | None, ca_pem: str, certificate: ClientCertificate | None
    ) -> OpenSession:
        """Name a pool's session anew for each request: the pool may be retired between two, and the origin change."""
        self._require_open()  # here, and not only at the first call

        async def session(target: Target) -> aiohttp.ClientSession:
            if certificate is not None and certificate.is_for(target):
                return (await self._proving_pool(pool, passport, ca_pem, certificate)).session
            return self._pool(pool, passport, ca_pem).session

        return session

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable("The door is closed.")

    def _denied_in(self, pool: str) -> Denied | None:
        return partial(self._denied, pool) if self._denied is not None else None

    def _pool(self, organisation: str, passport: Passport | None, ca_pem: str = "") -> _Pool:
        key = (organisation, passport or NO_PASSPORT, ca_pem, "")
        return self._kept(key) or self._made(key, trust_context(self._extra_ca_file, ca_pem))

    async def _proving_pool(
        self, organisation: str, passport: Passport | None, ca_pem: str, certificate: ClientCertificate
    ) -> _Pool:
        key = (organisation, passport or NO_PASSPORT, ca_pem, certificate.identity)
        found = self._kept(key)
        if found is None:
            context = await asyncio.to_thread(own_context, self._extra_ca_file, ca_pem, certificate)
            found = self._kept(key) or self._made(key, context)  # another call may have been faster
        return found

    def _kept(self, key: _Key) -> _Pool | None:
        self._require_open()
        found = self._pools.get(key)
        if found is not None:
            found.used_at = asyncio.get_running_loop().time()
            self._pools.move_to_end(key)
        return found

    def _made(self, key: _Key, context: ssl.SSLContext) -> _Pool:
        gate = Gate(self.policy, key[1], self._denied_in(key[0]), self._proxy)
        made = self._pools[key] = _Pool(Connector(self._resolve, context), gate)
        made.used_at = asyncio.get_running_loop().time()
        self._retire_idle()
        return made

    def _retire_idle(self) -> None:
        """Keep the number of pools bounded: the longest unused go first, never one in use."""
        surplus = len(self._pools) - MAX_IDLE_POOLS
        if surplus <= 0:
            return
        before = asyncio.get_running_loop().time() - IDLE_SECONDS
        idle = [key for key, pool in self._pools.items() if pool.used_at < before and not pool.connector.busy]
        for key in idle[:surplus]:
            closing = asyncio.get_running_loop().create_task(self._pools.pop(key).aclose())
            self._leaving.add(closing)
            closing.add_done_callback(self._leaving.discard)

    async def aclose(self) -> None:
        """Close every connection and the resolver's threads. Call on the loop that used the door."""
        self._closed = True
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()
        await asyncio.gather(*self._leaving)
        self._threads.shutdown(wait=False, cancel_futures=True)
