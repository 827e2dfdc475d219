"""Pages where a person looks into the emulated Linear, and writes an issue."""

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.linear import acts, tokens
from integrations_app.sandbox.linear.state import linear_of
from integrations_app.sandbox.pages import render, see_other
from integrations_app.sandbox.world import World


async def index(request: Request) -> Response:
    """Issues, webhooks and tokens."""
    world: World = request.state.world
    workspace = linear_of(world)
    newest = sorted(workspace.issues.values(), key=lambda one: one.created_at, reverse=True)
    return render(
        request,
        "linear/index.html",
        workspace=workspace,
        issues=newest,
        comments=list(workspace.comments.values()),
        tokens=list(enumerate(workspace.tokens.values())),
        names={client_id: app.name for (vendor, client_id), app in world.apps.items() if vendor == "linear"},
        refused=request.query_params.get("refused", ""),
        now=world.clock(),
    )


async def create(request: Request) -> Response:
    """The form "New issue"; a person writes it, and the webhooks fire."""
    world: World = request.state.world
    form = await request.form()
    given = {name: str(form.get(name) or "") for name in ("teamId", "title", "description")}
    here = f"{request.state.base}/linear/"
    try:
        acts.create_issue(world, given, linear_of(world).people[0])
    except WrongCall as refusal:
        return see_other(f"{here}?refused={quote(str(refusal))}")
    return see_other(here)


async def revoke(request: Request) -> Response:
    """End one token, chosen by its place in the list."""
    world: World = request.state.world
    held = list(linear_of(world).tokens.values())
    if request.path_params["index"] >= len(held):
        raise HTTPException(404)
    tokens.end(world, [held[request.path_params["index"]]])
    return see_other(f"{request.state.base}/linear/")


routes = [
    Route("/", index),
    Route("/issues", create, methods=["POST"]),
    Route("/tokens/{index:int}/revoke", revoke, methods=["POST"]),
]
