"""The console script: its verbs, and how our errors become exit codes. Heavy imports wait until a verb needs them."""

import sys
from typing import NoReturn

import typer

from integrations_app.cli.api import openapi, tokens
from integrations_app.cli.auditing import audit
from integrations_app.cli.keys import keys
from integrations_app.cli.people import users
from integrations_app.cli.scan import scan
from integrations_app.cli.serving import banner, doctor, migrate, run
from integrations_app.cli.workflows import workflows
from integrations_app.errors import IntegrationsError, InvalidInput, StartRefused, VaultSealed

__all__ = ["app", "banner", "main"]

EX_USAGE = 2
EX_CONFIG = 78  # sysexits.h: refused to start because of what it was told or found

app = typer.Typer(
    name="integrations-app",
    help="A self-hosted integrations hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (run, migrate, doctor, scan, openapi):
    app.command()(verb)
for name, group in (("users", users), ("tokens", tokens), ("keys", keys), ("audit", audit), ("workflows", workflows)):
    app.add_typer(group, name=name)


def main() -> NoReturn:
    """Run the command line and turn our errors into the documented exit codes."""
    try:
        app()
    except (StartRefused, VaultSealed) as refusal:
        _end(refusal, EX_CONFIG)
    except InvalidInput as error:
        _end(error, EX_USAGE)
    except IntegrationsError as error:
        _end(error, 1)
    sys.exit(0)


def _end(error: IntegrationsError, status: int) -> NoReturn:
    line = " ".join(error.message.split()) or error.code
    typer.echo(f"integrations-app: {line} ({error.code})", err=True)
    sys.exit(status)
