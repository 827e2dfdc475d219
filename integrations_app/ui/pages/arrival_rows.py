"""What a definition from outside looks like before it is taken in: its steps, what it needs, what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations_app.errors import InvalidInput
from integrations_app.sdk.forms import Choice
from integrations_app.sdk.registry import Registry
from integrations_app.ui.pages.editor_rows import ProblemLine, StepLine, outline, problem_lines
from integrations_app.ui.pages.integrations_rows import LOGO
from integrations_app.workflows.importing import Arrival, Need

SHOWN_STEPS = 100
SHOWN_FAULTS = 20


@dataclass(frozen=True)
class NeedLine:
    """A connection to choose."""

    key: str
    label: str
    logo: str
    choices: list[Choice]
    chosen: str
    provider: str


@dataclass(frozen=True)
class FaultLine:
    """Why a text was refused, and where."""

    place: str
    why: str


@dataclass(frozen=True)
class ArrivalView:
    """A definition that could be taken in; `name` is empty while there is none."""

    name: str = ""
    lines: tuple[StepLine, ...] = ()
    more: int = 0
    """Steps that are not shown."""
    needs: tuple[NeedLine, ...] = ()
    left: tuple[ProblemLine, ...] = ()
    """What has to be done before it can be published."""


def arrival_view(found: Arrival, choices: Mapping[str, str], registry: Registry) -> ArrivalView:
    """Lay it out; `choices` are those that the person made."""
    document = dict(found.definition)
    lines = outline(document, registry, ())
    return ArrivalView(
        name=str(document["name"]),
        lines=tuple(lines[:SHOWN_STEPS]),
        more=max(len(lines) - SHOWN_STEPS, 0),
        needs=tuple(_need_line(one, choices.get(one.key, one.chosen)) for one in found.needs),
        left=tuple(problem_lines(document, registry, found.problems)),
    )


def fault_lines(error: InvalidInput) -> list[FaultLine]:
    """The places that keep a text from being taken in."""
    listed = [FaultLine(place, why) for place, why in error.fields.items()]
    if len(listed) > SHOWN_FAULTS:
        return [*listed[:SHOWN_FAULTS], FaultLine("", f"and {len(listed) - SHOWN_FAULTS} more places")]
    return listed or [FaultLine("", error.message)]


def _need_line(need: Need, chosen: str) -> NeedLine:
    meant = f" for “{need.reference}”" if need.reference else ""
    uses = f" ({need.uses} places)" if need.uses > 1 else ""
    choices = [Choice(one.id, one.name) for one in need.offered]
    label = f"{need.provider_name} connection{meant}{uses}"
    return NeedLine(need.key, label, LOGO.format(need.provider), choices, chosen, need.provider)
