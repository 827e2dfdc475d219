"""Rows of the editor's panel: one field, and all that is shown of one step."""

from dataclasses import dataclass, field

from integrations_app.sdk.forms import Choice
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
    """`text`, `multiline`, `select` or `checkbox`."""
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
    choices: list[PickerOption] = field(default_factory=list)
    loading: bool = False


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
    options: list[StepField] = field(default_factory=list)
    safety: str = ""
    test_warning: str = ""
    """What a test of this step does at the vendor."""
    endpoint: bool = False
    """A webhook trigger, which listens on one of our own addresses."""
    endpoint_url: str = ""
