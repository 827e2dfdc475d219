"""A secret shown this once: handed to the browser by an event, and kept by no state."""

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("one_time_secret.jsx")


class OneTimeSecret(rx.Component):
    """Empty until `hand_over` names its `id`; what it shows is gone with `Done`, with the page and with a reload."""

    library = _SCRIPT
    tag = "OneTimeSecret"
    words: rx.Var[str]
    copy_words: rx.Var[str]


one_time_secret = OneTimeSecret.create


def hand_over(identifier: str, value: str) -> EventSpec:
    """The event that gives `value` to the box on the page; an empty one takes back what is shown there.

    A var would stay in the server's snapshot of the tab, and come back with every reload.
    """
    return rx.set_value(identifier, value)
