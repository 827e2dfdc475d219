"""`workflows`: definitions out of this installation and into it, as YAML or JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from integrations_app.cli.opening import Json, OrganizationName, installation, organization_id, read_input
from integrations_app.errors import NotFound

if TYPE_CHECKING:
    from integrations_app.organizations.hub import Hub
    from integrations_app.organizations.permissions import Actor

T = TypeVar("T")
LIMIT = 1024 * 1024
PAGE = 200

workflows = typer.Typer(help="Workflow definitions.", no_args_is_help=True)


@workflows.command("export")
def export(
    workflow: Annotated[str, typer.Argument(help="Id or name of the workflow.")],
    organization: OrganizationName,
    as_json: Json = False,
) -> None:
    """Print the draft of a workflow in YAML, with connections and endpoints by name where a name is unique."""

    async def work(hub: "Hub", actor: "Actor") -> str:
        from integrations_app.workflows import service

        found = await _find(hub, actor, workflow)
        return (await service.export(hub, actor, found, as_json=as_json)).text

    typer.echo(_as_organization(organization, work), nl=False)


@workflows.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="YAML or JSON file; - reads stdin.")],
    organization: OrganizationName,
    as_json: Json = False,
) -> None:
    """Make a new draft from a definition; names of connections and endpoints are looked up in the organisation.

    Prints the id and what must be mended before it can be published. Exit 2 for what is no definition.
    """
    raw = read_input(file, LIMIT)

    async def work(hub: "Hub", actor: "Actor") -> Any:
        from integrations_app.workflows import service

        return await service.import_definition(hub, actor, raw)

    saved = _as_organization(organization, work)
    if as_json:
        rows = [{"path": one.path, "code": one.code, "message": one.message} for one in saved.problems]
        typer.echo(json.dumps({"id": saved.id, "draft_version": saved.draft_version, "problems": rows}))
        return
    typer.echo(saved.id)
    for one in saved.problems:
        typer.echo(f"  {one.path}: {one.message}")


def _as_organization(name: str, work: "Callable[[Hub, Actor], Awaitable[T]]") -> T:
    """Do `work` as the product itself, acting for the organisation of that name."""
    from integrations_app.organizations.permissions import system_actor

    with installation() as hub:
        actor = system_actor(organization_id(hub, name))

        async def run() -> T:
            try:
                return await work(hub, actor)
            finally:
                await hub.bus.close()
                await hub.door.aclose()

        return asyncio.run(run())


async def _find(hub: "Hub", actor: "Actor", reference: str) -> str:
    """The id of the workflow with that id, else of the only one with that name; raises NotFound."""
    from integrations_app.workflows import service

    named: list[str] = []
    cursor, more = "", True
    while more:
        page = await service.list_by_organization(hub, actor, cursor=cursor, limit=PAGE)
        if any(row.id == reference for row in page.items):
            return reference
        named += [row.id for row in page.items if row.name == reference]
        cursor = page.next_cursor
        more = bool(cursor)
    if len(named) != 1:
        raise NotFound(
            f"There are {len(named)} workflows called {reference!r}. Give an id." if named else "No such workflow."
        )
    return named[0]
