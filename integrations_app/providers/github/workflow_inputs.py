"""The inputs that a workflow file of GitHub Actions declares: suggested, and compared with what is given.

Source: docs.github.com "Workflow syntax for GitHub Actions", `on.workflow_dispatch.inputs`. A file that cannot be read
here (no permission, anchors, no YAML) is left to GitHub, which judges the inputs when it starts the workflow.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from github import Github

from integrations_app.errors import InvalidInput, MissingScope, Rejected, ResponseRefused
from integrations_app.kit.plain_yaml import read_plain
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.names import repository_of
from integrations_app.providers.github.rest import call
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery
from integrations_app.sdk.pages import PageMemory, search_pages

FILE_LIMIT = 200_000
FOLDER = ".github/workflows"
_FILES = (".yml", ".yaml")

_pages: PageMemory[list[Choice]] = PageMemory()


@dataclass(frozen=True, slots=True)
class Declared:
    """An input of a workflow."""

    name: str
    type: str = "string"
    required: bool = False
    default: str = ""
    options: tuple[str, ...] = ()
    description: str = ""

    @property
    def hint(self) -> str:
        """What a person must know to give a value."""
        kind = f"one of {', '.join(self.options)}" if self.options else self.type
        state = f"{self.default} when not given" if self.default else "required" if self.required else "may be left out"
        return "; ".join(part for part in (kind, state, self.description) if part)

    def refuses(self, value: str) -> str:
        """Why the value is none for this input; empty when it is one. Only what the file itself tells is judged."""
        if not value:
            return "is missing" if self.required and not self.default else ""
        if self.type == "choice" and value not in self.options:
            return f"is none of {', '.join(self.options)}"
        if self.type == "boolean" and value.lower() not in ("true", "false"):
            return "is neither true nor false"
        if self.type == "number" and not _is_number(value):
            return "is no number"
        return ""


async def declared_inputs(client: GitHubClient, repository: str, workflow: str, ref: str) -> list[Declared] | None:
    """What the workflow's file declares at a branch or tag; None when it cannot be told.

    `workflow` is the file's name or the workflow's number. Raises Retryable and ReconnectRequired.
    """
    at, name = f"/repos/{repository}", workflow.strip().rpartition("/")[2]

    def read(github: Github) -> list[Declared] | None:
        path = f"{FOLDER}/{name}"
        if not name.endswith(_FILES):
            path = str(call(github, "GET", f"{at}/actions/workflows/{quote(name, safe='')}")["path"])
        found = call(github, "GET", f"{at}/contents/{quote(path)}", ref=ref.strip())
        return parse_inputs(base64.b64decode(found["content"]))

    try:
        return await client.read(read)
    except (Rejected, MissingScope, ResponseRefused):
        return None


def parse_inputs(content: bytes) -> list[Declared] | None:
    """Read the inputs out of a workflow file; None for one that cannot be read, or is not started by hand."""
    try:
        triggers = read_plain(content)["on"] if len(content) <= FILE_LIMIT else None
    except (InvalidInput, KeyError):
        return None
    if triggers == "workflow_dispatch" or (isinstance(triggers, list) and "workflow_dispatch" in triggers):
        return []
    if not isinstance(triggers, dict) or "workflow_dispatch" not in triggers:
        return None
    rules = _inside(_inside(triggers, "workflow_dispatch"), "inputs")
    return [_declared(name, rules) for name in rules]


def check_inputs(declared: list[Declared], given: Mapping[str, str]) -> None:
    """Compare what is given with what is declared, names in whatever case; raises InvalidInput, a field per input."""
    names = ", ".join(one.name for one in declared) or "none"
    known = {one.name.casefold() for one in declared}
    values = {name.casefold(): value for name, value in given.items()}
    unknown = [name for name in given if name.casefold() not in known]
    wrong = {f"inputs.{name}": f"is not declared by the workflow file: {names}" for name in unknown}
    judged = {one.name: one.refuses(values.get(one.name.casefold(), "")) for one in declared}
    wrong |= {f"inputs.{name}": why for name, why in judged.items() if why}
    if wrong:
        raise InvalidInput(wrong)


async def list_inputs(query: ChoiceQuery, ctx: ActionContext[GitHubClient]) -> ChoicePage:
    """The inputs of the chosen workflow, with what each takes."""
    client = ctx.client
    repository = repository_of(str(query.values.get("repository") or ""), ctx.settings)
    workflow, ref = (str(query.values.get(name) or "").strip() for name in ("workflow", "ref"))

    async def read() -> list[Choice]:
        found = await declared_inputs(client, repository, workflow, ref) or []
        return [Choice(one.name, one.name, one.hint) for one in found]

    async def load(_cursor: str) -> tuple[list[Choice], str]:
        return await _pages.get((*client.key, repository, workflow, ref), read), ""

    return await search_pages(query, load)


def _declared(name: str, rules: Mapping[str, Any]) -> Declared:
    rule = _inside(rules, name)
    options = rule.get("options")
    return Declared(
        name,
        type=str(rule.get("type") or "string"),
        required=rule.get("required") is True,
        default=_as_text(rule.get("default")),
        options=tuple(_as_text(option) for option in options) if isinstance(options, list) else (),
        description=_as_text(rule.get("description")),
    )


def _inside(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = part.get(name)
    return found if isinstance(found, dict) else {}


def _as_text(value: Any) -> str:
    """A scalar of the file as GitHub compares it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
