"""Puts the keyboard at a field that the server names, such as the one that a problem is about."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("focus_on.jsx")


class FocusOn(rx.NoSSRComponent):
    """`target` is an id, `#` and a number that makes every wish another one."""

    library = _SCRIPT
    tag = "FocusOn"
    target: rx.Var[str]


focus_on = FocusOn.create
