"""The sandbox on a port of its own: for the command line, and inside a test."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.routing import Mount

from integrations_app.sandbox.app import create_app

PREFIX = "/sandbox"
START_LIMIT = 10.0


def standalone(sandbox: Starlette) -> Starlette:
    """The sandbox mounted at `/sandbox` and nothing else."""
    return Starlette(routes=[Mount(PREFIX, app=sandbox)])


def _server(app: Starlette, port: int) -> Server:
    return Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)


async def _serve_until_told(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def serve(port: int) -> None:
    """Serve until interrupted or terminated."""
    asyncio.run(_serve_until_told(_server(standalone(create_app()), port)))


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_listening(port: int, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and thread.is_alive():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            threading.Event().wait(0.01)
        else:
            return
    raise RuntimeError("the sandbox did not start")


@contextmanager
def serving(app: Starlette) -> Iterator[int]:
    """Serve any ASGI application on a free loopback port from a thread of its own; gives the port."""
    port = free_port()
    server = _server(app, port)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve())

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_until_listening(port, thread)
        yield port
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(START_LIMIT)


@contextmanager
def running_sandbox(*, clock: Callable[[], float] = time.time, events_url: str = "") -> Iterator[str]:
    """A fresh sandbox on a free loopback port; gives its base URL, such as `http://127.0.0.1:4100/sandbox`."""
    with serving(standalone(create_app(clock=clock, events_url=events_url))) as port:
        yield f"http://127.0.0.1:{port}{PREFIX}"
