"""The outline of a workflow: trigger and steps as a real list, every edit reachable by keyboard."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import act_button, named, question
from integrations_app.ui.pages.editor_rows import StepLine
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps

_ICONS = {
    "manual": "hand",
    "webhook": "webhook",
    "schedule": "calendar-clock",
    "condition": "split",
    "for_each": "repeat",
    "delay": "hourglass",
    "stop": "circle-stop",
}


def kind_mark(logo: rx.Var[str], kind: rx.Var[str], size: int = 20) -> rx.Component:
    """A provider's logo, or the icon of a kind of our own."""
    icons = [(key, rx.icon(name, size=size, aria_hidden="true")) for key, name in _ICONS.items()]
    return rx.el.span(
        rx.cond(
            logo != "",
            rx.image(src=logo, alt="", width=f"{size}px", height=f"{size}px"),
            rx.match(kind, *icons, rx.icon("circle-help", size=size, aria_hidden="true")),
        ),
        class_name="kind-mark",
    )


def step_list() -> rx.Component:
    """The list and the button that adds to it."""
    return rx.el.section(
        rx.el.ol(
            rx.foreach(Steps.outline, _item),
            aria_label="Steps",
            role="list",
            class_name="step-list",
        ),
        rx.cond(
            Steps.can_edit,
            rx.button(
                rx.icon("plus", size=16, aria_hidden="true"),
                "Add step",
                variant="soft",
                on_click=Steps.show_picker(True),
                width="100%",
            ),
        ),
        rx.cond(
            Steps.outline.length() == 1,
            rx.text("Choose what starts the workflow, then add the first step.", size="2", style=theme.MUTED),
        ),
        aria_label="Outline",
        class_name="editor-outline",
    )


def _item(line: rx.Var[StepLine]) -> rx.Component:
    chosen = Steps.selected == line.key
    return rx.el.li(
        rx.el.button(
            kind_mark(line.logo, line.kind),
            rx.el.span(
                rx.el.span(line.title, class_name="step-title"),
                rx.el.span(line.detail, class_name="step-detail"),
                class_name="step-words",
            ),
            rx.cond(line.problems > 0, _problem_badge(line)),
            type="button",
            aria_current=rx.cond(chosen, "step", "false"),
            class_name=rx.cond(chosen, "step-button current", "step-button"),
            title=line.title,
            on_click=Steps.select(line.key),
        ),
        rx.cond(Steps.can_edit & (line.detail != "Trigger"), _menu(line)),
        class_name="step-item",
    )


def _problem_badge(line: rx.Var[StepLine]) -> rx.Component:
    return rx.badge(
        line.problems,
        rx.el.span(rx.cond(line.problems == 1, " problem", " problems"), style=theme.VISUALLY_HIDDEN),
        color_scheme="amber",
        high_contrast=True,
        radius="full",
    )


def _menu(line: rx.Var[StepLine]) -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("More for ") + line.title,
            )
        ),
        rx.menu.content(
            rx.menu.item("Move up", disabled=line.first, on_click=Steps.move_step(line.key, -1)),
            rx.menu.item("Move down", disabled=line.last, on_click=Steps.move_step(line.key, 1)),
            rx.menu.item("Duplicate", disabled=~line.editable, on_click=Steps.duplicate_step(line.key)),
            rx.menu.separator(),
            rx.menu.item("Delete", color="red", on_click=Steps.ask_remove(line.key)),
        ),
    )


def remove_dialog() -> rx.Component:
    """Names what a deleted step leaves behind."""
    return question(
        named(Steps.removing_breaks),
        title=rx.fragment("Delete ", Steps.removing_title, "?"),
        words=rx.cond(
            Steps.removing_breaks.length() > 0,
            "These steps read its output and must be mended afterwards:",
            "No other step reads its output.",
        ),
        act=act_button("Delete step", Steps.remove_step),
        opened=Steps.removing != "",
        on_open_change=Steps.keep_step,
    )
