"""Keys around the outline: arrows go and move, Ctrl+Z takes back, Ctrl+C and Ctrl+V carry steps elsewhere."""

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("step_keys.jsx")


class StepKeys(rx.NoSSRComponent):
    """Sends what a key of the outline means, and nothing for other keys."""

    library = _SCRIPT
    tag = "StepKeys"
    enabled: rx.Var[bool]
    copied: rx.Var[str]
    """Goes to the clipboard when `copies` has grown."""
    copies: rx.Var[int]
    on_take: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_copied: rx.EventHandler[rx.event.passthrough_event_spec(bool)]
    """Whether the browser let it onto the clipboard."""
    on_paste: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]
    on_move: rx.EventHandler[rx.event.passthrough_event_spec(str, int)]
    on_copy: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_remove: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_undo: rx.EventHandler[rx.event.no_args_event_spec]
    on_redo: rx.EventHandler[rx.event.no_args_event_spec]


step_keys = StepKeys.create


def ask_paste(key: rx.Var[str]) -> EventSpec:
    """The event of a menu's item that pastes behind the step with that key; the browser reads its clipboard first."""
    told = f"document.dispatchEvent(new CustomEvent('paste-behind', {{detail: {key}}}))"
    return rx.run_script(rx.Var(told, _var_data=key._get_all_var_data()))  # noqa: SLF001 - the key is of a loop
