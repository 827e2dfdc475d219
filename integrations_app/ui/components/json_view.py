"""A JSON value to read and copy: a scrollable region that the keyboard reaches."""

import reflex as rx


def json_view(label: str, text: rx.Var[str] | str) -> rx.Component:
    """Show `text`, already laid out, under its `label` (also the name of the region)."""
    return rx.el.div(
        rx.el.div(
            rx.text(label, as_="span", size="1", weight="medium"),
            rx.button(
                rx.icon("copy", size=14, aria_hidden="true"),
                "Copy",
                aria_label=f"Copy {label.lower()}",
                size="1",
                variant="ghost",
                color_scheme="gray",
                on_click=rx.set_clipboard(text),
            ),
            class_name="json-head",
        ),
        rx.el.pre(text, tab_index=0, role="region", aria_label=label, class_name="json-view"),
        class_name="json-box",
    )
