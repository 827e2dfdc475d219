"""Conditions as rows: what they say as an expression, and that both always mean the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.kit.templates import parse_condition
from integrations_app.workflows.condition_rows import ALONE, COMPARING, Row, expression_of, rows_of

VALUES: dict[str, Any] = {
    "trigger": {"state": "open", "count": 3, "labels": ["a", "b"], "empty": "", "none": None, "yes": True, "no": False},
    "item": {"name": "it's"},
}
PATHS = [f"trigger.{name}" for name in (*VALUES["trigger"], "missing")] + ["item.name", "trigger.state | upper"]
LITERALS = ["open", "a", "3", "2.5", "-1", "true", "false", "null", "'3'", "''", "it's", 'say "no"', "' x'"]


def variables() -> st.SearchStrategy[str]:
    return st.sampled_from(PATHS).map(lambda path: f"{{{{ {path} }}}}")


def rows() -> st.SearchStrategy[list[Row]]:
    joins = st.sampled_from(["and", "or"])
    asked = st.builds(Row, variables(), st.sampled_from(ALONE), join=joins)
    compared = st.builds(Row, variables(), st.sampled_from(COMPARING), st.sampled_from(LITERALS) | variables(), joins)
    return st.lists(asked | compared, max_size=6).map(_first_hangs_on_nothing)


def in_groups() -> st.SearchStrategy[list[Row]]:
    """Rows and groups of two rows or more, as an expression gives them back: never one group alone."""
    group = rows().filter(lambda found: len(found) > 1)
    parts = st.lists(rows().filter(bool).map(lambda found: found[:1]) | group, min_size=2, max_size=4)
    joins = st.lists(st.sampled_from(["and", "or"]), min_size=4, max_size=4)
    return st.tuples(parts, joins).map(_numbered)


def _numbered(drawn: tuple[list[list[Row]], list[str]]) -> list[Row]:
    """The parts in a row, groups numbered in order, each hanging on the one before."""
    made: list[Row] = []
    number = 0
    for members, join in zip(*drawn, strict=False):
        number += len(members) > 1
        of = number if len(members) > 1 else 0
        made += [replace(one, join=one.join if at else join, group=of) for at, one in enumerate(members)]
    return _first_hangs_on_nothing(made)


def _first_hangs_on_nothing(found: list[Row]) -> list[Row]:
    return [replace(one, join="and") if number == 0 else one for number, one in enumerate(found)]


def expressions() -> st.SearchStrategy[str]:
    operands = st.sampled_from([*PATHS, "'open'", "3", "null", "trigger.count | default: 1", "trigger.labels | size"])
    compared = st.tuples(operands, st.sampled_from(COMPARING), operands).map(" ".join)
    return st.recursive(
        operands | compared,
        lambda inner: (
            st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join)
            | inner.map(lambda text: f"({text})")
        ),
        max_leaves=5,
    )


def outcome(text: str) -> object:
    try:
        return parse_condition(text).evaluate(VALUES)
    except MappingError as error:
        return dict(error.fields)


@given(rows())
def test_rows_come_back_from_their_expression(found: list[Row]) -> None:
    assert rows_of(expression_of(found)) == found


@given(in_groups())
def test_groups_come_back_from_their_expression(found: list[Row]) -> None:
    assert rows_of(expression_of(found)) == found


@given(rows().filter(bool), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_rows_however_they_are_grouped_keep_their_meaning(drawn: list[Row], numbers: list[int]) -> None:
    found = [replace(one, group=group) for one, group in zip(drawn, numbers, strict=False)]
    again = rows_of(expression_of(found))
    assert again is not None
    assert outcome(expression_of(again)) == outcome(expression_of(found))
    assert rows_of(expression_of(again)) == again
    assert expression_of(again) == expression_of(found)


@given(expressions())
def test_what_rows_say_means_what_the_expression_means(text: str) -> None:
    found = rows_of(text)
    if found is not None:
        assert outcome(expression_of(found)) == outcome(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trigger.state == 'open'", [Row("{{ trigger.state }}", "==", "open")]),
        ("trigger.count > 2.5", [Row("{{ trigger.count }}", ">", "2.5")]),
        ("trigger.state == '3'", [Row("{{ trigger.state }}", "==", "'3'")]),
        ("trigger.state | default: '' == ''", [Row("{{ trigger.state }}", "is_empty")]),
        ("trigger.state | default: '' != ''", [Row("{{ trigger.state }}", "is_not_empty")]),
        ("steps.tell.ok", [Row("{{ steps.tell.ok }}", "holds")]),
        (
            "trigger.yes and trigger.count < item.most or trigger.no",
            [
                Row("{{ trigger.yes }}", "holds"),
                Row("{{ trigger.count }}", "<", "{{ item.most }}"),
                Row("{{ trigger.no }}", "holds", join="or"),
            ],
        ),
        ("(trigger.yes and trigger.no)", [Row("{{ trigger.yes }}", "holds"), Row("{{ trigger.no }}", "holds")]),
        (
            "(trigger.yes and trigger.no) or (item.a and item.b)",
            [
                Row("{{ trigger.yes }}", "holds", group=1),
                Row("{{ trigger.no }}", "holds", group=1),
                Row("{{ item.a }}", "holds", join="or", group=2),
                Row("{{ item.b }}", "holds", group=2),
            ],
        ),
        (
            "trigger.yes and ((trigger.no or item.a and item.b))",
            [
                Row("{{ trigger.yes }}", "holds"),
                Row("{{ trigger.no }}", "holds", group=1),
                Row("{{ item.a }}", "holds", join="or", group=1),
                Row("{{ item.b }}", "holds", group=1),
            ],
        ),
        ("((trigger.yes)) or (item.a)", [Row("{{ trigger.yes }}", "holds"), Row("{{ item.a }}", "holds", join="or")]),
        ("", []),
    ],
)
def test_an_expression_as_rows(text: str, expected: Sequence[Row]) -> None:
    assert rows_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "trigger.yes and (trigger.no or (trigger.count > 1 and item.a))",
        "((trigger.yes or trigger.no) and item.a) or item.b",
        "('open' == trigger.state or trigger.yes) and trigger.no",
        "'open' == trigger.state",
        "true",
        "not a condition",
        "a ==",
        " and ".join(["(trigger.yes or trigger.no)"] * 21),
    ],
)
def test_what_rows_cannot_say_stays_text(text: str) -> None:
    assert rows_of(text) is None


def test_a_row_of_a_group_is_refused_by_its_number_among_all() -> None:
    with pytest.raises(InvalidInput) as caught:
        expression_of([Row("{{ a }}", "holds"), Row("{{ b }}", "holds", group=1), Row("", "holds", group=1)])
    assert caught.value.fields == {"3": "Condition 3: insert the variable that is looked at."}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (Row("", "==", "a"), "insert the variable"),
        (Row("{{ trigger.a }}", "==", ""), "say what it is compared with"),
        (Row("{{ trigger.a }}", "==", "x {{ trigger.b }}"), "one variable or with a text"),
        (Row("{{ trigger.a }}", "==", "'\""), "both kinds of quotes"),
        (Row("{{ trigger.a }}", "~", "b"), "choose what is asked"),
        (Row("{{ 'a' }}", "holds"), "begin with a variable"),
        (Row("two words", "holds"), "unexpected"),
    ],
)
def test_a_row_that_says_nothing_is_refused_by_its_number(row: Row, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        expression_of([Row("{{ trigger.yes }}", "holds"), row])
    assert why in caught.value.fields["2"]
