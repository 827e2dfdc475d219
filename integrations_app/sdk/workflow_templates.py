"""Ready workflows that a provider brings: YAML files in the folder `templates` beside its declaration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations_app.errors import InvalidInput
from integrations_app.kit.plain_yaml import read_plain

FOLDER = "templates"
LONGEST_TITLE = 80
LONGEST_SUMMARY = 200
_PARTS = {"title": str, "summary": str, "definition": dict, "asks": dict}


@dataclass(frozen=True, slots=True)
class WorkflowTemplate:
    """A workflow to begin with. Its connections are left open; the product asks for them."""

    key: str
    """`provider/file`, without an ending."""
    title: str
    summary: str
    definition: Mapping[str, Any]
    """Format 1, judged where workflows are known."""
    asks: Mapping[str, Any] = field(default_factory=dict)
    """What a person still has to fill in, by dotted path, each with an example that would do."""


def load_templates(provider_key: str, folder: Path) -> tuple[WorkflowTemplate, ...]:
    """The templates in a provider's folder, in order of file name; raises ValueError that names the file."""
    return tuple(_load(provider_key, path) for path in sorted((folder / FOLDER).glob("*.yaml")))


def _load(provider_key: str, path: Path) -> WorkflowTemplate:
    try:
        raw = read_plain(path.read_bytes())
    except InvalidInput as error:
        raise ValueError(f"template {path.name}: {error}") from None
    wrong = [name for name, kind in _PARTS.items() if not isinstance(raw.get(name, kind()), kind)]
    wrong += [name for name in raw if name not in _PARTS]
    title, summary = str(raw.get("title", "")), str(raw.get("summary", ""))
    wrong += [] if 0 < len(title) <= LONGEST_TITLE else ["title"]
    wrong += [] if summary.endswith(".") and len(summary) <= LONGEST_SUMMARY else ["summary"]
    if wrong or "definition" not in raw:
        raise ValueError(f"template {path.name}: {', '.join(wrong) or 'definition'} is missing or wrong")
    return WorkflowTemplate(f"{provider_key}/{path.stem}", title, summary, raw["definition"], raw.get("asks", {}))
