"""Sample data in the editor: what a step is taken to have given, as text to read and change."""

from dataclasses import dataclass
from typing import Any

import orjson

from integrations_app.errors import InvalidInput
from integrations_app.workflows.pins import EXAMPLE, LAST_RUN, NOTHING, PINNED, Sample

SOURCES = {
    PINNED: "Pinned: tests, samples and Run now use it until somebody unpins it.",
    LAST_RUN: "Of the last run.",
    EXAMPLE: "The example of the trigger.",
    NOTHING: "None yet: test the step, run once, or write some and pin it.",
}


MOST_SHOWN = 64 * 1024
TOO_LARGE = "Too large to show here."


@dataclass(frozen=True)
class SampleView:
    """The sample of what is selected."""

    place: str = ""
    """The workflow and the step that it belongs to, as `workflow/step`."""
    text: str = ""
    source: str = ""
    """In words."""
    pinned: bool = False


def sample_view(place: str, sample: Sample) -> SampleView:
    """Lay out a sample."""
    text = "" if sample.source == NOTHING else indented(sample.value)
    words = SOURCES[sample.source] if text or sample.source == NOTHING else TOO_LARGE
    return SampleView(place, text, words, sample.source == PINNED)


def indented(value: Any) -> str:
    """JSON with its tree to be seen, flat where the tree would be much larger; empty when it is too large to show."""
    flat = orjson.dumps(value)
    if len(flat) > MOST_SHOWN:
        return ""
    tree = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    return (tree if len(tree) <= 8 * MOST_SHOWN else flat).decode()


def read_json(text: str, name: str) -> Any:
    """The value of a text. InvalidInput `{name: why}`, with the line, when it is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"Line {error.lineno}, column {error.colno}"
        raise InvalidInput({name: f"{place}: this is no JSON ({error.msg})."}) from None
