"""`users`: people who sign in."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from integrations_app.cli.opening import OrganizationName, installation
from integrations_app.errors import InvalidInput

if TYPE_CHECKING:
    from integrations_app.kit.secret import Secret
    from integrations_app.organizations.hub import Hub

LONGEST_LINE = 4096

users = typer.Typer(help="People who sign in.", no_args_is_help=True)


@users.callback()
def _group() -> None:
    """Keep `create` a verb of its own while it is the only one."""


@users.command()
def create(
    email: Annotated[str, typer.Option(help="E-mail to sign in with.")],
    organization: OrganizationName,
    role: Annotated[
        str, typer.Option(help="viewer, editor, admin or owner; unset: owner of a new organisation, else viewer.")
    ] = "",
) -> None:
    """Create a person; the password comes from a prompt, or as one line on stdin.

    The organisation is made when there is none of that name.
    """
    from integrations_app.organizations.passwords import require_password
    from integrations_app.organizations.people import known_role, normal_email, normal_name

    address, name = normal_email(email), normal_name(organization)
    chosen = known_role(role).value if role else ""
    password = _read_password()
    require_password(password)
    with installation(may_create=True) as hub:
        _create(hub, address, name, chosen, password)


def _create(hub: "Hub", email: str, organization: str, role: str, password: "Secret") -> None:
    from sqlmodel import Session

    from integrations_app.organizations.repository import find_organization
    from integrations_app.organizations.service import create_user

    password_hash = hub.passwords.hash_now(password)

    def write(session: Session) -> tuple[str, str]:
        chosen = role or ("viewer" if find_organization(session, organization) else "owner")
        create_user(
            session,
            hub.keyring,
            email=email,
            organization=organization,
            role=chosen,
            password_hash=password_hash,
            now=hub.clock(),
            new_id=hub.new_id,
        )
        return email, chosen

    made, chosen = hub.database.write_now(write)
    typer.echo(f"{made} is {chosen} of {organization}.")


def _read_password() -> "Secret":
    from integrations_app.kit.secret import Secret

    if sys.stdin.isatty():
        return Secret(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    raw = sys.stdin.buffer.readline(LONGEST_LINE)
    try:
        return Secret(raw.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        raise InvalidInput({"password": "This is not UTF-8 text."}) from None
