"""Definitions: what is refused and where, and that validation survives whatever a definition holds."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.definition import MAX_STEPS, Definition, parse
from integrations_app.workflows.problems import KnownConnection, KnownEndpoint, Severity, problems, template_problems
from integrations_app.workflows.references import connections_in, with_ids
from integrations_app.workflows.variables import variables
from tests.examples import many
from tests.workflows.probe import CONNECTION, Vendor, probe, step, workflow

REGISTRY = Registry([probe(Vendor())])
CONNECTIONS = [
    KnownConnection(CONNECTION, "acme", "probe", "connected"),
    KnownConnection("d" * 32, "other", "elsewhere", "connected"),
    KnownConnection("e" * 32, "sick", "probe", "needs_reauth"),
]


def found(*steps: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    listed = problems(parse(workflow(*steps, **changes)), REGISTRY, CONNECTIONS, [KnownEndpoint("f" * 32, "in")])
    return [(one.path, one.code) for one in listed]


def nested(levels: int) -> dict[str, Any]:
    made = step("leaf")
    for level in range(levels):
        made = {"key": f"k{level}", "type": "for_each", "items": [1], "steps": [made]}
    return made


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ([], ""),
        ({"name": "x", "steps": 3}, "steps"),
        ({"name": " "}, "name"),
        ({"name": "x\x00"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "format": 2}, "format"),
        ({"name": "x", "extra": 1}, "extra"),
        (workflow({"key": "1a", "type": "action"}), "steps.0.key"),
        (workflow({"key": "a", "type": "other"}), "steps.0"),
        (workflow(step("a"), step("a")), "steps.1.key"),
        (workflow(step("a", action=3)), "steps.0.action"),
        (workflow(step("a", retry={"attempts": 0})), "steps.0.retry.attempts"),
        (workflow(step("a", timeout_seconds=0)), "steps.0.timeout_seconds"),
        (workflow({"key": "e", "type": "for_each", "concurrency": 2}), "steps.0.concurrency"),
        (workflow({"key": "e", "type": "for_each", "steps": [step("a", on_error="x")]}), "steps.0.steps.0.on_error"),
        (workflow({"key": "d", "type": "delay", "seconds": 1, "until": "x"}), "steps.0"),
        (workflow({"key": "c", "type": "condition", "branches": [{"else": True}, {"when": "1"}]}), "steps.0"),
        (workflow(nested(8)), "steps"),
        (workflow(*(step(f"s{number}") for number in range(MAX_STEPS + 1))), "steps"),
        (workflow(step("a", inputs={"text": "x" * 1024 * 1024})), ""),
        (workflow(step("a", inputs={"text": 2**70})), ""),
    ],
)
def test_what_is_no_definition_is_refused_by_its_path(raw: object, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(raw)
    assert path in refusal.value.fields


def test_seven_levels_and_five_hundred_steps_are_allowed() -> None:
    assert parse(workflow(nested(7)))
    assert parse(workflow(*(step(f"s{number}") for number in range(MAX_STEPS))))


def test_a_hostile_depth_never_recurses() -> None:
    raw: dict[str, Any] = step("leaf")
    for level in range(5000):
        raw = {"key": f"k{level}", "type": "for_each", "items": [1], "steps": [raw]}
    with pytest.raises(InvalidInput):
        parse(workflow(raw))


def test_a_definition_survives_its_dump() -> None:
    once = parse(
        workflow(step("a"), {"key": "c", "type": "condition", "branches": [{"else": True, "steps": [step("b")]}]})
    )
    assert parse(once.dump()) == once


def test_a_good_definition_has_no_problems() -> None:
    assert (
        found(step("a"), step("b", inputs={"text": "{{ steps.a.output.text }} {{ run.id }} {{ workflow.name }}"})) == []
    )


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"action": ""}, "action", "unknown_action"),
        ({"action": "probe.gone"}, "action", "unknown_action"),
        ({"connection": ""}, "connection", "missing_connection"),
        ({"connection": "nobody"}, "connection", "missing_connection"),
        ({"connection": "other"}, "connection", "wrong_connection"),
        ({"connection": "sick"}, "connection", "connection_not_ready"),
        ({"inputs": {}}, "inputs.text", "missing_input"),
        ({"inputs": {"text": "x", "more": 1}}, "inputs.more", "unknown_input"),
        ({"inputs": {"text": "{{ ''.__class__ }}"}}, "inputs.text", "template_invalid"),
        ({"inputs": {"text": "{% for x in y %}"}}, "inputs.text", "template_invalid"),
        ({"inputs": {"text": "{{ config }}"}}, "inputs.text", "unknown_variable"),
        ({"inputs": {"text": "{{ steps.a.output }}"}}, "inputs.text", "unknown_variable"),
        ({"inputs": {"text": "{{ steps.b.output }}"}}, "inputs.text", "unknown_variable"),
        ({"inputs": {"text": "{{ item }}"}}, "inputs.text", "unknown_variable"),
        ({"inputs": {"text": "{{ run.name }}"}}, "inputs.text", "unknown_variable"),
        ({"inputs": {"text": "x", "body": {"deep": ["{{ nothing }}"]}}}, "inputs.body", "unknown_variable"),
        (
            {"inputs": {"text": "x", "body": '{"deep": "{{ nothing | default: \\"x\\" }}"}'}},
            "inputs.body",
            "unknown_variable",
        ),
        ({"when": "1 =="}, "when", "template_invalid"),
        ({"when": "steps.b.ok"}, "when", "unknown_variable"),
    ],
)
def test_every_problem_is_named_at_its_place(changes: dict[str, Any], path: str, code: str) -> None:
    assert found(step("a", **changes), step("b")) == [(f"steps.0.{path}", code)]


def test_steps_of_branches_are_seen_after_them_and_of_loops_only_inside() -> None:
    condition = {"key": "c", "type": "condition", "branches": [{"when": "true", "steps": [step("in")]}]}
    loop = {
        "key": "l",
        "type": "for_each",
        "items": "{{ trigger.x }}",
        "steps": [step("turn", inputs={"text": "{{ item }}"})],
    }
    reads = [step(f"r{key}", inputs={"text": f"{{{{ steps.{key}.output }}}}"}) for key in ("in", "l", "turn")]
    assert found(condition, loop, *reads) == [("steps.4.inputs.text", "unknown_variable")]


@pytest.mark.parametrize(
    ("trigger", "path"),
    [
        ({"type": "nobody.knows"}, "trigger.type"),
        ({"type": "webhook"}, "trigger.config.endpoint"),
        ({"type": "webhook", "config": {"endpoint": "out"}}, "trigger.config.endpoint"),
        ({"type": "schedule", "config": {"cron": "* *"}}, "trigger.config.cron"),
        ({"type": "schedule", "config": {"cron": "0 0 31 2 *"}}, "trigger.config.cron"),
        ({"type": "schedule", "config": {"cron": "@daily", "timezone": "Moon/Base"}}, "trigger.config.timezone"),
    ],
)
def test_a_trigger_that_cannot_fire_is_a_problem(trigger: dict[str, Any], path: str) -> None:
    assert [place for place, _ in found(step("a"), trigger=trigger)] == [path]


def test_names_become_ids() -> None:
    raw = workflow(step("a", connection="acme"), trigger={"type": "webhook", "config": {"endpoint": "in"}})
    resolved = with_ids(parse(raw), CONNECTIONS, [KnownEndpoint("f" * 32, "in")])
    assert connections_in(resolved) == {CONNECTION}
    assert resolved.trigger.config["endpoint"] == "f" * 32


def test_the_variable_tree_shows_samples_before_the_step_only() -> None:
    definition = parse(workflow(step("a"), step("b"), step("c")))
    tree = variables(definition, REGISTRY, "b", {"issue": {"title": "Roof", "labels": [{"name": "bug"}]}}, {})
    by_path = {one.path: one for one in tree}
    assert by_path["trigger.issue.title"].sample == "Roof"
    assert by_path["trigger.issue.labels[0].name"].sample == "bug"
    assert "steps.a.output.id" in by_path
    assert not any(path.startswith(("steps.b", "steps.c")) for path in by_path)


# --- whatever comes ---------------------------------------------------------------------------

texts = st.sampled_from(
    ["", "x", "{{", "}}", "{{ a }}", "{{ steps.a.output }}", "{{ item.x }}", "{{ trigger.a | default: 'b' }}", "{% x %}",  # noqa: E501
     "1 ==", "true", "probe.put", "probe.x", ".", "slack.send_message", CONNECTION, "[1]", '{"a": "{{ x }}"}', "\ud83d"]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["a", "b", "c", "d_1", "1", "", "é"])
leaves = st.fixed_dictionaries(
    {"key": keys, "type": st.sampled_from(["action", "delay", "stop", "nope"])},
    optional={
        "action": texts, "connection": texts, "inputs": st.dictionaries(texts, values, max_size=3), "when": texts,
        "seconds": values, "until": texts, "message": texts, "outcome": texts, "on_error": texts,
    },
)  # fmt: skip
steps = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"key": keys, "type": st.just("for_each"), "items": values, "steps": st.lists(inner, max_size=3)}
        ),
        st.fixed_dictionaries(
            {
                "key": keys,
                "type": st.just("condition"),
                "branches": st.lists(st.fixed_dictionaries({"when": texts, "steps": st.lists(inner, max_size=2)})),
            }
        ),
    ),
    max_leaves=8,
)
definitions = st.fixed_dictionaries(
    {"name": texts, "steps": st.lists(steps, max_size=4)},
    optional={"trigger": st.fixed_dictionaries({"type": texts}, optional={"config": st.dictionaries(texts, values)})},
)


def read(raw: object) -> Definition | None:
    try:
        return parse(raw)
    except InvalidInput:
        return None


@given(definitions | values)
@example({"name": "n", "steps": [], "trigger": {"type": "manual", "config": {"a": float("inf")}}})
@settings(max_examples=many(300), deadline=None)
def test_any_definition_is_refused_or_judged_never_a_crash(raw: object) -> None:
    definition = read(raw)
    if definition is None:
        return
    listed = problems(definition, REGISTRY, CONNECTIONS, [])
    assert all(one.path and one.code and one.message and one.severity in Severity for one in listed)
    assert set(template_problems(definition, REGISTRY)) <= {one.path for one in listed}
    assert parse(definition.dump()) == definition
