"""The form of a new endpoint, and the box that shows its secret this once."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from integrations_app.kit.jwt import PUBLIC, SHARED
from integrations_app.ui import theme
from integrations_app.ui.components.one_time_secret import one_time_secret
from integrations_app.ui.pages.endpoint_opening import SECRET_BOX
from integrations_app.workflows.endpoint_terms import MOST_ANSWER_SECONDS


def endpoint_secret(state: Any) -> rx.Component:
    """Where the secret of `state.secret_of` is shown."""
    words = rx.Var.create("The secret of “") + state.secret_of + "”. It is shown this once: give it to the sender now."
    return one_time_secret(id=SECRET_BOX, words=words, copy_words="Copy secret")


def endpoint_form(state: Any) -> rx.Component:
    """The form of a new address; `state` has ways, opening_error, create_endpoint and ask_endpoint."""
    return rx.form(
        rx.vstack(
            _labelled(
                "Endpoint name", "endpoint-name", rx.input(id="endpoint-name", name="name", required=True, width="100%")
            ),
            _labelled(
                "How senders prove who they are",
                "endpoint-kind",
                rx.el.select(
                    rx.foreach(state.ways, lambda way: rx.el.option(way.label, value=way.value)),
                    id="endpoint-kind",
                    name="kind",
                    class_name="native-select",
                ),
            ),
            _token(),
            _own_secret(),
            _unsigned(),
            allowed_input("endpoint-allowed", ""),
            answer_input("endpoint-answer", "0"),
            rx.text(state.opening_error, size="2", role="status", color="var(--red-11)"),
            rx.flex(
                rx.button("Open endpoint", type="submit"),
                rx.button(
                    "Cancel", type="button", variant="soft", color_scheme="gray", on_click=state.ask_endpoint(False)
                ),
                spacing="2",
            ),
            spacing="3",
            align="stretch",
        ),
        on_submit=state.create_endpoint,
        class_name="connect-in-place",
    )


def _token() -> rx.Component:
    """What a JSON Web Token must be; the style sheet shows it while one is asked for, the key while one is needed."""
    algorithms = [rx.el.option(name, value=name) for name in SHARED]
    keyed = [rx.el.option(f"{name} (public key)", value=name, class_name="keyed") for name in PUBLIC]
    return rx.fragment(
        rx.el.div(
            _labelled(
                "Token algorithm",
                "endpoint-algorithm",
                rx.el.select(
                    *algorithms, *keyed, id="endpoint-algorithm", name="algorithm", class_name="native-select"
                ),
            ),
            issuer_inputs("endpoint", "", ""),
            class_name="only-jwt",
        ),
        rx.el.div(
            _labelled("Public key of the sender (PEM)", "endpoint-public-key", key_input("endpoint-public-key")),
            class_name="only-public-key",
        ),
    )


def issuer_inputs(prefix: str | rx.Var[str], issuer: str | rx.Var[str], audience: str | rx.Var[str]) -> rx.Component:
    """The fields of a token's issuer and audience."""
    named = (("Issuer (iss, optional)", "issuer", issuer), ("Audience (aud, optional)", "audience", audience))
    return rx.fragment(
        *(
            _labelled(
                label,
                rx.Var.create(prefix) + f"-{name}",
                rx.input(
                    id=rx.Var.create(prefix) + f"-{name}",
                    name=name,
                    default_value=value,
                    key=value,
                    auto_complete="off",
                    width="100%",
                ),
            )
            for label, name, value in named
        )
    )


def key_input(identifier: str, **extra: Any) -> rx.Component:
    """The field of a public key."""
    return rx.text_area(
        id=identifier,
        name="public_key",
        rows="5",
        width="100%",
        spell_check=False,
        placeholder="-----BEGIN PUBLIC KEY-----",
        **extra,
    )


def allowed_input(identifier: str | rx.Var[str], value: str | rx.Var[str]) -> rx.Component:
    """The field of the addresses that an endpoint takes deliveries from."""
    return _explained(
        rx.text_area,
        identifier,
        "Take deliveries only from (optional)",
        "IP addresses and networks such as 203.0.113.0/24, one on a line. Left empty, from anywhere.",
        name="allowed",
        default_value=value,
        key=value,
        rows="3",
        width="100%",
        spell_check=False,
    )


def answer_input(identifier: str | rx.Var[str], value: str | rx.Var[str]) -> rx.Component:
    """The field of how long a delivery waits for what its run answers."""
    return _explained(
        rx.input,
        identifier,
        "Wait for the workflow's answer (seconds)",
        f"0 answers 202 at once; up to {MOST_ANSWER_SECONDS} let the sender wait for the step Answer the webhook, "
        "or for the end of the workflow, and then get 202.",
        name="answer_seconds",
        type="number",
        min=0,
        max=MOST_ANSWER_SECONDS,
        default_value=value,
        key=value,
        width="140px",
    )


def _explained(
    control: Callable[..., rx.Component], identifier: str | rx.Var[str], label: str, words: str, **parts: Any
) -> rx.Component:
    """A labelled control with the words that describe it below."""
    hint = rx.Var.create(identifier) + "-hint"
    return rx.el.div(
        rx.el.label(label, html_for=identifier, class_name="field-label"),
        control(id=identifier, custom_attrs={"aria-describedby": hint}, **parts),
        rx.text(words, id=hint, size="1", style=theme.MUTED),
        class_name="editor-field",
    )


def _own_secret() -> rx.Component:
    return rx.el.div(
        _labelled(
            "Secret of the sender (optional)",
            "endpoint-own-secret",
            rx.input(id="endpoint-own-secret", name="secret", type="password", auto_complete="off", width="100%"),
        ),
        rx.text(
            "When the sender gives one. Left empty, we make one and show it this once.", size="1", style=theme.MUTED
        ),
        class_name="only-signed",
    )


def _unsigned() -> rx.Component:
    """The warning and the explicit yes; the style sheet shows them only while nothing is to be proved."""
    return rx.el.div(
        rx.callout(
            "Nothing is checked: whoever learns the address, from a log or a proxy on the way, can start its "
            "workflows with any data. Let them do nothing that matters.",
            icon="triangle-alert",
            size="1",
            color_scheme="amber",
            high_contrast=True,
        ),
        rx.el.label(
            rx.el.input(type="checkbox", name="unsigned", id="endpoint-unsigned"),
            rx.text("Anybody who knows the address may start it", size="2", as_="span"),
            html_for="endpoint-unsigned",
            class_name="check",
        ),
        class_name="only-unsigned",
    )


def _labelled(label: str, identifier: str | rx.Var[str], control: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=identifier, class_name="field-label"), control, class_name="editor-field"
    )
