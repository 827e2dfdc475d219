"""One list of all routes in front of the pages, and the layers around everything."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.hub import Hub
from integrations_app.web import events, exports, health, logos, oauth, session
from integrations_app.web.api.app import mount
from integrations_app.web.errors import Answers, on_error
from integrations_app.web.gate import Gate
from integrations_app.web.headers import SecurityHeaders, content_policy
from integrations_app.web.health import Probe
from integrations_app.web.hosts import Hosts, Pages
from integrations_app.web.socket import SocketGuard
from integrations_app.web.sockets import OpenSockets

Layer = Callable[[ASGIApp], ASGIApp]


def routes(hub: Hub, probes: Mapping[str, Probe]) -> list[BaseRoute]:
    """Every route of the product outside the pages; a module with routes is added here."""
    return [
        *health.routes(hub, probes),
        *session.routes(hub),
        *logos.routes(hub.registry),
        *oauth.routes(hub),
        *events.routes(hub),
        *exports.routes(hub),
        mount(hub),
    ]


def layers(
    hub: Hub, listed: Sequence[BaseRoute], sockets: OpenSockets, pages: Path | None = None
) -> list[Starlette | Layer]:
    """What Reflex takes as `api_transformer`: the first is innermost, the last sees every request first.

    `listed` are the routes (plus mounts like the sandbox), `sockets.watch()` must run in the lifespan, `pages` is the
    folder of the built front end, whose inline scripts the policy names.
    """
    origin = hub.settings.public_origin
    policy = content_policy(origin, pages)
    handlers = dict.fromkeys((IntegrationsError, HTTPException, Exception), on_error)
    app = Starlette(routes=list(listed), exception_handlers=handlers)
    app.router.redirect_slashes = False
    return [
        lambda inner: Pages(inner, listed),
        app,
        lambda inner: SocketGuard(inner, hub, sockets),
        lambda inner: Gate(inner, hub),
        lambda inner: Hosts(inner, hub),
        Answers,
        lambda inner: SecurityHeaders(inner, origin, policy),
        lambda inner: wrap_asgi_with_proxy_headers(inner, list(hub.settings.trusted_proxies)),
    ]
