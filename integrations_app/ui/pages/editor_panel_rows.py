"""Rows of the editor's panel: one field, and all that is shown of one step."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from integrations_app.sdk.forms import Choice
from integrations_app.ui.components.condition_input import ConditionRow
from integrations_app.ui.components.mapping_input import PickerOption

OWN = "@"
"""Before the name of what every step has beside its parameters, so that a parameter may have the same name."""


@dataclass(frozen=True)
class StepField:
    """One field of a step, the trigger or the options."""

    name: str
    """The parameter's name; of what every step has beside its parameters, with OWN before it."""
    identifier: str
    label: str
    control: str = "text"
    """`text`, `multiline`, `select`, `checkbox` or `condition`."""
    help: str = ""
    error: str = ""
    required: bool = False
    value: str = ""
    rows: int = 1
    placeholder: str = ""
    options: list[Choice] = field(default_factory=list)
    mapped: bool = False
    """Takes variables."""
    picker: bool = False
    suffix: str = ""
    """Of a field with a line for each of several: what stands behind a name that was chosen."""
    choices: list[PickerOption] = field(default_factory=list)
    loading: bool = False
    unlisted: str = ""
    """Why the picker has nothing to offer."""
    group: str = ""
    conditions: list[ConditionRow] = field(default_factory=list)
    sayable: bool = True
    """Of a condition: whether rows can say it."""


@dataclass(frozen=True)
class FieldGroup:
    """Fields that are folded away under a name; open when something in them is wrong or set."""

    title: str
    fields: list[StepField] = field(default_factory=list)
    open: bool = False


def grouped(fields: list[StepField]) -> tuple[list[StepField], list[FieldGroup]]:
    """Divide fields into those that stand open and the groups, in order."""
    titles = list(dict.fromkeys(one.group for one in fields if one.group))
    groups = [[one for one in fields if one.group == title] for title in titles]
    made = [
        FieldGroup(title, inner, any(one.error for one in inner)) for title, inner in zip(titles, groups, strict=True)
    ]
    return [one for one in fields if not one.group], made


@dataclass(frozen=True)
class Panel:
    """All that the panel shows."""

    kind: str = ""
    """`trigger`, `action`, `condition`, `for_each`, `delay` or `stop`."""
    key: str = ""
    title: str = ""
    logo: str = ""
    description: str = ""
    name: str = ""
    choice: str = ""
    """The trigger or the action that is chosen."""
    choices: list[Choice] = field(default_factory=list)
    choice_error: str = ""
    provider: str = ""
    provider_name: str = ""
    needs_connection: bool = False
    oauth: bool = False
    connect_url: str = ""
    connection: str = ""
    connections: list[Choice] = field(default_factory=list)
    connection_error: str = ""
    lacks: bool = False
    """The connection was not given a permission that the choice needs."""
    allow_url: str = ""
    """Asks for it; empty when the connection was made with a token that somebody pasted."""
    fields: list[StepField] = field(default_factory=list)
    groups: list[FieldGroup] = field(default_factory=list)
    options: list[StepField] = field(default_factory=list)
    stamp: str = ""
    """Changes with what the request of the step is made of; empty when it shows none."""
    paste_title: str = ""
    safety: str = ""
    test_warning: str = ""
    """What a test of this step does at the vendor."""
    endpoint: bool = False
    """A webhook trigger, which listens on one of our own addresses."""
    endpoint_url: str = ""
    next_times: list[str] = field(default_factory=list)
    """When a schedule comes next, in its own time zone."""

    def every_field(self) -> list[StepField]:
        """Those that stand open, then those in groups."""
        return [*self.fields, *(one for group in self.groups for one in group.fields)]

    def changed(self, change: Callable[[StepField], StepField]) -> "Panel":
        """The panel with `change` made to every field."""
        groups = [replace(group, fields=[change(one) for one in group.fields]) for group in self.groups]
        return replace(self, fields=[change(one) for one in self.fields], groups=groups)
