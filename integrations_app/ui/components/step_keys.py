"""Keys around the outline: arrows go and move, Ctrl+Z takes back."""

import reflex as rx

_asset = rx.asset("step_keys.jsx", shared=True)


class StepKeys(rx.NoSSRComponent):
    """Sends what a key of the outline means, and nothing for other keys."""

    library = _asset.importable_path
    tag = "StepKeys"
    enabled: rx.Var[bool]
    on_move: rx.EventHandler[rx.event.passthrough_event_spec(str, int)]
    on_copy: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_remove: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_undo: rx.EventHandler[rx.event.no_args_event_spec]
    on_redo: rx.EventHandler[rx.event.no_args_event_spec]


step_keys = StepKeys.create
