"""How long the secret before a rotation is taken too."""

from typing import Any

import reflex as rx

from integrations_app.ui.pages.endpoint_opening import GRACES


def grace_choice(state: Any) -> rx.Component:
    """The select in the question before a rotation; `state` has grace and choose_grace."""
    return rx.el.div(
        rx.el.label("Take the present secret for", html_for="endpoint-grace", class_name="field-label"),
        rx.el.select(
            *[rx.el.option(words, value=seconds) for seconds, words in GRACES.items()],
            id="endpoint-grace",
            value=state.grace,
            on_change=state.choose_grace,
            class_name="native-select",
        ),
        class_name="editor-field",
        margin_top="12px",
    )
