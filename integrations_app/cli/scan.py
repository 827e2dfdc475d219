"""`scan`: looks for secrets where none may be readable: tables, the database's files, the data directory, logs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from integrations_app.cli.opening import Json, installation, read_input

if TYPE_CHECKING:
    from integrations_app.cli.needles import Needles
    from integrations_app.organizations.hub import Hub

VALUES_LIMIT = 16 * 1024 * 1024
SHORTEST_VALUE = 4


def scan(
    value_file: Annotated[
        str, typer.Option(help="File with values to look for, one a line; - reads them from stdin.")
    ] = "",
    path: Annotated[list[Path] | None, typer.Option(help="A log file, backup or folder to search too.")] = None,
    as_json: Json = False,
) -> None:
    """Search every store for readable secrets; exit 1 when one is found or a stored one cannot be opened.

    Looked for: the planted values, every secret this installation holds, and the vendors' token shapes; values as
    they are, in hex, in Base64 at any alignment, URL- and JSON-escaped. Findings name places, never values.
    """
    planted = _planted(read_input(value_file, VALUES_LIMIT)) if value_file else []
    with installation() as hub:
        needles, problems = _needles(hub, planted)
        findings = sorted({*_search_tables(hub, needles), *_search_files(hub, needles, path or [])})
    if as_json:
        rows = [{"place": place, "what": what} for place, what in findings]
        typer.echo(json.dumps({"values": needles.values, "findings": rows, "problems": problems}))
    else:
        for place, what in findings:
            typer.echo(f"FOUND {place}: {what}")
        for problem in problems:
            typer.echo(f"WRONG {problem}")
        typer.echo(f"{needles.values} values and {needles.shapes} token shapes looked for, {len(findings)} findings")
    raise typer.Exit(1 if findings or problems else 0)


def _planted(raw: bytes) -> list[bytes]:
    values = [line.rstrip(b"\r") for line in raw.split(b"\n")]
    if any(0 < len(value) < SHORTEST_VALUE for value in values):
        raise typer.BadParameter(f"a value to look for has at least {SHORTEST_VALUE} bytes")
    return [value for value in values if value]


def _needles(hub: "Hub", planted: list[bytes]) -> "tuple[Needles, list[str]]":
    from integrations_app.cli.holdings import held_secrets
    from integrations_app.cli.needles import Needles
    from integrations_app.organizations.tokens import SHAPE

    needles = Needles()
    for number, value in enumerate(planted, 1):
        needles.add(value, f"planted value {number}")
    secrets, problems = held_secrets(hub)
    for label, secret in secrets:
        value = secret.reveal_bytes("look for it where it must not be")
        if len(value) >= SHORTEST_VALUE:
            needles.add(value, label)
    for provider in hub.registry:
        for pattern in provider.secret_patterns:
            needles.add_shape(pattern, f"the shape of a {provider.name} token")
    needles.add_shape(SHAPE, "the shape of an API token of ours")
    return needles, problems


def _search_tables(hub: "Hub", needles: "Needles") -> set[tuple[str, str]]:
    from integrations_app.cli.stores import table_texts

    return hub.database.read_now(
        lambda session: {
            (f"table {place}", what) for place, text in table_texts(session) for what in needles.find(text)
        }
    )


def _search_files(hub: "Hub", needles: "Needles", more: list[Path]) -> Iterator[tuple[str, str]]:
    from integrations_app.cli.stores import database_files, file_texts, list_files

    folders = [hub.settings.data_dir, *database_files(hub.database), *more]
    for file in list_files(folders, without=hub.settings.key_file):
        for text in file_texts(file, needles.longest):
            yield from ((f"file {file}", what) for what in needles.find(text))
