"""The library of templates: each is begun with the connections there are, and says what is left to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from integrations_app.errors import Forbidden, NotFound
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import library, service
from tests.workflows.probe import ACTOR, CONNECTION, Vendor, plant, probe

ONE = """
title: Put a text
summary: Puts it.
asks: {steps.0.inputs.text: hello}
definition:
  format: 1
  name: Put a text
  trigger: {type: probe.said}
  steps:
  - {key: put, type: action, action: probe.put}
"""
OTHER = "d" * 32


@pytest.fixture
def stocked(hub: Hub, vendor: Vendor, tmp_path: Path) -> Hub:
    """A hub whose provider brings templates, two of which mean nothing here."""
    folder = tmp_path / "provider"
    (folder / "templates").mkdir(parents=True)
    texts = {"good": ONE, "action": ONE.replace("probe.put", "probe.sing"), "format": ONE.replace("1", "9")}
    for name, text in texts.items():
        (folder / "templates" / f"{name}.yaml").write_text(text)
    return replace(hub, registry=Registry([replace(probe(vendor), folder=folder)]))


async def test_a_template_begins_a_draft_with_what_there_is(stocked: Hub) -> None:
    [row] = library.list_templates(stocked, ACTOR)
    assert (row.key, row.title, row.uses) == ("probe/good", "Put a text", ("probe",))
    seen = await library.preview_template(stocked, ACTOR, row.key)
    assert (await service.list_by_organization(stocked, ACTOR)).items == ()
    made = await library.begin_from(stocked, ACTOR, row.key)
    assert made.draft == seen.definition
    assert made.draft["trigger"]["connection"] == made.draft["steps"][0]["connection"] == CONNECTION
    assert [(one.path, one.code) for one in made.problems] == [("steps.0.inputs.text", "missing_input")]


async def test_a_person_chooses_among_several(stocked: Hub) -> None:
    plant(stocked, connection_id=OTHER, name="other")
    key = "probe/good"
    [need] = (await library.preview_template(stocked, ACTOR, key)).needs
    assert (need.uses, need.chosen) == (2, "")
    made = await library.begin_from(stocked, ACTOR, key, {need.key: OTHER})
    assert made.draft["steps"][0]["connection"] == OTHER


@pytest.mark.parametrize("key", ["probe/action", "probe/none", "../probe/good", ""])
async def test_there_is_no_other(stocked: Hub, key: str) -> None:
    with pytest.raises(NotFound):
        await library.begin_from(stocked, ACTOR, key)


async def test_viewers_look_and_do_not_begin(stocked: Hub) -> None:
    viewer = Actor(ACTOR.organization_id, ACTOR.user_id, "viewer@example.org", "viewer")
    [row] = library.list_templates(stocked, viewer)
    with pytest.raises(Forbidden):
        await library.begin_from(stocked, viewer, row.key)
