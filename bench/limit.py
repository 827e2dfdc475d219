"""The yardstick: what one Python process can do for this job when nothing but the job is done."""

import asyncio
import hmac
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = os.environ.get("BENCH_SECRET", "").encode()
SINK = os.environ.get("BENCH_SINK", "")
ADD_EVENT = "INSERT INTO event (delivery, body) VALUES (?, ?)"
ADD_RESULT = "INSERT INTO result (delivery, output) VALUES (?, ?)"


def _connect() -> sqlite3.Connection:
    made = sqlite3.connect(os.environ["BENCH_DB"], isolation_level=None, check_same_thread=False)
    made.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS event (delivery TEXT PRIMARY KEY, body BLOB);"
        "CREATE TABLE IF NOT EXISTS result (delivery TEXT PRIMARY KEY, output BLOB);"
    )
    return made


async def _read(request: Request) -> tuple[str, bytes]:
    body = await request.body()
    given = request.headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(f"sha256={hmac.digest(SECRET, body, 'sha256').hex()}", given):
        raise PermissionError("signature")
    return request.headers["idempotency-key"], body


async def two_commits(request: Request) -> Response:
    """The whole job: event committed, three fields mapped, POST with a bearer header, result committed, answer."""
    delivery, body = await _read(request)
    state = request.app.state
    state.db.execute(ADD_EVENT, (delivery, body))
    event = orjson.loads(body)
    mapped = {"id": event["id"], "title": event["title"], "author": event["author"]["name"]}
    headers = {"Authorization": "Bearer bench-token", "Content-Type": "application/json"}
    async with state.http.post(SINK, data=orjson.dumps(mapped), headers=headers) as answer:
        output = await answer.read()
    state.db.execute(ADD_RESULT, (delivery, output))
    return Response(status_code=200)


async def one_commit(request: Request) -> Response:
    """Accept only: a commit for every event."""
    request.app.state.db.execute(ADD_EVENT, await _read(request))
    return Response(status_code=202)


async def group_commit(request: Request) -> Response:
    """Accept only: what waits together is committed together, by a thread."""
    future = asyncio.get_running_loop().create_future()
    request.app.state.waiting.put((await _read(request), future.get_loop(), future))
    await future
    return Response(status_code=202)


def _write(db: sqlite3.Connection, waiting: "queue.SimpleQueue[Any]") -> None:
    while True:
        batch = [waiting.get()]
        while not waiting.empty():
            batch.append(waiting.get())
        db.execute("BEGIN IMMEDIATE")
        db.executemany(ADD_EVENT, [row for row, _, _ in batch])
        db.execute("COMMIT")
        batch[0][1].call_soon_threadsafe(_answer, [future for _, _, future in batch])


def _answer(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        future.set_result(None)


def build() -> Callable[..., Any]:
    """The app; connections are opened at the first request, on the server's own loop."""
    routes = {"/two": two_commits, "/one": one_commit, "/group": group_commit}
    app = Starlette(routes=[Route(path, handler, methods=["POST"]) for path, handler in routes.items()])

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if not hasattr(app.state, "db"):
            app.state.db, app.state.waiting = _connect(), queue.SimpleQueue()
            app.state.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))
            threading.Thread(target=_write, args=(_connect(), app.state.waiting), daemon=True).start()
        await app(scope, receive, send)

    return serve
