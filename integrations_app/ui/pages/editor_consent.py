"""Permissions that the edited workflow needs and its connections lack, one row per connection, with the way to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations_app.connections.views import ConnectionView
from integrations_app.ui.pages.integrations_rows import authorize_url
from integrations_app.workflows.problems import Problem, Severity


@dataclass(frozen=True)
class LackLine:
    """What one connection lacks."""

    connection: str
    name: str
    provider: str
    scopes: str
    url: str
    """Asks the vendor's consent; empty when the connection was made with a token that somebody pasted."""


def lack_lines(found: Iterable[Problem], connections: Sequence[ConnectionView]) -> list[LackLine]:
    """What every connection lacks for the whole workflow, in the order of its problems."""
    wanted: dict[str, dict[str, None]] = {}
    for problem in found:
        if problem.lack is not None:
            wanted.setdefault(problem.lack.connection_id, {}).update(dict.fromkeys(problem.lack.scopes))
    rows = {one.id: one for one in connections}
    return [_line(rows[key], list(scopes)) for key, scopes in wanted.items() if key in rows]


def only_lacks(found: Iterable[Problem]) -> bool:
    """Whether consent is all that keeps the workflow from being published."""
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    return bool(errors) and all(problem.lack is not None for problem in errors)


def _line(row: ConnectionView, scopes: Sequence[str]) -> LackLine:
    by_consent = row.auth_kind == "oauth2"
    url = authorize_url(row.provider, mode="popup", connection=row.id, scopes=scopes) if by_consent else ""
    return LackLine(row.id, row.name, row.provider, ", ".join(scopes), url)
