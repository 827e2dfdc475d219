"""Which texts of a step are shown with the result they come to, and what they mean as inputs."""

from typing import Any

from integrations_app.sdk.forms import Field
from integrations_app.ui.pages.editor_document import Document, step_of
from integrations_app.ui.pages.editor_panel_rows import OWN
from integrations_app.ui.pages.editor_typing import action_field, inputs_of
from integrations_app.ui.pages.editor_values import meant

MAPPED = ("items", "until", "seconds", "message")
"""What steps of our own have that takes variables."""


def mapped_inputs(document: Document, key: str) -> dict[str, tuple[Any, Field | None]]:
    """Every stored text of a step that takes variables, by the name of its field in the panel."""
    step = step_of(document, key)
    if step is None:
        return {}
    action = str(step.get("action", ""))
    inputs = {name: (raw, action_field(action, name)) for name, raw in inputs_of(document, key).items()}
    return inputs | {OWN + name: (step[name], None) for name in MAPPED if isinstance(step.get(name), str)}


def input_meant(document: Document, key: str, name: str, text: str) -> tuple[Any, Field | None]:
    """What is being typed, as the input it would become. InvalidInput `{name: why}`."""
    action = str((step_of(document, key) or {}).get("action", ""))
    field = None if name.startswith(OWN) else action_field(action, name)
    return (meant(field, text) if field else text), field
