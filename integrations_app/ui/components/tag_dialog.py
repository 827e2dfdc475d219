"""The dialog in which the tags of a workflow are typed."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.pages.workflow_acts_state import WorkflowActsState as State


def tag_dialog() -> rx.Component:
    """One field; those in use are named below it."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Tags of ", State.tagging.name, style=theme.WRAP_ANYWHERE),
            rx.dialog.description(
                "Words to find and sort it by. They change nothing of what it does.",
                style=theme.MUTED,
                font_size="var(--font-size-2)",
            ),
            rx.form(
                rx.vstack(
                    rx.el.label("Tags, separated by commas", html_for="workflow-tags", class_name="field-label"),
                    rx.input(
                        id="workflow-tags",
                        name="tags",
                        default_value=State.tagging.words,
                        key=State.tagging.id,
                        max_length=500,
                        auto_complete="off",
                        placeholder="sales, on call",
                    ),
                    rx.cond(
                        State.tags.length() > 0,
                        rx.flex(
                            rx.text("In use:", size="1", style=theme.MUTED),
                            rx.foreach(State.tags, lambda one: rx.badge(one.label, color_scheme="gray")),
                            spacing="2",
                            align="center",
                            wrap="wrap",
                        ),
                    ),
                    rx.text(State.tag_error, size="2", role="status", color="var(--red-11)"),
                    rx.flex(
                        rx.dialog.close(rx.button("Cancel", type="button", variant="soft", color_scheme="gray")),
                        rx.button("Save tags", type="submit"),
                        spacing="3",
                        justify="end",
                        width="100%",
                    ),
                    spacing="2",
                    align="stretch",
                    margin_top="12px",
                ),
                on_submit=State.save_tags,
                reset_on_submit=False,
            ),
            max_width="440px",
        ),
        open=State.tagging.id != "",
        on_open_change=State.keep_tags,
    )
