"""Where everything stands on the canvas: steps top-down, branches side by side, loops as frames; pure arithmetic."""

from dataclasses import dataclass, field

from integrations_app.ui.pages.editor_document import TRIGGER, Document, Step
from integrations_app.workflows.editing.tree import lists_in

END = "@end"
"""Stands for the end of the workflow where a step's key is asked for; no step can be called so."""
STEP_WIDTH, STEP_HEIGHT, END_SIZE = 240, 56, 28
GAP = 56
"""Between two steps, one below the other: room for a line with its `+`."""
BRANCH_GAP = 40
FAN = 24
"""Height in which the lines of a condition part, and in which they meet again."""
TITLE_HEIGHT = 24
LEAD = FAN + TITLE_HEIGHT
FRAME_PADDING = 24
RETURN_HEIGHT = 24
"""Room at the foot of a loop's frame for the mark that says it goes on with the next item."""
ROUND = 10
"""Radius of a line's corners."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step, the trigger or the end; `parent`, `branch` (-1 without) and `index` say where it stands in the tree."""

    key: str
    x: int
    y: int
    width: int
    height: int
    parent: str = ""
    branch: int = -1
    index: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """Around a loop and what stands in it."""

    key: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Link:
    """A line between two steps; a step that is put on it becomes the `index`-th of that list. x, y: its `+`."""

    parent: str
    branch: int
    index: int
    x: int
    y: int
    path: str
    """Drawing commands of SVG."""


@dataclass(frozen=True, slots=True)
class Title:
    """Where the title of a branch (-1: of a loop) is centred on its line."""

    key: str
    branch: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole workflow; all lengths are pixels from the top left corner."""

    width: int = 0
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    titles: list[Title] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Block:
    """A step with all that stands in it, measured; its line enters above its middle and leaves below it."""

    step: Step
    width: int
    height: int
    lists: "tuple[tuple[int | None, _Column], ...]" = ()


@dataclass(frozen=True, slots=True)
class _Column:
    """A list of steps one below the other, measured from the line that enters it to the line that leaves it."""

    blocks: tuple[_Block, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Line:
    """The list of steps whose line is drawn: whose it is, where it runs, how it gets there and how it goes on."""

    parent: str
    branch: int
    axis: int
    top: int
    enter: str
    leave: str = ""


def drawing_of(document: Document) -> Drawing:
    """Lay out the draft; the same draft is always laid out the same."""
    column = _measured(document.get("steps") or [])
    axis, bottom = column.width // 2, STEP_HEIGHT + column.height
    drawing = Drawing(column.width, bottom + END_SIZE)
    drawing.boxes.append(_card(TRIGGER, axis, 0))
    _place_column(drawing, column, _Line("", -1, axis, STEP_HEIGHT, f"M{axis} {STEP_HEIGHT}"))
    drawing.boxes.append(Box(END, axis - END_SIZE // 2, bottom, END_SIZE, END_SIZE))
    return drawing


def _measured(steps: list[Step]) -> _Column:
    blocks = tuple(_measured_step(step) for step in steps)
    height = sum(one.height for one in blocks) + GAP * (len(blocks) + 1)
    return _Column(blocks, max([STEP_WIDTH, *(one.width for one in blocks)]), height)


def _measured_step(step: Step) -> _Block:
    lists = tuple((branch, _measured(steps)) for branch, steps in lists_in(step))
    if not lists:
        return _Block(step, STEP_WIDTH, STEP_HEIGHT)
    if lists[0][0] is None:
        inside = lists[0][1]
        height = FRAME_PADDING + STEP_HEIGHT + LEAD + inside.height + RETURN_HEIGHT
        return _Block(step, inside.width + 2 * FRAME_PADDING, height, lists)
    width = sum(column.width for _, column in lists) + BRANCH_GAP * (len(lists) - 1)
    height = STEP_HEIGHT + LEAD + max(column.height for _, column in lists) + FAN
    return _Block(step, width, height, lists)


def _place_column(drawing: Drawing, column: _Column, line: _Line) -> None:
    """Place the blocks of a list below one another, with a line before, between and behind them."""
    y, begin = line.top, line.enter
    for index, block in enumerate(column.blocks):
        drawing.links.append(_link(line, index, y, f"{begin}V{y + GAP}"))
        _place_block(drawing, block, line, index, y + GAP)
        y += GAP + block.height
        begin = f"M{line.axis} {y}"
    drawing.links.append(_link(line, len(column.blocks), y, f"{begin}V{y + GAP}{line.leave}"))


def _link(line: _Line, index: int, y: int, path: str) -> Link:
    return Link(line.parent, line.branch, index, line.axis, y + GAP // 2, path)


def _card(key: str, axis: int, top: int, parent: str = "", branch: int = -1, index: int = 0) -> Box:
    return Box(key, axis - STEP_WIDTH // 2, top, STEP_WIDTH, STEP_HEIGHT, parent, branch, index)


def _place_block(drawing: Drawing, block: _Block, line: _Line, index: int, top: int) -> None:
    key, framed = str(block.step["key"]), bool(block.lists) and block.lists[0][0] is None
    y = top + FRAME_PADDING if framed else top
    if framed:
        drawing.frames.append(Frame(key, line.axis - block.width // 2, top, block.width, block.height))
    drawing.boxes.append(_card(key, line.axis, y, line.parent, line.branch, index))
    if framed:
        _place_loop(drawing, key, block.lists[0][1], line.axis, y + STEP_HEIGHT)
    elif block.lists:
        _place_branches(drawing, block, line.axis, y + STEP_HEIGHT, top + block.height)


def _place_loop(drawing: Drawing, key: str, column: _Column, axis: int, top: int) -> None:
    drawing.titles.append(Title(key, -1, axis, top + FAN))
    _place_column(drawing, column, _Line(key, -1, axis, top + LEAD, f"M{axis} {top}"))


def _place_branches(drawing: Drawing, block: _Block, middle: int, top: int, bottom: int) -> None:
    """Place the branches side by side; their lines leave the condition together and meet again below."""
    key, left = str(block.step["key"]), middle - block.width // 2
    for branch, column in block.lists:
        axis = left + column.width // 2
        number = -1 if branch is None else branch
        enter = f"M{middle} {top}" + _bend(middle, axis, top + FAN // 2)
        leave = _bend(axis, middle, bottom - FAN // 2) + f"V{bottom}"
        drawing.titles.append(Title(key, number, axis, top + FAN))
        _place_column(drawing, column, _Line(key, number, axis, top + LEAD, enter, leave))
        left += column.width + BRANCH_GAP


def _bend(begin: int, end: int, y: int) -> str:
    """From a vertical line at `begin` over to one at `end`, at the height `y`, with round corners."""
    if begin == end:
        return ""
    turn = ROUND if end > begin else -ROUND
    if abs(end - begin) < 2 * ROUND:
        return f"V{y}H{end}"
    return f"V{y - ROUND}Q{begin} {y} {begin + turn} {y}H{end - turn}Q{end} {y} {end} {y + ROUND}"
