"""The outline of a workflow: trigger and steps as a real list, every edit reachable by keyboard."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import act_button, named, question
from integrations_app.ui.components.step_keys import ask_paste, step_keys
from integrations_app.ui.pages.editor_clipboard_state import EditorClipboardState as Clipboard
from integrations_app.ui.pages.editor_history_state import EditorHistoryState as History
from integrations_app.ui.pages.editor_raw_state import EditorRawState as Raw
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
    "respond_to_webhook": "reply",
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
        step_keys(
            rx.el.ol(
                rx.foreach(Steps.outline, _item),
                aria_label="Steps",
                role="list",
                class_name="step-list",
            ),
            enabled=Steps.can_edit,
            copied=Clipboard.copied,
            copies=Clipboard.copies,
            on_take=Clipboard.copy_step,
            on_copied=Clipboard.tell_copied,
            on_paste=Clipboard.paste_behind,
            on_move=Steps.move_step,
            on_copy=Steps.duplicate_step,
            on_remove=Steps.ask_remove,
            on_undo=History.undo,
            on_redo=History.redo,
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
            rx.cond(
                Steps.can_edit,
                rx.text(
                    "In the list: arrows go, Alt and arrows move a step, Ctrl+D duplicates, Ctrl+C and Ctrl+V copy, "
                    "Delete deletes.",
                    size="1",
                    style=theme.MUTED,
                    class_name="wide-only",
                ),
            ),
        ),
        aria_label="Outline",
        class_name="editor-outline",
    )


def _item(line: rx.Var[StepLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(line.heading, _heading(line), _step(line)),
        class_name=rx.cond(line.heading, "step-item heading", "step-item"),
        style={"--depth": line.depth},
        custom_attrs={"aria-level": line.depth + 1},
    )


def _step(line: rx.Var[StepLine]) -> rx.Component:
    chosen = Steps.selected == line.key
    return rx.fragment(
        rx.el.button(
            kind_mark(line.logo, line.kind),
            rx.el.span(
                rx.el.span(line.title, class_name="step-title"),
                rx.el.span(line.detail, class_name="step-detail"),
                class_name="step-words",
            ),
            rx.cond(
                Steps.pinned.contains(line.key),
                rx.icon("pin", size=14, aria_label="Pinned data", class_name="pin-mark"),
            ),
            rx.cond(line.problems > 0, _problem_badge(line)),
            type="button",
            aria_current=rx.cond(chosen, "step", "false"),
            class_name=rx.cond(chosen, "step-button current", "step-button"),
            title=line.title,
            on_click=Steps.select(line.key),
            custom_attrs={"data-step": line.key},
        ),
        rx.cond(Steps.can_edit, _menu(line)),
    )


def _heading(line: rx.Var[StepLine]) -> rx.Component:
    where = rx.Var.create("Add step to ") + line.title
    return rx.fragment(
        rx.el.span(line.title, class_name="branch-title", title=line.title),
        rx.cond(
            Steps.can_edit,
            rx.icon_button(
                rx.icon("plus", size=16),
                variant="ghost",
                aria_label=where,
                title=where,
                on_click=Steps.add_into(line.key, line.branch, -1),
            ),
        ),
        rx.cond(Steps.can_edit & (line.branch >= 0), _branch_menu(line)),
    )


def _branch_menu(line: rx.Var[StepLine]) -> rx.Component:
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
            rx.menu.item("Delete branch", color="red", on_click=Steps.remove_branch(line.key, line.branch)),
        ),
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
            rx.cond(line.detail == "Trigger", _trigger_items(line), _step_items(line)),
        ),
    )


def _paste_item(line: rx.Var[StepLine]) -> rx.Component:
    return rx.menu.item("Paste after", on_click=ask_paste(line.key))


def _raw_item(line: rx.Var[StepLine]) -> rx.Component:
    return rx.menu.item("Show as JSON", on_click=Raw.show_step_raw(line.key))


def _trigger_items(line: rx.Var[StepLine]) -> rx.Component:
    return rx.fragment(_paste_item(line), _raw_item(line))


def _step_items(line: rx.Var[StepLine]) -> rx.Component:
    return rx.fragment(
        rx.menu.item("Move up", disabled=line.first, on_click=Steps.move_step(line.key, -1)),
        rx.menu.item("Move down", disabled=line.last, on_click=Steps.move_step(line.key, 1)),
        rx.menu.item("Duplicate", on_click=Steps.duplicate_step(line.key)),
        rx.menu.item("Copy", on_click=Clipboard.copy_step(line.key)),
        _paste_item(line),
        _raw_item(line),
        rx.menu.separator(),
        rx.menu.item("Delete", color="red", on_click=Steps.ask_remove(line.key)),
    )


def remove_dialog() -> rx.Component:
    """Names what a deleted step leaves behind."""
    return question(
        named(Steps.removing_breaks),
        title=rx.fragment("Delete ", Steps.removing_title, "?"),
        words=rx.fragment(
            rx.cond(Steps.removing_inside > 0, rx.fragment(_inside_words(), " ")),
            rx.cond(
                Steps.removing_breaks.length() > 0,
                "These steps read its output and must be mended afterwards:",
                "No other step reads its output.",
            ),
            " Undo brings it back.",
        ),
        act=act_button("Delete step", Steps.remove_step),
        opened=Steps.removing != "",
        on_open_change=Steps.keep_step,
    )


def _inside_words() -> rx.Component:
    one = Steps.removing_inside == 1
    return rx.fragment(
        rx.cond(one, "One step", rx.fragment(Steps.removing_inside, " steps")),
        rx.cond(one, " inside goes with it.", " inside go with it."),
    )
