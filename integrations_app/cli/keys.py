"""`keys`: the keys of this installation, what is sealed with them, and replacing them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations_app.cli.opening import Json, installation

if TYPE_CHECKING:
    from integrations_app.organizations.hub import Hub
    from integrations_app.organizations.models import KeyRotation
    from integrations_app.organizations.rotation import KeysView

keys = typer.Typer(help="Encryption keys.", no_args_is_help=True)


@keys.command()
def status(as_json: Json = False) -> None:
    """Show keys, the records on each, and rotations; exit 1 when the vault is sealed or a key is missing."""
    from integrations_app.organizations import rotation

    with installation() as hub:
        view = rotation.status(hub)
    if as_json:
        typer.echo(json.dumps(_as_json(view)))
    else:
        _print(view)
    raise typer.Exit(1 if view.sealed or view.orphans else 0)


@keys.command()
def rotate(
    root: Annotated[bool, typer.Option("--root/--data", help="The root key, or every data key (default).")] = False,
    as_json: Json = False,
) -> None:
    """Replace keys and move everything to the new ones; one that was interrupted is taken on. The server may run.

    The old keys stay until `keys retire`. A root key from the environment is replaced there first.
    """
    from integrations_app.organizations import rotation
    from integrations_app.organizations.rotation_phases import Kind

    with installation() as hub:
        begun = rotation.start(hub, Kind.ROOT if root else Kind.DATA)
        done, seconds = _take_on(hub, begun, as_json=as_json)
    if as_json:
        typer.echo(json.dumps({**_rotation(done), "seconds": round(seconds, 3)}))
        return
    what = "data keys" if root else "records"
    typer.echo(f"{done.moved} {what} moved in {seconds:.1f} s, all of them verified.")
    typer.echo("The old key is still there for what is out of sight: `integrations-app keys retire` destroys it.")


@keys.command()
def retire(as_json: Json = False) -> None:
    """Destroy the keys that verified rotations left; a sealed copy for old backups stays beside the key file.

    Exit 1 when there is none.
    """
    from integrations_app.errors import Conflict
    from integrations_app.organizations import rotation
    from integrations_app.organizations.rotation_phases import Phase

    with installation() as hub:
        ready = {Phase.VERIFIED, Phase.RETIRE_REQUESTED}
        left = [one for one in rotation.status(hub).rotations if one.phase in ready]
        if not left:
            raise Conflict("nothing_to_retire", "No verified rotation has left a key.")
        done = [_take_on(hub, rotation.request_retire(hub, one.id), as_json=as_json)[0] for one in left]
    if as_json:
        typer.echo(json.dumps([_rotation(one) for one in done]))
        return
    for one in done:
        typer.echo(f"The {one.kind} key that the rotation of {one.started_at:%Y-%m-%d %H:%M} UTC left is destroyed.")


def _take_on(hub: "Hub", begun: "KeyRotation", *, as_json: bool) -> "tuple[KeyRotation, float]":
    from integrations_app.organizations import rotation

    start = time.perf_counter()
    with _progress(shown=not as_json) as told:
        done = rotation.take_on(hub, begun.id, told=told)
    return done, time.perf_counter() - start


@contextmanager
def _progress(*, shown: bool) -> "Iterator[Callable[[KeyRotation], None]]":
    """A bar on stderr, where a person watches."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not shown, transient=True) as bar:
        line = bar.add_task("prepared", total=None)

        def told(rotation: "KeyRotation") -> None:
            bar.update(line, description=rotation.phase, total=rotation.total or None, completed=rotation.moved)

        yield told


def _as_json(view: "KeysView") -> dict[str, Any]:
    return {
        "sealed": view.sealed,
        "root_keys": list(view.root_keys),
        "data_keys": [asdict(key) for key in view.keys],
        "orphans": view.orphans,
        "rotations": [_rotation(one) for one in view.rotations],
    }


def _rotation(one: "KeyRotation") -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "scope": one.scope,
        "phase": one.phase,
        "moved": one.moved,
        "total": one.total,
        "problem": one.problem,
        "started_at": one.started_at.isoformat(),
    }


def _print(view: "KeysView") -> None:
    typer.echo(f"vault     {'SEALED: ' + view.sealed if view.sealed else 'open'}")
    typer.echo(f"root keys {', '.join(view.root_keys)} (the first is primary)")
    for key in view.keys:
        mark = "primary" if key.primary else "leaving" if key.leaving else "older"
        typer.echo(f"{key.id}  {key.organization_id}  under {key.root_key_id}  {mark}  {key.records} records")
    for key_id, count in view.orphans.items():
        typer.echo(f"WRONG {count} records need the data key {key_id}, which is not there")
    for one in view.rotations:
        problem = f"  STOPPED: {one.problem}" if one.problem else ""
        begun = f"{one.started_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"rotation of {begun}  {one.kind}  {one.phase}  {one.moved} of {one.total} moved{problem}")
