"""What is set on one endpoint of the list: its tokens, the addresses of its senders, and what they are answered."""

import reflex as rx

from integrations_app.ui.components.endpoint_form import allowed_input, answer_input, issuer_inputs
from integrations_app.ui.pages.endpoint_lines import EndpointLine
from integrations_app.ui.pages.endpoint_terms_state import EndpointTermsState


def endpoint_terms(line: rx.Var[EndpointLine]) -> rx.Component:
    """Each folded away below what it is now."""
    return rx.fragment(rx.cond(line.algorithm != "", _token(line)), _allowed(line), _answers(line))


def _token(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.el.details(
        rx.el.summary("Token: ", line.algorithm, rx.cond(line.issuer != "", rx.Var.create(", of ") + line.issuer, "")),
        rx.form(
            rx.el.input(type="hidden", name="endpoint", value=line.id, read_only=True),
            rx.el.input(type="hidden", name="algorithm", value=line.algorithm, read_only=True),
            rx.vstack(
                issuer_inputs(rx.Var.create("token-") + line.id, line.issuer, line.audience),
                rx.button("Save token rules", type="submit", variant="soft", width="fit-content"),
                spacing="2",
                align="stretch",
            ),
            on_submit=EndpointTermsState.set_token,
        ),
    )


def _allowed(line: rx.Var[EndpointLine]) -> rx.Component:
    return rx.el.details(
        rx.el.summary("Taken from: ", line.allowed_words),
        rx.form(
            rx.el.input(type="hidden", name="endpoint", value=line.id, read_only=True),
            allowed_input(rx.Var.create("allowed-") + line.id, line.allowed),
            rx.button("Save addresses", type="submit", variant="soft", margin_top="8px"),
            on_submit=EndpointTermsState.set_allowed,
        ),
    )


def _answers(line: rx.Var[EndpointLine]) -> rx.Component:
    words = rx.Var.create("what the workflow says within ") + line.answer_seconds + " s"
    return rx.el.details(
        rx.el.summary("Answers: ", rx.cond(line.answer_seconds == "0", "at once", words)),
        rx.form(
            rx.el.input(type="hidden", name="endpoint", value=line.id, read_only=True),
            answer_input(rx.Var.create("answer-") + line.id, line.answer_seconds),
            rx.button("Save answer", type="submit", variant="soft", margin_top="8px"),
            on_submit=EndpointTermsState.set_answer,
        ),
    )
