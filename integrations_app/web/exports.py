"""Hands a workflow to a signed-in person as a file."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.errors import NotFound
from integrations_app.kit.columns import is_id
from integrations_app.organizations.hub import Hub
from integrations_app.web.cookies import require_actor
from integrations_app.workflows import service

PATH = "/api/workflows/{workflow_id}/export.{kind}"
_TYPES = {"yaml": "application/yaml", "json": "application/json"}


def routes(hub: Hub) -> list[Route]:
    """The one route: YAML or JSON, always as a download, never kept by a cache."""

    async def export(request: Request) -> Response:
        actor = await require_actor(hub, request)
        workflow_id, kind = request.path_params["workflow_id"], request.path_params["kind"]
        if kind not in _TYPES or not is_id(workflow_id):
            raise NotFound("There is no such file.")
        found = await service.export(hub, actor, workflow_id, as_json=kind == "json")
        headers = {
            "Content-Disposition": f'attachment; filename="{found.name}.{kind}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.text, media_type=_TYPES[kind], headers=headers)

    return [Route(PATH, export, methods=["GET"])]
