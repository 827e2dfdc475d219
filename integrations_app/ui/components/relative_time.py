"""A time as people say it, exact in the reader's zone on hover."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("relative_time.jsx")


class RelativeTime(rx.NoSSRComponent):
    """`at` is an ISO time; `prefix` stands before the words; `empty` is shown without a time."""

    library = _SCRIPT
    tag = "RelativeTime"
    at: rx.Var[str]
    prefix: rx.Var[str]
    empty: rx.Var[str]


relative_time = RelativeTime.create
