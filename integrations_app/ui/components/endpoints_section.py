"""The endpoints section of the settings page: addresses, what came last, who stands on them, and the acts."""

from typing import Any, cast

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.endpoint_form import endpoint_form, endpoint_secret, key_input
from integrations_app.ui.components.endpoint_terms import endpoint_terms
from integrations_app.ui.components.grace_choice import grace_choice
from integrations_app.ui.components.question import act_button, named_if, question
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.components.status_badge import status_badge
from integrations_app.ui.pages.endpoint_acts_state import DELETE, ROTATE, TEST
from integrations_app.ui.pages.endpoint_acts_state import EndpointActsState as State
from integrations_app.ui.pages.endpoint_cap_state import EndpointCapState
from integrations_app.ui.pages.endpoint_lines import EndpointLine, UserLine


def endpoints_section() -> rx.Component:
    """Draw the section; shown to admins only."""
    return rx.card(
        rx.el.section(
            rx.heading("Endpoints", as_="h2", size="4", margin_bottom="12px"),
            rx.text(
                "Addresses at which programs and services start your workflows. Those that a connection keeps at its "
                "service by itself are not listed.",
                size="2",
                style=theme.MUTED,
            ),
            rx.cond(
                State.endpoints.length() > 0,
                rx.el.ul(rx.foreach(State.endpoints, _endpoint), class_name="endpoints", aria_label="Endpoints"),
                rx.cond(State.loaded, rx.text("There are no endpoints yet.", size="2", margin_top="12px")),
            ),
            rx.box(endpoint_secret(State), margin_top="12px"),
            _notice(),
            rx.cond(
                State.opening,
                endpoint_form(State),
                rx.button("Add endpoint", variant="soft", on_click=State.ask_endpoint(True), margin_top="8px"),
            ),
            aria_label="Endpoints",
        ),
        _question(),
        size="3",
    )


def _endpoint(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.el.li(
        rx.flex(
            rx.heading(line.name, as_="h3", size="3", style=theme.WRAP_ANYWHERE),
            rx.text(line.way, size="2", style=theme.MUTED),
            spacing="3",
            wrap="wrap",
            align="baseline",
        ),
        _last(line),
        rx.flex(
            rx.code(line.url, size="2", style=theme.WRAP_ANYWHERE),
            _copy("Copy", "Copy the address of ", line, line.url),
            spacing="2",
            wrap="wrap",
            align="center",
        ),
        _users(line),
        rx.cond(line.former_until != "", _former(line)),
        rx.cond(line.curl != "", _shell(line)),
        endpoint_terms(line),
        _cap(line),
        _acts(line),
    )


def _last(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.flex(
        status_badge(line.dot, line.word),
        rx.cond(
            line.last_href != "",
            rx.link(
                relative_time(at=line.last_at),
                href=line.last_href,
                size="2",
                underline="always",
                aria_label=rx.Var.create("Open the last event of ") + line.name,
            ),
        ),
        spacing="3",
        wrap="wrap",
        align="center",
    )


def _users(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.cond(
        line.users.length() > 0,
        rx.flex(
            rx.text("Used by", size="2", style=theme.MUTED),
            rx.foreach(line.users, _user),
            spacing="2",
            wrap="wrap",
        ),
        rx.text("No workflow uses it.", size="2", style=theme.MUTED),
    )


def _user(user: rx.Var[UserLine]) -> rx.Component:
    return rx.link(user.name, href=user.href, size="2", underline="always", style=theme.WRAP_ANYWHERE)


def _former(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.flex(
        rx.text(relative_time(at=line.former_until, prefix="The former secret is taken too and ends "), size="2"),
        rx.button(
            "End now",
            aria_label=rx.Var.create("End the former secret of ") + line.name,
            variant="soft",
            color_scheme="gray",
            size="1",
            on_click=State.end_former(line.id),
        ),
        spacing="2",
        wrap="wrap",
        align="center",
    )


def _shell(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.el.details(
        rx.el.summary("Send from a shell"),
        rx.text("With the secret in the variable SECRET. It needs curl and openssl.", size="1", style=theme.MUTED),
        rx.el.pre(
            line.curl,
            role="group",
            tab_index=0,
            aria_label=rx.Var.create("Commands for ") + line.name,
            class_name="shell",
        ),
        _copy("Copy commands", "Copy the commands for ", line, line.curl),
    )


def _cap(line: rx.Var[EndpointLine]) -> rx.Component:
    identifier = rx.Var.create("cap-") + line.id
    return rx.el.details(
        rx.el.summary(
            "Cap: ",
            rx.cond(line.per_minute == "0", "none", line.per_minute + " a minute"),
            rx.cond(line.limited_at != "", relative_time(at=line.limited_at, prefix=", last met ")),
        ),
        rx.form(
            rx.el.input(type="hidden", name="endpoint", value=line.id, read_only=True),
            rx.el.label("Deliveries a minute (0 for no cap)", html_for=identifier, class_name="field-label"),
            rx.flex(
                rx.input(id=identifier, name="per_minute", type="number", default_value=line.per_minute, width="140px"),
                rx.button("Save cap", type="submit", variant="soft"),
                spacing="2",
                margin_top="4px",
            ),
            on_submit=EndpointCapState.set_cap,
        ),
    )


def _copy(words: str, label: str, line: rx.Var[EndpointLine], value: rx.Var[str]) -> rx.Component:
    return rx.button(
        words,
        aria_label=rx.Var.create(label) + line.name,
        size="1",
        variant="soft",
        width="fit-content",
        on_click=rx.set_clipboard(value),
    )


def _acts(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.flex(
        _act("Send a test delivery", "Send a test delivery to ", TEST, line),
        rx.cond(
            line.keyed,
            _act("Replace public key", "Replace the public key of ", ROTATE, line),
            rx.cond(line.signed, _act("Rotate secret", "Rotate the secret of ", ROTATE, line)),
        ),
        _act("Delete", "Delete ", DELETE, line),
        spacing="2",
        wrap="wrap",
    )


def _act(words: str, label: str, act: str, line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.button(
        words,
        aria_label=rx.Var.create(label) + line.name,
        variant="soft",
        color_scheme="red" if act == DELETE else "gray",
        size="1",
        on_click=State.ask_about(act, line.id),
    )


def _notice() -> rx.Component:
    return rx.flex(
        rx.text(
            State.endpoint_notice,
            size="2",
            color=rx.cond(State.endpoint_ok, "var(--gray-12)", "var(--red-11)"),
            style=theme.WRAP_ANYWHERE,
        ),
        rx.cond(State.event_href != "", rx.link("Open the event", href=State.event_href, size="2", underline="always")),
        spacing="2",
        wrap="wrap",
        role="status",
        min_height="20px",
        margin_top="8px",
    )


def _question() -> rx.Component:
    return question(
        named_if(
            _asked(
                "These live workflows listen on it. Unpublish them first:",
                "These live workflows listen on it:",
                "These live workflows start:",
            ),
            cast("rx.Var[list[str]]", State.asked_listeners),
        ),
        rx.cond(
            State.asked == DELETE,
            named_if("The drafts of these workflows name it:", cast("rx.Var[list[str]]", State.asked_drafts)),
        ),
        rx.cond(
            State.asked == ROTATE,
            rx.fragment(rx.cond(State.asked_keyed, _new_key()), grace_choice(State)),
        ),
        title=rx.fragment(
            _asked(
                "Delete “",
                rx.cond(State.asked_keyed, "Replace the public key of “", "Rotate the secret of “"),
                "Send a test delivery to “",
            ),
            State.asked_name,
            "”?",
        ),
        words=_asked(
            "Its address answers no longer, and what is sent there is lost. What came in stays in the history.",
            rx.cond(
                State.asked_keyed,
                "Until the time chosen here tokens that fit the present key are taken too.",
                "The sender needs the new secret. Until the time chosen here both are taken, then the present one is "
                "erased.",
            ),
            "A small signed sample goes the way that every delivery goes, and what listens takes it for real.",
        ),
        keep=_asked("Keep it", "Keep it", "Do not send"),
        act=_asked(
            act_button("Delete now", State.delete_endpoint, disabled=State.asked_listeners.length() > 0),
            act_button("Rotate now", State.rotate_endpoint, destructive=False),
            act_button("Send now", State.test_endpoint, destructive=False),
        ),
        opened=State.asked != "",
        on_open_change=State.keep_endpoint,
    )


def _new_key() -> rx.Component:
    return rx.el.div(
        rx.el.label("New public key of the sender (PEM)", html_for="endpoint-new-key", class_name="field-label"),
        key_input("endpoint-new-key", on_blur=State.take_key),
        class_name="editor-field",
        margin_top="12px",
    )


def _asked(deleting: Any, rotating: Any, testing: Any) -> Any:
    return rx.match(State.asked, (DELETE, deleting), (ROTATE, rotating), testing)
