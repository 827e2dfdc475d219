"""A place to drop a text file, or to choose one: its text goes to the server, the file does not."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("file_text.jsx")


class FileText(rx.NoSSRComponent):
    """Refuses in the browser what would be too much for the socket."""

    library = _SCRIPT
    tag = "FileText"
    label: rx.Var[str]
    accept: rx.Var[str]
    max_bytes: rx.Var[int]
    on_text: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_refuse: rx.EventHandler[rx.event.passthrough_event_spec(str)]


file_text = FileText.create
