"""The page for an address that leads nowhere."""

import reflex as rx


def not_found() -> rx.Component:
    """Say that nothing is here and lead back."""
    return rx.el.main(
        rx.center(
            rx.vstack(
                rx.heading("Page not found", as_="h1"),
                rx.text("There is nothing at this address. It may have been removed or renamed."),
                rx.link("Go to your integrations", href="/integrations"),
                align="center",
                spacing="4",
            ),
            min_height="100vh",
            padding="6",
        ),
    )
