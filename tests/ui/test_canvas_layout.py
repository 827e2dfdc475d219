"""The canvas's layout, for any workflow: nothing covers another, everything stands where the tree says."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from integrations_app.ui.pages.canvas_layout import END, GAP, Box, Drawing, Frame, drawing_of
from integrations_app.ui.pages.editor_document import TRIGGER
from integrations_app.workflows.editing.tree import Document, Step, keys_in, lists_in, standings


def condition(branches: list[list[Step]]) -> Step:
    return {"type": "condition", "branches": [{"when": "true", "steps": steps} for steps in branches]}


def loop(steps: list[Step]) -> Step:
    return {"type": "for_each", "steps": steps}


def lists(steps: some.SearchStrategy[Step]) -> some.SearchStrategy[list[Step]]:
    return some.lists(steps, max_size=4)


plain: some.SearchStrategy[Step] = some.builds(dict, type=some.sampled_from(["delay", "stop", "action"]))
nested = some.recursive(
    plain,
    lambda inside: some.builds(loop, lists(inside)) | some.builds(condition, some.lists(lists(inside), max_size=4)),
    max_leaves=25,
)


def numbered(steps: list[Step]) -> Document:
    """A draft of these steps, each with a key of its own."""

    def copied(step: Step, keys: Iterator[str]) -> Step:
        made: dict[str, Any] = {**step, "key": next(keys)}
        if "steps" in made:
            made["steps"] = [copied(one, keys) for one in made["steps"]]
        if "branches" in made:
            made["branches"] = [
                {**way, "steps": [copied(one, keys) for one in way["steps"]]} for way in made["branches"]
            ]
        return made

    keys = (f"s{number}" for number in range(10_000))
    return {"steps": [copied(step, keys) for step in steps]}


documents = some.builds(numbered, some.lists(nested, max_size=6))


def apart(one: Box | Frame, other: Box | Frame) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


def inside(inner: Box | Frame, outer: Frame) -> bool:
    return (
        outer.x < inner.x
        and outer.y < inner.y
        and inner.x + inner.width < outer.x + outer.width
        and inner.y + inner.height < outer.y + outer.height
    )


def boxes(drawing: Drawing) -> dict[str, Box]:
    return {box.key: box for box in drawing.boxes}


@given(documents)
def test_every_step_stands_once_and_covers_no_other(document: Document) -> None:
    drawing = drawing_of(document)
    assert [box.key for box in drawing.boxes] == [TRIGGER, *keys_in(document["steps"]), END]
    assert all(apart(one, other) for one, other in combinations(drawing.boxes, 2))
    for box in drawing.boxes:
        assert min(box.x, box.y) >= 0
        assert (box.x + box.width <= drawing.width, box.y + box.height <= drawing.height) == (True, True)


@given(documents)
def test_a_frame_holds_its_loop_and_nothing_else(document: Document) -> None:
    drawing = drawing_of(document)
    steps = {str(one.step["key"]): one.step for one in standings(document)}
    assert {frame.key for frame in drawing.frames} == {key for key in steps if steps[key]["type"] == "for_each"}
    for frame in drawing.frames:
        own = set(keys_in([steps[frame.key]]))
        for box in drawing.boxes:
            assert inside(box, frame) if box.key in own else apart(box, frame)
        for other in drawing.frames:
            if other.key != frame.key:
                assert inside(other, frame) if other.key in own else inside(frame, other) or apart(frame, other)


@given(documents)
def test_steps_go_down_and_branches_stand_side_by_side_from_left_to_right(document: Document) -> None:
    placed = boxes(drawing_of(document))
    for one in standings(document):
        ways = [[placed[key] for key in keys_in(steps)] for _, steps in lists_in(one.step)]
        assert all(box.y > placed[str(one.step["key"])].y for way in ways for box in way)
        for left, right in pairwise([way for way in ways if way]):
            assert max(box.x + box.width for box in left) < min(box.x for box in right)
        if one.index:
            assert placed[str(one.steps[one.index - 1]["key"])].y < placed[str(one.step["key"])].y


@given(documents)
def test_there_is_a_line_for_every_place_and_nothing_stands_on_its_plus(document: Document) -> None:
    drawing = drawing_of(document)
    listed = [("", None, document["steps"])] + [
        (str(one.step["key"]), branch, steps) for one in standings(document) for branch, steps in lists_in(one.step)
    ]
    places = [
        (parent, -1 if branch is None else branch, index)
        for parent, branch, steps in listed
        for index in range(len(steps) + 1)
    ]
    assert sorted((link.parent, link.branch, link.index) for link in drawing.links) == sorted(places)
    for link in drawing.links:
        plus = Box("", link.x - 12, link.y - 12, 24, 24)
        assert all(apart(plus, box) for box in drawing.boxes)
        assert f"{link.x}" in link.path
    assert len({(link.x, link.y) for link in drawing.links}) == len(drawing.links)
    titled = [(parent, -1 if branch is None else branch) for parent, branch, _ in listed[1:]]
    assert sorted((title.key, title.branch) for title in drawing.titles) == sorted(titled)


@given(documents)
def test_a_box_says_where_its_step_stands_and_is_drawn_the_same_again(document: Document) -> None:
    drawing = drawing_of(document)
    placed = boxes(drawing)
    for one in standings(document):
        box = placed[str(one.step["key"])]
        branch = -1 if one.branch is None else one.branch
        assert (box.parent, box.branch, box.index) == (one.parent, branch, one.index)
    assert drawing_of(document) == drawing


def test_five_hundred_steps_stand_in_a_column_of_their_own_height() -> None:
    drawing = drawing_of(numbered([{"type": "delay"}] * 500))
    assert len(drawing.boxes) == len(drawing.links) + 1 == 502
    ys = [box.y for box in drawing.boxes]
    assert {later - earlier for earlier, later in pairwise(ys)} == {56 + GAP}
    assert len({box.x + box.width // 2 for box in drawing.boxes}) == 1


def test_lines_of_branches_part_and_meet_again_with_round_corners() -> None:
    drawing = drawing_of(numbered([condition([[{"type": "delay"}], []])]))
    both = [link for link in drawing.links if link.parent]
    assert [(link.branch, link.index) for link in both] == [(0, 0), (0, 1), (1, 0)]
    ends = {re.findall(r"V(\d+)$", link.path)[0] for link in both if link.index == (link.branch == 0)}
    assert len(ends) == 1
    assert all("Q" in link.path for link in both)
