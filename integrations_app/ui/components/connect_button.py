"""The button that opens a vendor's consent page in a popup."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("connect_button.jsx")


class ConnectButton(rx.NoSSRComponent):
    """A Radix button; `url` is our authorize route. Needs no opener and no message from the popup."""

    library = _SCRIPT
    tag = "ConnectButton"
    url: rx.Var[str]
    label: rx.Var[str]
    size: rx.Var[str]
    variant: rx.Var[str]
    color: rx.Var[str]
    disabled: rx.Var[bool]
    on_opened: rx.EventHandler[rx.event.no_args_event_spec]
    on_blocked: rx.EventHandler[rx.event.no_args_event_spec]
    on_window_closed: rx.EventHandler[rx.event.no_args_event_spec]


connect_button = ConnectButton.create
