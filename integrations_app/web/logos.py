"""Serves the logos of providers from their folders, so that one installed later needs no front-end build."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from integrations_app.errors import NotFound
from integrations_app.sdk.registry import Registry

PATH = "/api/integrations/{provider}/logo.svg"
_HEADERS = {
    "Cache-Control": "public, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


def routes(registry: Registry) -> list[Route]:
    """The one route; nothing but the file that a provider declares can be had through it."""

    async def logo(request: Request) -> Response:
        try:
            provider = registry.get(request.path_params["provider"])
        except NotFound:
            return Response(status_code=404)
        return FileResponse(provider.folder / provider.logo, media_type="image/svg+xml", headers=_HEADERS)

    return [Route(PATH, logo, methods=["GET"])]
