"""The console script: serve, migrate, examine. Heavy imports wait until a command needs them."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from integrations_app.errors import IntegrationsError, StartRefused

if TYPE_CHECKING:
    from integrations_app.settings import Settings

EX_CONFIG = 78  # sysexits.h: refused to start because of what it was told or found

app = typer.Typer(
    name="integrations-app",
    help="A self-hosted integrations hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@app.command()
def run(
    port: Annotated[int | None, typer.Option(help="Listen on this port.", min=1, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Web processes; more than one needs PostgreSQL.", min=1, max=64)] = 1,
    no_execute: Annotated[bool, typer.Option("--no-execute", help="Serve only; leave runs to `worker`.")] = False,
) -> None:
    """Serve the product and, unless told not to, execute runs."""
    from integrations_app import serve
    from integrations_app.settings import load_settings

    settings = load_settings(port=port, workers=workers, execute=False if no_execute else None)
    front_end = serve.find_front_end()
    serve.build_if_stale(front_end)
    _migrate(settings)
    typer.echo(banner(settings, _setup_url(settings)))
    serve.serve(settings, front_end)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from integrations_app.settings import load_settings

    settings = load_settings()
    changed = _migrate(settings)
    typer.echo(f"{settings.database_label}: {'upgraded' if changed else 'up to date'}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check key, database, front end, port and egress; exit 1 when something is wrong."""
    from integrations_app.doctor import examine
    from integrations_app.settings import load_settings

    findings = examine(load_settings())
    if as_json:
        typer.echo(json.dumps([{"name": it.name, "ok": it.ok, "message": it.message} for it in findings]))
    else:
        for it in findings:
            typer.echo(f"{'ok   ' if it.ok else 'WRONG'} {it.name}: {it.message}")
    raise typer.Exit(0 if all(it.ok for it in findings) else 1)


def banner(settings: "Settings", setup_url: str | None) -> str:
    """What the terminal shows at the start; `setup_url` while nobody owns the installation yet."""
    lines = [
        f"Integrations serves {settings.public_url}",
        f"  data      {settings.data_dir}",
        f"  database  {settings.database_label}",
        f"  sandbox   {'on at ' + settings.sandbox_origin if settings.sandbox else 'off'}",
    ]
    if setup_url is not None:
        lines.append(f"  Create the first owner: {setup_url}")
    return "\n".join(lines)


def _migrate(settings: "Settings") -> bool:
    from integrations_app import migrations

    settings.open_data_dir()
    return migrations.migrate(settings.database_url)


def _setup_url(settings: "Settings") -> str | None:
    """The address of the set-up page with its one-time token, while nobody owns this installation."""
    import secrets

    from integrations_app.assembly import open_hub
    from integrations_app.kit.secret import Secret
    from integrations_app.organizations.service import prepare_setup

    token = settings.setup_token or Secret(secrets.token_urlsafe(24))
    hub = open_hub(settings)
    try:
        if hub.keyring.sealed:
            return None
        needed = hub.database.write_now(lambda session: prepare_setup(session, hub.keyring, token, hub.clock()))
    finally:
        hub.database.close()
    return f"{settings.public_url}/setup?token={token.reveal('print the setup link')}" if needed else None


def main() -> NoReturn:
    """Run the command line and turn our errors into the documented exit codes."""
    try:
        app()
    except StartRefused as refusal:
        _end(refusal, EX_CONFIG)
    except IntegrationsError as error:
        _end(error, 1)
    sys.exit(0)


def _end(error: IntegrationsError, status: int) -> NoReturn:
    line = " ".join(error.message.split()) or error.code
    typer.echo(f"integrations-app: {line} ({error.code})", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
