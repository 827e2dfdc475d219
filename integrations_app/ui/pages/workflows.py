"""The workflows page: what there is, whether it runs, and the way to a new one."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components import listing
from integrations_app.ui.components.address_bar import address_bar
from integrations_app.ui.components.editor_bar import workflow_badge
from integrations_app.ui.components.import_dialog import import_dialog
from integrations_app.ui.components.native import native_link
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.step_list import kind_mark
from integrations_app.ui.components.tag_dialog import tag_dialog
from integrations_app.ui.components.template_gallery import template_dialog, template_gallery
from integrations_app.ui.pages.import_state import ImportState as Import
from integrations_app.ui.pages.templates_state import TemplatesState as Templates
from integrations_app.ui.pages.workflow_acts_state import WorkflowActsState as Acts
from integrations_app.ui.pages.workflows_state import STATES, WorkflowLine
from integrations_app.ui.pages.workflows_state import WorkflowsState as State
from integrations_app.ui.shell import page_heading, shell


def workflows() -> rx.Component:
    """Compose the page."""
    return shell(
        page_heading(
            "Workflows",
            rx.cond(
                State.can_edit,
                rx.flex(
                    rx.button("Import", variant="soft", color_scheme="gray", on_click=Import.ask(True)),
                    rx.button("Templates", variant="soft", color_scheme="gray", on_click=Templates.ask(True)),
                    _new_workflow("New workflow"),
                    spacing="3",
                    wrap="wrap",
                ),
            ),
            line=rx.text("A trigger, then steps that use your connections.", size="2", style=theme.MUTED),
        ),
        rx.text(
            State.notice,
            size="2",
            role="status",
            min_height="20px",
            color=rx.cond(State.notice_ok, "var(--gray-12)", "var(--red-11)"),
        ),
        rx.cond(
            State.loaded,
            rx.cond((State.lines.length() == 0) & ~State.filtered, _empty(), rx.fragment(_filters(), _list())),
            _skeletons(),
        ),
        _delete_dialog(),
        tag_dialog(),
        import_dialog(),
        template_dialog(),
        active="/workflows",
    )


def _filters() -> rx.Component:
    search = rx.input(
        rx.input.slot(rx.icon("search", size=16, aria_hidden="true")),
        placeholder="Search",
        aria_label="Search workflows",
        default_value=State.filters.search,
        key=State.round.to(str),
        on_change=State.find.debounce(250),
        width=rx.breakpoints(initial="100%", sm="240px"),
    )
    return rx.fragment(
        listing.filters(
            search,
            rx.cond(
                (State.tags.length() > 0) | (State.filters.tag != ""),
                listing.filter_choice("Tag", "Every tag", State.tags, State.filters.tag, State.choose_tag),
            ),
            listing.filter_choice("Status", "Every status", STATES, State.filters.state, State.choose_state),
            filtered=State.filtered,
            on_clear=State.clear_filters,
        ),
        address_bar(State.address),
    )


def _list() -> rx.Component:
    return rx.cond(
        State.lines.length() > 0,
        rx.fragment(
            rx.el.ul(rx.foreach(State.lines, _row), aria_label="Workflows", role="list", class_name="workflow-list"),
            rx.cond(State.more, rx.button("Show more", variant="soft", on_click=State.show_more, margin_top="16px")),
        ),
        listing.nothing_matches("workflow", State.clear_filters),
    )


def _row(line: rx.Var[WorkflowLine]) -> rx.Component:
    return rx.el.li(
        kind_mark(line.logo, line.trigger_kind, 24),
        rx.box(
            rx.link(
                line.name,
                href="/workflows/" + line.id,
                size="3",
                weight="medium",
                color_scheme="gray",
                high_contrast=True,
                underline="hover",
                title=line.name,
                class_name="workflow-name",
            ),
            rx.flex(
                rx.text(line.trigger, size="2", style=theme.MUTED, as_="span"),
                rx.foreach(line.tags, _tag),
                spacing="2",
                align="center",
                wrap="wrap",
            ),
            rx.cond(
                line.trouble != "",
                rx.flex(
                    rx.icon("triangle-alert", size=14, aria_hidden="true", flex_shrink="0"),
                    rx.text("Needs attention: ", line.trouble, as_="span", size="2"),
                    class_name="workflow-trouble",
                ),
            ),
            min_width="0",
            class_name="workflow-words",
        ),
        rx.box(workflow_badge(line.state, line.word), class_name="workflow-state"),
        rx.box(
            relative_time(at=line.last_run_at, prefix="Last run ", empty="Never run"),
            style=theme.MUTED,
            class_name="workflow-time",
        ),
        _menu(line),
    )


def _tag(tag: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        tag,
        type="button",
        title=rx.Var.create("Show all with the tag ") + tag,
        on_click=State.choose_tag(tag),
        class_name="workflow-tag",
    )


def _menu(line: rx.Var[WorkflowLine]) -> rx.Component:
    edit = rx.fragment(
        rx.menu.item("Run now", disabled=line.state == "paused", on_click=Acts.run_now(line.id)),
        rx.cond(line.state == "live", rx.menu.item("Pause", on_click=Acts.pause(line.id))),
        rx.cond(line.state == "paused", rx.menu.item("Resume", on_click=Acts.resume(line.id))),
        rx.menu.item("Edit tags", on_click=Acts.ask_tags(line.id)),
        rx.menu.item("Duplicate", on_click=Acts.duplicate(line.id)),
        rx.menu.separator(),
        rx.menu.item("Delete", color="red", on_click=Acts.ask_delete(line.id)),
    )
    return rx.menu.root(
        rx.menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                variant="ghost",
                color_scheme="gray",
                aria_label=rx.Var.create("More for ") + line.name,
            )
        ),
        rx.menu.content(
            rx.menu.item("Open", on_click=rx.redirect("/workflows/" + line.id)),
            _export_item("Export as YAML", line, "yaml"),
            _export_item("Export as JSON", line, "json"),
            rx.cond(State.can_edit, edit),
        ),
    )


def _export_item(label: str, line: rx.Var[WorkflowLine], kind: str) -> rx.Component:
    address = "/api/workflows/" + line.id + f"/export.{kind}"
    return rx.menu.item(native_link(label, href=address, custom_attrs={"download": True}), as_child=True)


def _empty() -> rx.Component:
    return rx.fragment(
        _nothing_yet(),
        rx.cond(
            State.can_edit,
            rx.el.section(
                rx.heading("Or start from a template", as_="h2", size="4", id="templates-heading"),
                template_gallery(),
                aria_labelledby="templates-heading",
            ),
        ),
    )


def _nothing_yet() -> rx.Component:
    return rx.el.section(
        rx.icon("workflow", size=32, color="var(--accent-9)", aria_hidden="true"),
        rx.heading("No workflows yet", as_="h2", size="4"),
        rx.text(
            "A workflow begins with a trigger, such as a new issue or a webhook, and then does one step after the "
            "other: post a message, open an issue, call an address. Every run is kept with what each step did.",
            size="2",
            style=theme.MUTED,
        ),
        rx.cond(
            State.can_edit,
            _new_workflow("Build your first workflow"),
            rx.text("Editors may build one. Ask an admin for the role.", size="2"),
        ),
        class_name="empty-state",
    )


def _skeletons() -> rx.Component:
    return rx.el.div(
        *[rx.skeleton(height="64px", width="100%") for _ in range(4)],
        role="status",
        aria_label="Loading",
        style={"display": "grid", "gap": "8px", "margin_top": "56px"},
    )


def _new_workflow(words: str) -> rx.Component:
    """The button and its dialog, which opens in the browser alone: a page that is still loading does not close it."""
    return rx.dialog.root(
        rx.dialog.trigger(rx.button(words)),
        rx.dialog.content(
            rx.dialog.title("New workflow"),
            rx.dialog.description(
                "What shall it do? You can change the name at any time.",
                color="var(--gray-11)",
                font_size="var(--font-size-2)",
            ),
            rx.form(
                rx.vstack(
                    rx.el.label("Name", html_for="workflow-name", class_name="field-label"),
                    rx.input(
                        id="workflow-name",
                        name="name",
                        required=True,
                        max_length=200,
                        auto_complete="off",
                        placeholder="Tell the channel about new issues",
                    ),
                    rx.text(State.name_error, size="2", role="status", color="var(--red-11)"),
                    rx.flex(
                        rx.dialog.close(rx.button("Cancel", type="button", variant="soft", color_scheme="gray")),
                        rx.button("Create workflow", type="submit"),
                        spacing="3",
                        justify="end",
                        width="100%",
                    ),
                    spacing="2",
                    align="stretch",
                    margin_top="12px",
                ),
                on_submit=State.create,
            ),
            max_width="440px",
        ),
        on_open_change=State.forget_name_error,
    )


def _delete_dialog() -> rx.Component:
    return question(
        title=rx.fragment("Delete ", Acts.leaving.name, "?"),
        words=rx.fragment(Acts.leaving.words, " The history of its runs stays."),
        act=act_button("Delete workflow", Acts.delete),
        opened=Acts.leaving.id != "",
        on_open_change=Acts.keep,
    )
