"""The canvas of the editor: the workflow as a picture in which steps are added, dragged and watched."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script
from integrations_app.ui.pages.canvas_layout import Drawing
from integrations_app.ui.pages.canvas_rows import StepMark
from integrations_app.ui.pages.editor_rows import StepLine

_SCRIPT = component_script("workflow_canvas.jsx", "canvas_parts.jsx", "canvas_place.js", "workflow_canvas.css")


class WorkflowCanvas(rx.NoSSRComponent):
    """Draws `drawing` with the words of `lines`; every gesture is one event, and a drag none until the step is dropped.

    `on_insert(parent, branch, index)` asks for a new step at a place, `on_place(key, parent, branch, index)` moves one
    there, counted with the step itself still where it was.
    """

    library = _SCRIPT
    tag = "WorkflowCanvas"
    lib_dependencies: list[str] = ["@xyflow/react@12.12.1"]
    drawing: rx.Var[Drawing]
    lines: rx.Var[list[StepLine]]
    marks: rx.Var[dict[str, StepMark]]
    selected: rx.Var[str]
    enabled: rx.Var[bool]
    busy: rx.Var[bool]
    scheme: rx.Var[str]
    on_select: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_insert: rx.EventHandler[rx.event.passthrough_event_spec(str, int, int)]
    on_place: rx.EventHandler[rx.event.passthrough_event_spec(str, str, int, int)]
    on_copy: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_remove: rx.EventHandler[rx.event.passthrough_event_spec(str)]


workflow_canvas = WorkflowCanvas.create
