"""`tokens` and `openapi`: what programs need to call the REST API."""

import json
from datetime import timedelta
from typing import Annotated

import typer

from integrations_app.cli.opening import Json, OrganizationName, installation

tokens = typer.Typer(help="API tokens.", no_args_is_help=True)


@tokens.callback()
def _group() -> None:
    """Keep `create` a verb of its own while it is the only one."""


@tokens.command()
def create(
    email: Annotated[str, typer.Option(help="E-mail of the member in whose place the token acts.")],
    organization: OrganizationName,
    name: Annotated[str, typer.Option(help="What the token is for.")],
    role: Annotated[str, typer.Option(help="viewer, editor, admin or owner; unset: the member's own.")] = "",
    days: Annotated[int | None, typer.Option(help="Days until it expires; unset: never.", min=1, max=3650)] = None,
    as_json: Json = False,
) -> None:
    """Make an API token and print it, this once."""
    from integrations_app.organizations.people import normal_email, normal_name
    from integrations_app.organizations.tokens import create_for

    address, place = normal_email(email), normal_name(organization)
    lifetime = timedelta(days=days) if days is not None else None
    with installation() as hub:
        row, token = hub.database.write_now(
            lambda session: create_for(
                session, hub, email=address, organization=place, name=name, role=role, lifetime=lifetime
            )
        )
    value = token.reveal("printed once to the person who made it")
    if as_json:
        expires = row.expires_at.isoformat() if row.expires_at else None
        typer.echo(json.dumps({"id": row.id, "token": value, "role": row.role, "expires_at": expires}))
    else:
        typer.echo(value)


def openapi(as_json: Json = False) -> None:
    """Print the description of the REST API: OpenAPI 3.1, for people to read or as one line. Needs no installation."""
    from integrations_app.web.api.app import describe

    typer.echo(json.dumps(describe(), indent=None if as_json else 2))
