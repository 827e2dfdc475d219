"""`audit`: whether the chains of the audit log hold."""

import json
from pathlib import Path
from typing import Annotated

import typer

from integrations_app.cli.opening import Json, installation

audit = typer.Typer(help="The audit log.", no_args_is_help=True)


@audit.callback()
def _group() -> None:
    """Keep `verify` a verb of its own while it is the only one."""


@audit.command()
def verify(
    as_json: Json = False,
    heads: Annotated[Path | None, typer.Option(help="File with earlier ends of the chains.")] = None,
) -> None:
    """Check every organisation's chain and the system's; exit 1 naming the first bad row of each.

    When all hold, their ends are added to the file of heads, against which a later run finds a cut tail.
    """
    from integrations_app.chores import HEADS_FILE
    from integrations_app.errors import VaultSealed
    from integrations_app.organizations.heads import list_chains, read_heads, verify_all, write_heads

    with installation() as hub:
        if hub.keyring.sealed:
            raise VaultSealed(hub.keyring.sealed)
        path = heads or hub.settings.data_dir / HEADS_FILE
        known = read_heads(hub.keyring, path)
        bad = hub.database.read_now(lambda session: verify_all(session, hub.keyring, known))
        chains = hub.database.read_now(list_chains)
        if not bad:
            hub.database.read_now(lambda session: write_heads(session, hub.keyring, path, hub.clock()))
    if as_json:
        rows = [{"organization_id": one.organization_id, "first_bad_sequence": one.sequence} for one in bad]
        typer.echo(json.dumps({"chains": len(chains), "bad": rows}))
    else:
        for one in bad:
            typer.echo(f"WRONG {one.organization_id}: first bad row is {one.sequence}")
        typer.echo(f"{len(chains)} chains, {len(bad)} broken")
    raise typer.Exit(1 if bad else 0)
