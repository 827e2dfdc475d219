"""Definitions go out and come in as they were: connections by name, no ids of elsewhere, no secrets, no bombs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_app.errors import Forbidden, InvalidInput
from integrations_app.kit.plain_yaml import read_plain
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.workflows import service
from integrations_app.workflows.definition import parse
from integrations_app.workflows.endpoints import create_endpoint
from integrations_app.workflows.exchange import with_names, written
from integrations_app.workflows.importing import fill
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint
from tests.examples import many
from tests.workflows.definitions import definitions
from tests.workflows.probe import ACTOR, CONNECTION, plant, step, workflow

OTHER = "d" * 32
FOREIGN = "9" * 32
VIEWER = Actor(ACTOR.organization_id, ACTOR.user_id, "viewer@example.org", "viewer")
MINE = (
    KnownConnection("c" * 32, "one", "probe", "connected"),
    KnownConnection("d" * 32, "twin", "probe", "connected"),
    KnownConnection("e" * 32, "twin", "probe", "connected"),
)
INBOX = (KnownEndpoint("f" * 32, "orders"),)


@given(definitions(), st.booleans())
@settings(max_examples=many(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_export_and_import_change_nothing(raw: dict[str, Any], as_json: bool) -> None:
    definition = parse(raw)
    text = written(with_names(definition.dump(), MINE, INBOX), as_json=as_json)
    assert "f" * 32 not in text and "c" * 32 not in text
    back = fill(parse(read_plain(text.encode())), {}, MINE, INBOX)
    assert back == definition


def test_ids_become_names_where_a_name_is_unique():
    known = [
        KnownConnection("c1", "one", "acme", "connected", ()),
        KnownConnection("c2", "twin", "acme", "connected", ()),
        KnownConnection("c3", "twin", "acme", "connected", ()),
    ]
    inner = {"key": "b", "type": "action", "connection": "c2"}
    definition: dict[str, Any] = {
        "name": "n",
        "trigger": {"type": "webhook", "config": {"endpoint": "e1"}},
        "steps": [
            {"key": "a", "type": "action", "connection": "c1"},
            {"key": "c", "type": "condition", "branches": [{"steps": [inner]}]},
        ],
    }
    named = with_names(definition, known, [KnownEndpoint("e1", "orders")])
    assert named["trigger"]["config"]["endpoint"] == "orders"
    assert named["steps"][0]["connection"] == "one"
    assert named["steps"][1]["branches"][0]["steps"][0]["connection"] == "c2"
    assert definition["steps"][0]["connection"] == "c1"


async def drafts(hub: Hub) -> int:
    return len((await service.list_by_organization(hub, ACTOR)).items)


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_stored_workflow_comes_back_the_same(hub: Hub, as_json: bool) -> None:
    endpoint = (await create_endpoint(hub, ACTOR, "orders", "bearer")).row.id
    inner = step("in_loop", inputs={"text": "{{ item }}"}, retry={"attempts": 20})
    loop = {"key": "each", "type": "for_each", "items": "{{ trigger.list }}", "steps": [inner]}
    trigger = {"type": "webhook", "config": {"endpoint": endpoint}}
    made = await service.create(hub, ACTOR, workflow(loop, trigger=trigger, name="Grüße/🚀: a\u2028b"))
    out = await service.export(hub, ACTOR, made.id, as_json=as_json)
    assert CONNECTION not in out.text and endpoint not in out.text
    assert out.name == "gr-e-a-b"
    back = await service.import_definition(hub, ACTOR, out.text.encode())
    assert back.draft == made.draft and back.problems == made.problems == ()


async def test_viewers_export_and_do_not_import(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step()))
    text = (await service.export(hub, VIEWER, made.id)).text
    for refused in (service.preview, service.import_definition):
        with pytest.raises(Forbidden):
            await refused(hub, VIEWER, text.encode())


async def test_a_secret_in_a_draft_is_not_exported(hub: Hub) -> None:
    made = await service.create(hub, ACTOR, workflow(step(inputs={"text": "with CNRY_token_0123456789abcdef in it"})))
    text = (await service.export(hub, ACTOR, made.id)).text
    assert "CNRY_" not in text and "with [redacted] in it" in text


def arriving(**changes: Any) -> bytes:
    return json.dumps(workflow(step(**changes))).encode()


async def test_a_preview_says_what_is_needed_and_stores_nothing(hub: Hub) -> None:
    seen = await service.preview(hub, ACTOR, arriving(connection="somebody's"))
    [need] = seen.needs
    assert (need.provider_name, need.reference, need.uses) == ("Probe", "somebody's", 1)
    assert [one.id for one in need.offered] == [CONNECTION] and need.chosen == CONNECTION
    assert seen.definition["steps"][0]["connection"] == CONNECTION and seen.problems == ()
    later = await service.preview(hub, ACTOR, arriving(connection="somebody's"), {need.key: ""})
    assert [(one.path, one.code) for one in later.problems] == [("steps.0.connection", "missing_connection")]
    assert await drafts(hub) == 0


async def test_of_several_connections_a_person_chooses_one(hub: Hub) -> None:
    plant(hub, connection_id=OTHER, name="other")
    [need] = (await service.preview(hub, ACTOR, arriving(connection=""))).needs
    assert need.chosen == ""


async def test_the_chosen_connection_is_taken_and_never_one_of_elsewhere(hub: Hub) -> None:
    plant(hub, connection_id=OTHER, name="other")
    [need] = (await service.preview(hub, ACTOR, arriving(connection=FOREIGN))).needs
    assert (need.reference, need.chosen) == ("", "")
    made = await service.import_definition(hub, ACTOR, arriving(connection=FOREIGN), {need.key: OTHER})
    assert made.draft["steps"][0]["connection"] == OTHER
    for choices in ({}, {need.key: FOREIGN}):
        blank = await service.import_definition(hub, ACTOR, arriving(connection=FOREIGN), choices)
        assert FOREIGN not in json.dumps(blank.draft)
        assert [(one.path, one.code) for one in blank.problems] == [("steps.0.connection", "missing_connection")]


async def test_an_endpoint_of_elsewhere_is_not_kept(hub: Hub) -> None:
    foreign = workflow(step(), trigger={"type": "webhook", "config": {"endpoint": FOREIGN}})
    made = await service.import_definition(hub, ACTOR, json.dumps(foreign).encode())
    assert FOREIGN not in json.dumps(made.draft)
    assert [one.code for one in made.problems] == ["unknown_endpoint"]


def text(*steps: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps(workflow(*steps, **changes)).encode()


def deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = step("in")
    for level in range(levels):
        inner = {"key": f"l{level}", "type": "for_each", "items": "{{ trigger.a }}", "steps": [inner]}
    return inner


HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "aliases": (lambda: b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "", "anchors"),
    "tags": (lambda: b"name: !!python/object/apply:os.system [id]", "", "tags"),
    "no text": (lambda: b"\xff\xfe\x00", "", "UTF-8"),
    "two documents": (lambda: b"---\nname: a\n---\nname: b", "", "one document"),
    "too large": (lambda: b"name: " + b"x" * (5 * 1024 * 1024), "", "larger than"),
    "steps": (lambda: text(*[{"key": f"s{n}", "type": "stop"} for n in range(10_000)]), "steps", "at most 500"),
    "levels": (lambda: text(deep(9)), "steps", "at most 8 levels"),
    "cycle": (lambda: b"format: 1\nname: x\nsteps: &s\n- key: a\n  type: for_each\n  steps: *s", "", "anchors"),
    "kind of step": (lambda: text(step(), {"key": "b", "type": "shell", "run": "id"}), "steps.1", "does not match"),
    "format": (lambda: text(step(), format=2), "format", "1"),
    "member": (lambda: text(step(), owner_id=FOREIGN), "owner_id", "Extra"),
    "code": (lambda: text(step(inputs={"text": "{% for a in b %}{% endfor %}"})), "steps.0.inputs.text", "tags"),
    "call": (lambda: text(step(inputs={"text": "{{ ''.__class__ }}"})), "steps.0.inputs.text", ""),
    "condition": (lambda: text(step(when="__import__('os')")), "steps.0.when", ""),
    "secret": (lambda: text(step(inputs={"text": "CNRY_token_0123456789abcdef"})), "steps.0.inputs.text", "secret"),
    "header": (lambda: text(step(inputs={"body": {"password": "x"}})), "steps.0.inputs.body.password", "secret"),
    "same key": (lambda: text(step("a"), step("a")), "steps.1.key", "twice"),
    "infinite": (lambda: b"format: 1\nname: x\nsteps: [{key: a, type: delay, seconds: 1e999}]", "", "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_definitions_are_refused_with_their_place(hub: Hub, case: str) -> None:
    make, place, why = HOSTILE[case]
    for refuse in (service.preview, service.import_definition):
        with pytest.raises(InvalidInput) as refused:
            await refuse(hub, ACTOR, make())
        assert place in refused.value.fields, refused.value.fields
        assert why in refused.value.fields[place]
    assert await drafts(hub) == 0
    assert "0123456789abcdef" not in str(refused.value)
