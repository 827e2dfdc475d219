"""The editor's top bar: name, whether it is saved, problems, run and publish."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.consent_choice import consent_dialog
from integrations_app.ui.components.focus_on import focus_on
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.raw_dialog import raw_dialog
from integrations_app.ui.components.sample_data import run_with_button, run_with_dialog
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.components.versions_dialog import publish_dialog, versions_dialog
from integrations_app.ui.pages.editor_history_state import EditorHistoryState as History
from integrations_app.ui.pages.editor_raw_state import EditorRawState as Raw
from integrations_app.ui.pages.editor_rows import ProblemLine
from integrations_app.ui.pages.editor_run_state import EditorRunState as State
from integrations_app.ui.pages.editor_step_state import EditorStepState as Steps
from integrations_app.ui.pages.editor_versions_state import EditorVersionsState as Versions

PUBLISH: Any = State.publish
"""A background handler: its type does not say that it takes arguments."""
DOT = {"draft": "disconnected", "live": "connected", "paused": "pending"}


def editor_bar() -> rx.Component:
    """Everything about the workflow as a whole."""
    return rx.el.header(
        rx.el.h1(State.name, style=theme.VISUALLY_HIDDEN),
        rx.link(
            rx.icon("arrow-left", size=16, aria_hidden="true"),
            "Workflows",
            href="/workflows",
            class_name="back",
            underline="none",
        ),
        rx.flex(
            _name(),
            rx.flex(_standing(), _saved(), spacing="4", align="center", wrap="wrap"),
            rx.spacer(),
            rx.flex(rx.cond(State.can_edit, _acts()), _menu(), spacing="2", align="center", wrap="wrap"),
            spacing="3",
            align="center",
            wrap="wrap",
            width="100%",
        ),
        _notice(),
        _problems(),
        _warning_dialog(),
        consent_dialog(),
        run_with_dialog(),
        publish_dialog(),
        versions_dialog(),
        raw_dialog(),
        focus_on(target=State.focus),
        class_name="editor-bar",
    )


def workflow_badge(state: rx.Var[str], word: rx.Var[str]) -> rx.Component:
    """Draft, Live or Paused, with its dot."""
    dot: Any = rx.match(state, *DOT.items(), "disconnected")
    return status_badge(dot.to(str), word)


def _name() -> rx.Component:
    field = rx.el.input(
        aria_label="Workflow name",
        name="workflow_name",
        max_length=200,
        default_value=State.name,
        key=State.name,
        on_blur=Steps.rename,
        disabled=~State.can_edit.to(bool),
        auto_complete="off",
        spell_check=False,
        class_name="name-input",
    )
    return rx.form(field, on_submit=Steps.submit_name, reset_on_submit=False, class_name="name-form")


def _standing() -> rx.Component:
    return rx.hstack(
        workflow_badge(State.state.to(str), State.state_word.to(str)),
        rx.text(State.version_word, size="2", style=theme.MUTED, as_="span"),
        align="center",
        spacing="3",
    )


def _saved() -> rx.Component:
    return rx.flex(
        rx.text(
            State.saved,
            size="2",
            as_="span",
            role="status",
            color=rx.cond(
                State.conflict | (State.unsaved & (State.saved != "Saving…")), "var(--amber-11)", "var(--gray-11)"
            ),
        ),
        rx.cond(
            State.conflict,
            rx.fragment(
                rx.button("Use mine", size="1", variant="soft", on_click=History.use_mine),
                rx.button("Keep theirs", size="1", variant="soft", color_scheme="gray", on_click=History.keep_theirs),
            ),
            rx.cond(
                State.unsaved & (State.saved != "Saving…"),
                rx.button("Save again", size="1", variant="soft", on_click=History.save_again),
            ),
        ),
        spacing="2",
        align="center",
        wrap="wrap",
    )


def _step_back(icon: str, label: str, words: rx.Var[str], act: rx.event.EventType[()]) -> rx.Component:
    return rx.icon_button(
        rx.icon(icon, size=16),
        variant="soft",
        color_scheme="gray",
        aria_label=label,
        title=rx.cond(words != "", rx.Var.create(f"{label}: ") + words, label),
        disabled=words == "",
        on_click=act,
    )


def _acts() -> rx.Component:
    return rx.flex(
        _step_back("undo-2", "Undo", State.undo_words.to(str), History.undo),
        _step_back("redo-2", "Redo", State.redo_words.to(str), History.redo),
        rx.cond(
            State.problems.length() > 0,
            rx.button(
                rx.icon("triangle-alert", size=16, aria_hidden="true"),
                rx.el.span(State.problems.length(), rx.el.span(_problem_word(), class_name="wide-only")),
                aria_label=State.problems.length().to(str) + _problem_word(),
                high_contrast=True,
                variant="soft",
                color_scheme=rx.cond(State.error_count > 0, "amber", "gray"),
                custom_attrs={"aria-expanded": State.listing_problems, "aria-controls": "problem-list"},
                on_click=State.list_problems(~State.listing_problems),
            ),
        ),
        rx.button(
            rx.icon("play", size=16, aria_hidden="true"),
            rx.el.span("Run now", class_name="words"),
            aria_label="Run now",
            variant="soft",
            on_click=State.run_now,
            class_name="run-now",
        ),
        run_with_button(),
        rx.button("Publish", loading=State.publishing, on_click=Versions.ask_publish),
        spacing="2",
        align="center",
        wrap="wrap",
    )


def _problem_word() -> Any:
    return rx.cond(State.problems.length() == 1, " problem", " problems").to(str)


def _menu() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16), variant="soft", color_scheme="gray", aria_label="More for this workflow"
            )
        ),
        rx.menu.content(
            rx.menu.item("Versions", on_click=Versions.list_versions(True)),
            rx.menu.item("As YAML", on_click=Raw.show_raw(True)),
            rx.cond((State.state != "draft") & State.can_edit.to(bool), _standing_items()),
        ),
    )


def _standing_items() -> rx.Component:
    return rx.fragment(
        rx.menu.separator(),
        rx.cond(
            State.state == "paused",
            rx.menu.item("Resume", on_click=State.resume),
            rx.menu.item("Pause", on_click=State.pause),
        ),
        rx.menu.item("Unpublish", on_click=State.unpublish),
    )


def _notice() -> rx.Component:
    color = rx.cond(State.notice_ok, "var(--gray-12)", "var(--red-11)")
    return rx.flex(
        rx.text(State.notice, size="2", role="status", color=color, style=theme.WRAP_ANYWHERE),
        rx.cond(
            State.run_id != "",
            rx.flex(
                status_badge(State.run_status.to(str), State.run_line.to(str)),
                rx.cond(State.run_origin != "", rx.text(State.run_origin, size="2", style=theme.MUTED, as_="span")),
                rx.flex(
                    rx.link("Open the run", href="/runs/" + State.run_id, size="2"),
                    rx.button(
                        "Hide",
                        size="1",
                        variant="ghost",
                        color_scheme="gray",
                        aria_label="Hide the run",
                        on_click=State.hide_run,
                    ),
                    spacing="4",
                    align="center",
                ),
                role="status",
                aria_label="Run",
                spacing="3",
                align="center",
                wrap="wrap",
                style=theme.WRAP_ANYWHERE,
            ),
        ),
        column_gap="16px",
        wrap="wrap",
        align="center",
        min_height="20px",
    )


def _problems() -> rx.Component:
    return rx.cond(
        State.listing_problems & (State.problems.length() > 0),
        rx.el.ul(
            rx.foreach(State.problems, _problem), id="problem-list", aria_label="Problems", class_name="problem-list"
        ),
        rx.el.div(id="problem-list"),
    )


def _problem(line: rx.Var[ProblemLine]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.cond(
                line.is_error,
                rx.icon("circle-alert", size=16, color="var(--red-10)", aria_label="Error"),
                rx.icon("triangle-alert", size=16, color="var(--amber-10)", aria_label="Warning"),
            ),
            rx.el.span(rx.el.strong(line.where), " ", line.message),
            type="button",
            on_click=State.show_problem(line.step, line.target),
        )
    )


def _warning_dialog() -> rx.Component:
    return question(
        title="Events cannot reach this address",
        words=State.warning,
        keep="Keep the draft",
        act=act_button("Publish anyway", PUBLISH(True), destructive=False, reads_question=False),
        opened=State.warning != "",
        on_open_change=State.keep_draft,
    )
