"""The library: ready workflows of providers, shown with what they need, and begun as drafts of an organisation."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from integrations_app.errors import IntegrationsError, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.registry import Registry
from integrations_app.sdk.workflow_templates import WorkflowTemplate
from integrations_app.workflows.definition import Definition, parse
from integrations_app.workflows.importing import Arrival, import_definition, parts_of, preview
from integrations_app.workflows.views import SavedDraft

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One template of the gallery."""

    key: str
    title: str
    summary: str
    uses: tuple[str, ...]
    """Keys of the providers that it works with, its trigger's first."""


def list_templates(hub: Hub, actor: Actor) -> tuple[TemplateRow, ...]:
    """Every template whose definition and providers are known here, in the order of providers and files."""
    actor.require(Permission.VIEW)
    return _rows(hub.registry)


async def preview_template(hub: Hub, actor: Actor, key: str, choices: Mapping[str, str] | None = None) -> Arrival:
    """What a draft from the template would be; raises NotFound, Forbidden."""
    return await preview(hub, actor, _find(hub.registry, key).definition, choices)


async def begin_from(hub: Hub, actor: Actor, key: str, choices: Mapping[str, str] | None = None) -> SavedDraft:
    """Make a draft from the template, with the chosen connections, else with those that offer themselves.

    What is left to fill in is in the draft's problems. Raises NotFound, Forbidden.
    """
    definition = _find(hub.registry, key).definition
    needs = (await preview(hub, actor, definition)).needs
    chosen = {need.key: need.chosen for need in needs} | dict(choices or {})
    return await import_definition(hub, actor, definition, chosen, origin=f"template {key}")


@lru_cache(maxsize=8)
def _rows(registry: Registry) -> tuple[TemplateRow, ...]:
    return tuple(_known(registry))


def _known(registry: Registry) -> Iterator[TemplateRow]:
    for template in registry.templates:
        try:
            uses = _uses(registry, parse(template.definition))
        except IntegrationsError as error:
            _log.warning("the template %s is left out: %s", template.key, error)
            continue
        yield TemplateRow(template.key, template.title, template.summary, uses)


def _uses(registry: Registry, definition: Definition) -> tuple[str, ...]:
    """The providers it works with; raises NotFound for a trigger or action that there is not."""
    raw = definition.dump()
    trigger = definition.trigger.type
    if "." in trigger:
        registry.trigger(trigger)
    for _, step in definition.walk():
        if step.type == "action":
            registry.action(step.action)
    return tuple(dict.fromkeys(provider for provider, _ in parts_of(raw)))


def _find(registry: Registry, key: str) -> WorkflowTemplate:
    found = next((one for one in registry.templates if one.key == key), None)
    if found is None or all(row.key != key for row in _rows(registry)):
        raise NotFound("There is no such template.")
    return found
