"""The API tokens section of the settings page: made with name, role and lifetime, shown once, listed, revoked."""

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.native import native_link
from integrations_app.ui.components.one_time_secret import one_time_secret
from integrations_app.ui.components.question import act_button, question
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.pages.tokens_state import LIFETIMES, TOKEN_BOX, TokenLine
from integrations_app.ui.pages.tokens_state import TokensState as State


def tokens_section() -> rx.Component:
    """Draw the section; everybody has their own tokens, admins see all."""
    return rx.card(
        rx.el.section(
            rx.heading("API tokens", as_="h2", size="4", margin_bottom="12px"),
            rx.text(
                "A program with a token calls the ",
                native_link("REST API", href="/api/v1/docs", text_decoration="underline"),
                " in your place, with the token's role or yours, whichever is lower.",
                size="2",
                style=theme.MUTED,
            ),
            rx.cond(
                State.tokens.length() > 0,
                rx.el.ul(
                    rx.foreach(State.tokens, _token), class_name="rows", margin_top="8px", aria_label="API tokens"
                ),
                rx.cond(State.loaded, rx.text("There are no tokens yet.", size="2", margin_top="12px")),
            ),
            # Drawn with the person's own role chosen, so not before it is known.
            rx.cond(State.loaded, _form()),
            rx.box(
                one_time_secret(
                    id=TOKEN_BOX,
                    words="Copy the token to your program now. It is not kept and will not be shown again.",
                    copy_words="Copy token",
                ),
                margin_top="12px",
            ),
            rx.el.div(
                rx.cond(State.tokens_notice != "", rx.text(State.tokens_notice, color_scheme="red", size="2")),
                role="status",
            ),
            aria_label="API tokens",
        ),
        _question(),
        size="3",
    )


def _token(line: rx.Var[TokenLine]) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(line.name, size="2", style=theme.TRUNCATE),
            rx.cond(line.whose != "", rx.text(line.whose, size="1", style={**theme.MUTED, **theme.TRUNCATE})),
            flex="1",
            min_width="140px",
        ),
        rx.badge(line.role, color_scheme="gray"),
        _time(relative_time(at=line.last_used_at, prefix="used ", empty="never used")),
        _time(relative_time(at=line.expires_at, prefix="expires ", empty="does not expire")),
        rx.button(
            "Revoke",
            aria_label=rx.Var.create("Revoke the token ") + line.name,
            variant="ghost",
            color_scheme="red",
            size="1",
            on_click=State.ask_revoke(line.id),
        ),
    )


def _time(time: rx.Component) -> rx.Component:
    return rx.text(time, size="1", style=theme.MUTED, width="130px")


def _form() -> rx.Component:
    return rx.form(
        rx.flex(
            rx.box(
                _label("Name", "token-name"),
                rx.input(id="token-name", name="name", placeholder="What is it for?", max_length=100, required=True),
                flex="1",
                min_width="200px",
            ),
            rx.box(
                _label("Role", "token-role"),
                rx.el.select(
                    rx.foreach(State.roles, lambda role: rx.el.option(role.capitalize(), value=role)),
                    id="token-role",
                    name="role",
                    default_value=State.role,
                    class_name="native-select",
                ),
                width="130px",
            ),
            rx.box(
                _label("Expires after", "token-lifetime"),
                rx.el.select(
                    *[rx.el.option(words, value=value) for value, words in LIFETIMES.items()],
                    id="token-lifetime",
                    name="lifetime",
                    default_value="90",
                    class_name="native-select",
                ),
                width="130px",
            ),
            rx.button("Create token", type="submit", variant="soft"),
            spacing="3",
            align="end",
            wrap="wrap",
            margin_top="16px",
        ),
        rx.foreach(
            State.token_errors.items(),
            lambda error: rx.text(error[1], size="1", color_scheme="red", role="alert", margin_top="4px"),
        ),
        on_submit=State.make_token,
        reset_on_submit=True,
    )


def _label(words: str, identifier: str) -> rx.Component:
    return rx.el.label(rx.text(words, size="2", weight="medium"), html_for=identifier)


def _question() -> rx.Component:
    return question(
        title=rx.fragment("Revoke ", State.ending_name, "?"),
        words="Programs that use this token are refused from their next call on. It cannot be brought back.",
        keep="Keep",
        act=act_button("Revoke now", State.revoke),
        opened=State.ending_id != "",
        on_open_change=State.keep,
    )
