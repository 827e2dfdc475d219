"""The layers of the web around a stand-in for Reflex that answers pages, files and the socket."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from integrations_app.organizations import sessions
from integrations_app.web.routes import layers, routes
from integrations_app.web.sockets import OpenSockets

ORIGIN = "http://localhost:3000"
BROWSER = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Accept": "text/html,application/xhtml+xml"}


def cookie(token):
    return {"Cookie": f"{sessions.COOKIE}={token}"}


async def _page(request):
    return HTMLResponse(f"<h1>page {request.scope['path']}</h1>")


async def _file(_request):
    return PlainTextResponse("file", media_type="text/javascript")


async def _broken(_request):
    raise RuntimeError("secret detail /srv/x.py SELECT")


async def _echo(websocket):
    await websocket.accept()
    await websocket.send_json({"query": dict(websocket.query_params)})
    async for text in websocket.iter_text():
        await websocket.send_text(text)


@pytest.fixture
def sockets(hub):
    return OpenSockets(hub)


@pytest.fixture
def product(hub, sockets):
    """The whole stack as one ASGI application."""
    app: ASGIApp = Starlette(
        routes=[
            WebSocketRoute("/_event/", _echo),
            Route("/assets/{name}", _file),
            Route("/{path:path}", _page, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )
    extra = [
        Route("/api/broken", _broken),
        Route("/api/thing", _file, methods=["GET", "POST", "DELETE"]),
        Route("/api/webhooks/{id}", _file, methods=["POST"]),
        Route("/api/integrations/{provider}/events", _file, methods=["POST"]),
        Mount("/sandbox", routes=[Route("/x", _file, methods=["GET", "POST"])]),
    ]
    for layer in layers(hub, [*routes(hub, {}), *extra], sockets):
        if isinstance(layer, Starlette):
            layer.mount("", app)
            app = layer
        else:
            app = layer(app)
    return app


@pytest.fixture
async def client(product):
    """A client that follows nothing and keeps no cookie."""
    transport = httpx.ASGITransport(product, client=("127.0.0.1", 50000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as opened:
        yield opened
