"""The verbs that start the product, bring its database up to date and examine the machine."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from integrations_app.cli.opening import Json, migrated

if TYPE_CHECKING:
    from integrations_app.settings import Settings


def run(
    port: Annotated[int | None, typer.Option(help="Listen on this port.", min=1, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Web processes; more than one needs PostgreSQL.", min=1, max=64)] = 1,
    no_execute: Annotated[bool, typer.Option("--no-execute", help="Serve only; leave runs to `worker`.")] = False,
) -> None:
    """Serve the product and, unless told not to, execute runs."""
    from integrations_app import serve
    from integrations_app.settings import load_settings
    from integrations_app.workflows.engine.sole import refuse_second

    settings = load_settings(port=port, workers=workers, execute=False if no_execute else None)
    if settings.execute:
        refuse_second(settings.database_url)
    front_end = serve.find_front_end()
    serve.build_if_stale(front_end)
    migrated(settings)
    typer.echo(banner(settings, _setup_url(settings)))
    serve.serve(settings, front_end)


def migrate() -> None:
    """Bring the database to this version's schema."""
    from integrations_app.settings import load_settings

    settings = load_settings()
    changed = migrated(settings)
    typer.echo(f"{settings.database_label}: {'upgraded' if changed else 'up to date'}")


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
