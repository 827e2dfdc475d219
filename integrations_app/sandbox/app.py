"""The sandbox as one ASGI application, to be mounted anywhere."""

import secrets
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from integrations_app.sandbox import control, pages
from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.entrance import Entrance
from integrations_app.sandbox.world import World


async def index(request: Request) -> Response:
    """The front page."""
    return pages.render(request, "index.html", emulations=list(EMULATIONS.values()))


def create_app(
    *,
    clock: Callable[[], float] = time.time,
    token_source: Callable[[int], str] = secrets.token_urlsafe,
    events_url: str = "",
) -> Starlette:
    """The emulated vendors, with their own state.

    Routes are relative: mount it (normally at `/sandbox`); every address in an answer is derived from
    the request. `clock` gives unix seconds, `token_source(n)` about n random bytes as URL-safe text.
    `events_url` is where the events of the vendors' apps go until control says otherwise, `{vendor}` in it filled in;
    it survives a reset.
    """
    world = World(EMULATIONS.values(), clock, token_source, events_url)
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/_style.css", pages.style),
            Mount("/_control", routes=control.routes),
            *(Mount(f"/{one.key}", routes=one.routes) for one in EMULATIONS.values()),
        ],
        middleware=[Middleware(Entrance, world=world)],
    )
    app.state.world = world
    return app
