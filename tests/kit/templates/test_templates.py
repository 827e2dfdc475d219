"""Templates hold paths, literals and listed filters; everything else is refused when saved, not when run."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.kit.secret import Secret
from integrations_app.kit.templates import FILTER_NAMES, MAX_OUTPUT_BYTES, parse, render_json_tree, tree_variables

Values = dict[str, Any]

VALUES: Values = {
    "trigger": {
        "issue": {"title": "Broken", "number": 7, "user": {"login": "ada"}, "assignee": None, "draft": False},
        "labels": [{"name": "bug"}, {"name": "ui"}],
        "names": ["a", "b"],
        "limit": 3,
        "for": "all",
        "odd key": 1,
        "ratio": 1.5,
        "empty": "",
        "none": [],
    },
    "steps": {"tell-them": {"output": {"ts": "1764590400.000100"}, "ok": True}},
    "item": 'it\'s "x"',
}


def render(text: str, values: Values = VALUES) -> Any:
    return parse(text).render(values)


def problem(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert caught.value.code == "template_invalid"
    return caught.value.fields["template"]


def unmapped(text: str, values: Values = VALUES) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        render(text, values)
    assert caught.value.code == "mapping_error"
    return caught.value.fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ trigger.issue.number }}", 7),
        ("{{trigger.issue.number}}", 7),
        ("#{{ trigger.issue.number }}", "#7"),
        ("{{ trigger.labels }}", VALUES["trigger"]["labels"]),
        ("{{ trigger.labels[0].name }}", "bug"),
        ("{{ trigger.labels[-1]['name'] }}", "ui"),
        ("{{ trigger['odd key'] }}", 1),
        ("{{ trigger.limit }}", 3),
        ("{{ trigger.for }}", "all"),
        ("{{ trigger.issue.assignee }}", None),
        ("by {{ trigger.issue.assignee }}.", "by ."),
        ("{{ trigger.issue.draft }}", False),
        ("is {{ trigger.issue.draft }}", "is false"),
        ("{{ trigger.ratio }}!", "1.5!"),
        ("{{ trigger.names }} {{ steps.tell-them.ok }}", '["a","b"] true'),
        ("{{ steps.tell-them.output.ts }}", "1764590400.000100"),
        ("{{ 'text' }}{{ 5 }}{{ true }}{{ null }}", "text5true"),
        ("{{ 5 }}", 5),
        ("", ""),
        ("no braces } {", "no braces } {"),
        ("a }} b", "a }} b"),
        (" {{ trigger.issue.number }}", " 7"),
    ],
)
def test_renders_typed(text: str, expected: object) -> None:
    result = render(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ trigger.absent | default: 'x' }}", "x"),
        ("{{ trigger.issue.assignee.login | default: 'nobody' }}", "nobody"),
        ("{{ trigger.empty | default: trigger.limit }}", 3),
        ("{{ trigger.none | default: 0 }}", 0),
        ("{{ trigger.issue.draft | default: true }}", False),
        ("{{ trigger.none | first | default: 'none' }}", "none"),
        ("{{ trigger.labels | json }}", '[{"name":"bug"},{"name":"ui"}]'),
        ("{{ trigger.names | join }}", "a b"),
        ("{{ trigger.names | join: ', ' | upper }}", "A, B"),
        ("{{ ' É ' | trim | lower }}", "é"),
        ("{{ trigger.names | first }}{{ trigger.names | last }}", "ab"),
        ("{{ trigger.labels | size }}", 2),
        ("{{ 'a/b c?é' | url_encode }}", "a%2Fb%20c%3F%C3%A9"),
        ("{{ 'é' | base64 }}", "w6k="),
        ("{{ 'a-b-c' | replace: '-', '+' }}", "a+b+c"),
        ("{{ 'a-b' | replace: '-' }}", "ab"),
        ("{{ '2026-11-23T10:00:00Z' | date: '%d.%m.%Y %H:%M' }}", "23.11.2026 10:00"),
        ("{{ '2026-11-23T10:00:00+02:00' | date }}", "2026-11-23T10:00:00+0200"),
        ("{{ 1764590400 | date: '%Y' }}", "2025"),
        ("{{ steps.tell-them.output.ts | date: '%Y-%m-%d' }}", "2025-12-01"),
        ("{{ '2026-11-23' | date: '100%%' }}", "100%"),
    ],
)
def test_filters(text: str, expected: object) -> None:
    assert render(text) == expected


def test_the_list_of_filters_is_the_contract() -> None:
    listed = "default json join upper lower trim date url_encode base64 first last size replace"
    assert list(FILTER_NAMES) == listed.split()


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{% for x in y %}{% endfor %}",
        "{%",
        "{{ 10**10**8 }}",
        "{{ (1..30000000) | join }}",
        "{{ (1..3) }}",
        "{{ a[b] }}",
        "{{ a[b.c] }}",
        "{{ [a] }}",
        "{{",
        "{{ }}",
        "{{ a",
        "{{ {{ a }} }}",
        "{{- a -}}",
        "{{ a b }}",
        "{{ a | }}",
        "{{ a | upcase }}",
        "{{ a | default }}",
        "{{ a | upper: 1 }}",
        "{{ a | default: x: 1 }}",
        "{{ a | default: 1, 2 }}",
        "{{ a || upper }}",
        "{{ a if b else c }}",
        "{{ a == b }}",
        "{{ a, b }}",
        "{{ a + 1 }}",
        "{{ empty }}",
        "{{ blank }}",
        "{{ f() }}",
        "{{ 'unclosed }}",
        "{{ a | date: '%999999999d' }}",
        "{{ a | date: 5 }}",
        "{{ a | replace: '', 'x' }}",
        "{{ " + "9" * 400 + ".0 }}",
        "{{ a" + ".b" * 600 + " }}",
        "{{" * 5000,
        "{{" * 5000 + "}}" * 5000,
        "{{ " + "[" * 900 + " }}",
        "{{ a }}" * 201,
        "x" * (256 * 1024 + 1),
    ],
)
def test_anything_else_is_refused_quickly(text: str) -> None:
    started = time.thread_time()
    assert problem(text).startswith("character ")
    assert time.thread_time() - started < 0.1


def test_the_place_of_a_problem_is_named() -> None:
    assert problem("Hello {{ a | nope }}").startswith("character 14: there is no filter 'nope'")


@pytest.mark.parametrize("text", ["{{ config }}", "{{ x.__init__.__globals__ }}", "{{ trigger.__class__ }}"])
def test_python_attributes_are_only_unknown_paths(text: str) -> None:
    assert "is not there" in unmapped(text).values()


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("{{ trigger.issue.absent }}", "trigger.issue.absent", "is not there"),
        ("Hi {{ nobody.here }}", "nobody.here", "is not there"),
        ("{{ trigger.absent | upper }}", "trigger.absent", "is not there"),
        ("{{ trigger.absent | default: trigger.gone }}", "trigger.gone", "is not there"),
        ("{{ trigger.labels[2] }}", "trigger.labels[2]", "is not there"),
        ("{{ trigger.labels.name }}", "trigger.labels.name", "is not there"),
        ("{{ trigger['other key'] }}", "trigger['other key']", "is not there"),
        ("{{ trigger.none | first }}", "trigger.none", "is not there"),
        ("{{ trigger.issue | upper }}", "trigger.issue", "is an object, not a text"),
        ("{{ trigger.limit | join }}", "trigger.limit", "is a number, not a list to join"),
        ("{{ trigger.limit | size }}", "trigger.limit", "is a number and has no size"),
        ("{{ trigger.for | date }}", "trigger.for", "is no date"),
        ("{{ 1e | date }}", "1e", "is not there"),
        ("{{ trigger.for | replace: trigger.empty, 'x' }}", "trigger.for", "has a replace filter that searches"),
        ("{{ trigger.for | date: trigger.for }}", "trigger.for", "is no date"),
    ],
)
def test_what_does_not_fit_names_the_path(text: str, path: str, why: str) -> None:
    fields = unmapped(text)
    assert list(fields) == [path]
    assert fields[path].startswith(why)


@pytest.mark.parametrize("value", [Secret("CNRY_x"), object(), {1, 2}, b"x", {1: 2}, float("nan"), [10**5000]])
def test_only_plain_data_comes_out(value: object) -> None:
    for text in ("{{ x }}", "a {{ x }}", "{{ x | json }}", "{{ y }}", "{{ 'a' | replace: x }}"):
        assert "CNRY" not in str(unmapped(text, {"x": value, "y": [value]}))


def test_variables_are_listed_once_in_order() -> None:
    template = parse("{{ b.c[0] | default: a['x y'] }} {{ b.c[0] }} {{ 'lit' | default: d }}")
    assert template.variables() == [("b", "c", 0), ("a", "x y"), ("d",)]


BIG = "x" * (MAX_OUTPUT_BYTES - 10)
DEEP = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}{{ x }}",
        "{{ x }}" + "y" * 20,
        "{{ x | base64 }}",
        "{{ x | replace: 'x', x }}",
        "{{ l | join: x }}",
        "{{ x | upper | lower | trim | upper | lower | size }}",
        "{{ x | size }}" + "{{ x | upper | size }}" * 150,
        "{{ ints }}",
        "{{ ints | json }}",
        "{{ ints | join }}",
        "{{ deep }}",
        "{{ deep | json }}",
        "a {{ deep }}",
    ],
)
def test_renderings_are_bounded_in_size_and_time(text: str) -> None:
    values = {"x": BIG, "l": ["a"] * 1000, "ints": [1] * 1_000_000, "deep": DEEP}
    template = parse(text)
    started = time.thread_time()
    with pytest.raises(MappingError):
        template.render(values)
    assert time.thread_time() - started < 0.1


def test_a_large_value_within_the_bound_passes() -> None:
    assert render("{{ x }}", {"x": BIG}) is BIG
    assert render("{{ x | upper | size }}", {"x": BIG}) == len(BIG)


@given(st.text(max_size=60))
@example("{{ \x00 }}")
@example("{{ '\ud800' | url_encode }}")
def test_random_text_never_crashes(text: str) -> None:
    for candidate in (text, "{{" + text + "}}", "{{ a | " + text + " }}"):
        with suppress(InvalidInput):
            parse(candidate).render({"a": text})


pieces = st.sampled_from(["{{", "}}", "a", ".", "[", "]", "(", ")", "..", "|", ":", ",", "'", '"', "1", "-", " ",
                          "default", "join", "date", "size", "{%", "%}", "if", "nil", "first", "==", "\n"])  # fmt: skip


@given(st.lists(pieces, max_size=25))
def test_random_syntax_never_crashes(parts: list[str]) -> None:
    text = "".join(parts)
    with suppress(InvalidInput):
        parse(text).render({"a": {"a": [1]}})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_values_keep_their_type_and_change_no_structure(value: object) -> None:
    tree = {"typed": "{{ v }}", "text": "<{{ v }}>", "same": [1, None, True, "plain"]}
    rendered: Any = render_json_tree(tree, {"v": value})
    assert rendered["typed"] == value
    assert json.loads(json.dumps(rendered)) == rendered
    assert rendered["same"] == tree["same"]
    assert json.loads(str(parse("{{ v | json }}").render({"v": value}))) == value


@pytest.mark.parametrize("value", ['"', "\\", "\u2028", "</script>", '", "x": "', "{{ v }}", "\r\n", "😀"])
def test_awkward_texts_round_trip_unread(value: object) -> None:
    rendered = render_json_tree({"body": "{{ v }}", "text": "a{{ v }}b"}, {"v": value})
    assert rendered == {"body": value, "text": f"a{value}b"}
    assert json.loads(json.dumps(rendered)) == rendered


def test_trees_name_every_bad_leaf_and_every_missing_path() -> None:
    with pytest.raises(InvalidInput) as caught:
        tree_variables({"a": ["{{ x }}", "{{"], "b": {"c": "{% if %}"}, "d": 5}, "inputs")
    assert set(caught.value.fields) == {"inputs.a.1", "inputs.b.c"}
    assert caught.value.code == "template_invalid"
    with pytest.raises(MappingError) as missing:
        render_json_tree({"a": "{{ gone }}", "b": "{{ lost.here }} {{ v }}"}, {"v": 1})
    assert missing.value.fields == {"gone": "is not there", "lost.here": "is not there"}


def test_trees_list_their_variables_and_leave_keys_alone() -> None:
    tree = {"{{ key }}": ["{{ a }}", {"x": "{{ b.c }} {{ a }}"}], "n": 1}
    assert tree_variables(tree) == [("a",), ("b", "c")]
    assert render_json_tree({"{{ key }}": 1}, {}) == {"{{ key }}": 1}


def test_trees_are_bounded_as_a_whole() -> None:
    with pytest.raises(MappingError):
        render_json_tree(["{{ x }}"] * 3, {"x": "y" * (MAX_OUTPUT_BYTES // 2)})
    deep: object = "x"
    for _ in range(40):
        deep = [deep]
    for bad in (deep, ["x"] * 20_000, {"x": object()}):
        with pytest.raises(InvalidInput) as caught:
            tree_variables(bad)
        assert caught.value.code == "template_invalid"


def test_what_is_put_in_is_escaped_and_what_the_author_wrote_is_not() -> None:
    values = {"x": "<b>", "n": 1, "tree": {"a": "<"}}

    def escape(text: str) -> str:
        return text.replace("<", "&lt;")

    for text, expected in (
        ("<i>{{ x }}</i>", "<i>&lt;b></i>"),
        ("{{ x }}", "&lt;b>"),
        ("{{ x | upper }}!", "&lt;B>!"),
        ("{{ '<i>' }}{{ x }}", "<i>&lt;b>"),
        ("{{ '<i>' }}", "<i>"),
        ("{{ '<i>' | replace: 'i', x }}", "&lt;&lt;b>>"),
        ("a {{ tree }}", 'a {"a":"&lt;"}'),
        ("{{ n }}", 1),
        ("{{ tree }}", {"a": "<"}),
    ):
        assert parse(text).render(values, escape=escape) == expected
    assert parse("<i>{{ x }}").render(values) == "<i><b>"


def test_what_escaping_adds_counts_as_output() -> None:
    with pytest.raises(MappingError):
        parse("{{ x }}").render({"x": "<" * (MAX_OUTPUT_BYTES // 2)}, escape=lambda text: text.replace("<", "&lt;"))


def test_trees_escape_below_the_keys_that_are_named() -> None:
    tree = {"text": "<{{ x }}", "url": "{{ x }}", "list": [{"text": "{{ x }}"}]}
    assert render_json_tree(tree, {"x": "<"}, lambda text: text.replace("<", "&lt;"), ("text",)) == {
        "text": "<&lt;",
        "url": "<",
        "list": [{"text": "&lt;"}],
    }
